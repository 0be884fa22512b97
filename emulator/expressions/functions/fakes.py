"""Functions that draw values that look real, as ``fake.name()``: all that Faker has of them and scenarios may call."""

from __future__ import annotations

from functools import partial
from typing import Any

from emulator.expressions.context import Context
from emulator.expressions.functions.fake_names import NAMES, signature_of
from emulator.expressions.functions.table import TABLE, Entry

PREFIX = "fake."


class Fake:
    """Return what Faker's function of this name draws."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        """Stand for one function of Faker; none is looked up before it is called."""
        self.name = name

    def __call__(self, context: Context, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - values
        """Draw, with what only the first draw needs to import."""
        from emulator.expressions.fake import draw  # noqa: PLC0415 - most scenarios draw nothing of it

        return draw(self.name, context, signature_of(self.name).bind(*args, **kwargs))


for _name in NAMES:
    TABLE[PREFIX + _name] = Entry(Fake(_name), takes_context=True, read_signature=partial(signature_of, _name))

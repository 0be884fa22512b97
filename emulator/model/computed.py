"""Values that a scenario computes: a tree with expressions in it, compiled when first needed."""

from __future__ import annotations

from typing import Any

from emulator.expressions.compile import Compiled, compile_tree
from emulator.model.place import Place
from emulator.values.convex import is_identical

FUNCTION_NAMES = frozenset({"args", "call", "env", "identity", "now", "request", "state", "tables", "vars"})
"""What the expressions of functions may name, beside what effects bind."""

CHAT_NAMES = frozenset({"agent", "call", "channel", "message", "now", "request", "session", "state", "tables", "vars"})
"""What the expressions of chat rules may name, beside what effects bind."""

HTTP_NAMES = frozenset({"call", "env", "identity", "now", "request", "state", "tables", "vars"})
"""What the expressions of HTTP actions may name, beside what effects bind."""

TABLE_NAMES = frozenset({"index", "now", "state", "tables", "vars"})
"""What the first documents of tables may name."""

TIMELINE_NAMES = frozenset({"env", "now", "state", "tables", "vars"})
"""What the timeline may name, beside what its effects bind."""


class _AnyName(frozenset[str]):
    """Every name: which of them may stand where was asked when the scenario was loaded."""

    def __contains__(self, name: object) -> bool:
        return True


class Computed:
    """A tree of mappings, lists, values and texts with expressions; it is equal to another that says the same.

    It travels between processes as the tree, for code cannot.
    """

    __slots__ = ("_compiled", "place", "tree")

    def __init__(self, tree: Any, place: Place) -> None:  # noqa: ANN401 - as `compile_tree` takes it
        """Keep the tree; nothing is compiled yet."""
        self.tree = tree
        self.place = place
        self._compiled: Compiled | None = None

    @property
    def compiled(self) -> Compiled:
        """The tree as code; raises TextError the first time when an expression is none."""
        if self._compiled is None:
            self._compiled = compile_tree(self.tree, _AnyName())
        return self._compiled

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Computed) and is_identical(self.tree, other.tree)

    def __hash__(self) -> int:
        return hash(self.place)

    def __getstate__(self) -> tuple[Any, Place]:
        return self.tree, self.place

    def __setstate__(self, state: tuple[Any, Place]) -> None:
        self.tree, self.place = state
        self._compiled = None

    def __repr__(self) -> str:
        return f"Computed({self.tree!r})"

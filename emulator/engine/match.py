"""Matching as the absence of differences: what selects a rule is what explains why it was not selected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, assert_never

from emulator.engine.call import Call, acting_user
from emulator.model.pattern import Equals, Fields, Items, Pattern
from emulator.model.rule import Condition
from emulator.values.convex import Value, is_same
from emulator.values.display import display

_MAX_SHOWN = 80


class Mismatch(NamedTuple):
    """One difference between what a rule wants and what a call has; all three are texts for people."""

    path: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, got {self.got}"


def mismatches(condition: Condition | None, call: Call) -> Iterator[Mismatch]:
    """Yield every difference; a rule answers when there is none."""
    if condition is None:
        return
    if condition.args is not None:
        yield from differences(condition.args, call.args, "args")
    if condition.identity is not None or condition.identity_name is not None:
        yield from _identity_mismatches(condition, call)


def differences(pattern: Pattern, value: Value, path: str) -> Iterator[Mismatch]:
    """Yield where `value` is not what `pattern` wants; `path` says where the value stands."""
    match pattern:
        case Equals(wanted):
            if not is_same(value, wanted):
                yield Mismatch(path, _shown(wanted), _shown(value))
        case Fields(fields):
            if not isinstance(value, dict):
                yield Mismatch(path, "an object", _shown(value))
                return
            for name, inner in fields:
                if name in value:
                    yield from differences(inner, value[name], f"{path}.{name}")
                else:
                    yield Mismatch(f"{path}.{name}", describe(inner), "nothing")
        case Items(items):
            if not isinstance(value, list) or len(value) != len(items):
                yield Mismatch(path, f"an array of {len(items)}", _shown(value))
                return
            for index, inner in enumerate(items):
                yield from differences(inner, value[index], f"{path}[{index}]")
        case _:
            assert_never(pattern)


def describe(pattern: Pattern) -> str:
    """Say in a few words what a pattern wants."""
    match pattern:
        case Equals(value):
            return _shown(value)
        case Fields(fields):
            return "an object with " + ", ".join(name for name, _ in fields) if fields else "an object"
        case Items(items):
            return f"an array of {len(items)}"
        case _:
            assert_never(pattern)


def _identity_mismatches(condition: Condition, call: Call) -> Iterator[Mismatch]:
    user = acting_user(call.caller)
    if condition.identity_name is not None:
        if user is None or user.name != condition.identity_name:
            yield Mismatch("identity", condition.identity_name, _named(user.name if user else None, user is None))
        return
    assert condition.identity is not None
    yield from differences(condition.identity, user.attributes if user else None, "identity")


def _named(name: str | None, anonymous: bool) -> str:  # noqa: FBT001 - private, one caller
    if anonymous:
        return "nobody (no Authorization header)"
    return name or "a user the scenario does not name"


def _shown(value: Value) -> str:
    text = display(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"

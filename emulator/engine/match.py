"""Matching as the absence of differences: what selects a rule is what explains why it was not selected."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.engine.call import Call, acting_user
from emulator.engine.patterns import Mismatch, differences
from emulator.model.rule import Condition


def mismatches(condition: Condition | None, call: Call) -> Iterator[Mismatch]:
    """Yield every difference; a rule answers when there is none."""
    if condition is None:
        return
    if condition.args is not None:
        yield from differences(condition.args, call.args, "args")
    if condition.identity is not None or condition.identity_name is not None:
        yield from _identity_mismatches(condition, call)


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

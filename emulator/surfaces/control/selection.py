"""Which entries of the journal are meant, and whether they are as many as somebody expects; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.engine.patterns import Mismatch, differences
from emulator.model.overlay import is_on
from emulator.model.pattern import Equals, Fields, Items, Pattern
from emulator.runtime.journal import Entry
from emulator.surfaces.control.views import caller_name, outcome_of
from emulator.values.formats import decode


@dataclass(frozen=True, slots=True)
class Selection:
    """What entries are to be like: an operation (``*`` is any text), arguments in part, an outcome, a caller."""

    operation: str = "*"
    args: Pattern | None = None
    outcome: str | None = None
    identity: str | None = None
    after: int = 0

    def mismatches(self, entry: Entry) -> list[Mismatch]:
        """Return what of an entry is otherwise, its operation apart."""
        found = [] if self.args is None else list(differences(self.args, entry.call.args, "args"))
        if self.outcome is not None and outcome_of(entry) != self.outcome:
            found.append(Mismatch("outcome", self.outcome, outcome_of(entry)))
        name = caller_name(entry.call.caller)
        if self.identity is not None and name != self.identity:
            found.append(Mismatch("identity", self.identity, name or "nobody"))
        return found

    def concerns(self, entry: Entry) -> bool:
        """Whether an entry is of the operation, and not too old."""
        return entry.number > self.after and is_on((self.operation,), entry.call.operation)

    def matches(self, entry: Entry) -> bool:
        """Whether an entry is meant."""
        return self.concerns(entry) and not self.mismatches(entry)


def pattern_of(tree: Any) -> Pattern:  # noqa: ANN401 - JSON
    """Return what compares partially with plain JSON; raise InvalidValueError for what is no value of Convex."""
    decode(tree)
    return _pattern_of(tree)


def _pattern_of(tree: Any) -> Pattern:  # noqa: ANN401 - JSON that is a value
    if isinstance(tree, dict) and not any(key.startswith("$") for key in tree):
        return Fields(tuple((key, _pattern_of(each)) for key, each in tree.items()))
    if isinstance(tree, list):
        return Items(tuple(map(_pattern_of, tree)))
    return Equals(decode(tree))


def nearest(selection: Selection, entries: Iterable[Entry]) -> str | None:
    """Say how the call that is most like the selection, and is not meant, differs from it."""
    concerned = [(selection.mismatches(each), each) for each in entries if selection.concerns(each)]
    near = [each for each in concerned if each[0]]
    if not near:
        return None
    mismatches, entry = min(near, key=lambda each: (len(each[0]), -each[1].number))
    return f"nearest: call {entry.number} of {entry.call.operation}, where {'; '.join(map(str, mismatches))}"


def in_order(selections: Sequence[Selection], entries: Sequence[Entry]) -> tuple[int, Sequence[Entry]]:
    """Return how many of the selections were matched, one after the other, and the entries behind the last of those."""
    found, behind = 0, 0
    for place, entry in enumerate(entries):
        if found < len(selections) and selections[found].matches(entry):
            found, behind = found + 1, place + 1
    return found, entries[behind:]

"""Taking parts into a file: mappings are merged key by key, the including file wins; lists are joined."""

from __future__ import annotations

from emulator.scenario.source import Source
from emulator.scenario.tree import Mapping, Sequence, Step, Tree

_ANSWERS = frozenset({"result", "query", "error", "failure", "rules", "sequence"})
_OF_ANSWERS = frozenset({"do", "repeat"})
_FUNCTION_DEPTH = 2


def merge(winner: Mapping, part: Mapping, steps: tuple[Step, ...] = ()) -> Mapping:
    """Return both as one; neither is changed, and a node that only one of them has is kept as it is.

    A function is merged by its keys, each value replacing the other; and as its answers exclude each other, the
    winner's answer drops the part's, whatever key it stands under, and what the part would have done.
    """
    merged = Mapping(winner.source, winner.at)
    merged.update(winner)
    merged.marks = [*winner.marks]
    merged.sources = _sources(winner)
    is_function = len(steps) == _FUNCTION_DEPTH and steps[0] == "functions"
    for key in () if is_function else winner.keys() & part.keys():
        merged[key] = _merge_values(winner[key], part[key], (*steps, key))
    answered = is_function and not _ANSWERS.isdisjoint(winner)
    for index, (key, value) in enumerate(part.items()):
        skipped = (key == "include" and not steps) or (answered and key in _ANSWERS | _OF_ANSWERS)
        if key not in winner and not skipped:
            _put(merged, key, value, part, index)
    return merged


def _merge_values(winner: Tree, part: Tree, steps: tuple[Step, ...]) -> Tree:
    if isinstance(winner, Mapping) and isinstance(part, Mapping):
        return merge(winner, part, steps)
    if isinstance(winner, Sequence) and isinstance(part, Sequence) and steps != ("include",):
        return _join(winner, part)
    return winner


def _join(first: Sequence, second: Sequence) -> Sequence:
    joined = Sequence(first.source, first.at)
    joined.extend([*first, *second])
    joined.marks = [*first.marks, *second.marks]
    joined.sources = [*_sources(first), *_sources(second)]
    return joined


def _put(target: Mapping, key: str, value: Tree, origin: Mapping, index: int) -> None:
    assert target.sources is not None
    target[key] = value
    target.marks += origin.marks[2 * index : 2 * index + 2]
    target.sources.append(origin.sources[index] if origin.sources else origin.source)


def _sources(node: Mapping | Sequence) -> list[Source]:
    return [*node.sources] if node.sources else [node.source] * len(node)

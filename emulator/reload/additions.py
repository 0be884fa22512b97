"""Rules added for now: laid over those of the files until they are removed, whatever the files become meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from emulator.engine.index import Index
from emulator.model.function import Added, FirstMatch, Function
from emulator.model.gateway import CHAT
from emulator.model.http import is_http
from emulator.model.place import Place
from emulator.model.scenario import Scenario
from emulator.runtime.emulator import Emulator, Level
from emulator.runtime.revision import Revision
from emulator.scenario.problem import NotLinkedError, Problem

if TYPE_CHECKING:
    from emulator.scenario.tree import Mapping as Tree

MAX_ADDITIONS = 1_000

logger = logging.getLogger(__name__)


class TooManyAddedError(Exception):
    """So much is added that nothing more can be."""


class Addition(NamedTuple):
    """What was added to an operation: `rule` as it was given, and what it came to, as a function by itself."""

    id: int
    operation: str
    rule: Tree
    function: Function

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.rule.place


class Additions:
    """All rules that were added and not removed, the newest first."""

    files: Scenario
    """What is in force without them."""

    def __init__(self, emulator: Emulator) -> None:
        """Begin with none, over what is in force."""
        self._emulator = emulator
        self.files = emulator.revision.scenario
        self._all: dict[int, Addition] = {}
        self._numbers = 0
        emulator.on_reset(self._reset)

    def add(self, operation: str, rules: Mapping[str, Any]) -> int:
        """Have `rules` asked before all others of `operation`: a path, a route or ``POST /api/chat``; return an id.

        `rules` is what a scenario file would say below the function, as plain data: one rule, or `rules`, or a
        `sequence`; with `type`, `args` and `returns` where the scenario lacks the function. Calls are numbered from
        now. Raises NotLinkedError, and changes nothing, when it is not sound, and TooManyAddedError.
        """
        from emulator.scenario.link_added import link_added, operation_of  # noqa: PLC0415 - imports pydantic, 80 ms
        from emulator.scenario.plain import locate  # noqa: PLC0415 - as above

        number = self._numbers + 1
        tree = locate(f"added rule {number}", rules)
        if isinstance(tree, Problem):
            raise NotLinkedError([tree])
        if len(self._all) >= MAX_ADDITIONS:
            raise TooManyAddedError(f"{MAX_ADDITIONS} rules are added, and more cannot be")
        scenario = self._emulator.revision.scenario
        operation = operation_of(operation, tree)
        self._all[number] = Addition(number, operation, tree, link_added(operation, tree, scenario))
        self._numbers = number
        self._put([operation])
        return number

    def remove(self, number: int) -> bool:
        """Take back what was added under an id; say whether there was anything."""
        gone = self._all.pop(number, None)
        if gone is not None:
            self._put([gone.operation])
        return gone is not None

    def clear(self) -> None:
        """Take back everything."""
        operations = {each.operation for each in self._all.values()}
        self._all.clear()
        self._put(operations)

    def swap(self, scenario: Scenario, index: Index | None = None) -> Revision:
        """Put another scenario in force with everything laid over it that still can be; tell of what cannot.

        `index` is that of the scenario as it is, where it is built already. Raises UncomputableError, with the old one
        still in force, when a table cannot begin.
        """
        if not self._all:
            after = self._emulator.swap(scenario, index)
            self.files = scenario
            return after
        kept, dropped = self._linked_to(scenario)
        after = self._emulator.swap(_laid_over(scenario, kept))
        self.files, self._all = scenario, {each.id: each for each in kept}
        for text in dropped:
            logger.warning("%s", text)
            self._emulator.warn(text)
        return after

    def begin(self, scenario: Scenario, index: Index) -> None:
        """Put another scenario in force, of which `index` is, with nothing laid over it.

        Raises UncomputableError, with everything as it was, when a table cannot begin.
        """
        self._emulator.swap(scenario, index)
        self.files = scenario
        self._all.clear()

    def find(self, number: int) -> Addition | None:
        """Return what was added under an id."""
        return self._all.get(number)

    def __iter__(self) -> Iterator[Addition]:
        return reversed(self._all.values())

    def __len__(self) -> int:
        return len(self._all)

    def _reset(self, levels: Collection[Level]) -> None:
        if Level.RULES in levels:
            self.clear()

    def _linked_to(self, scenario: Scenario) -> tuple[list[Addition], list[str]]:
        """Return everything as it is over another scenario, and why some of it cannot be."""
        from emulator.scenario.link_added import link_added  # noqa: PLC0415 - as above

        kept: list[Addition] = []
        dropped: list[str] = []
        for each in self._all.values():
            try:
                function = link_added(each.operation, each.rule, _laid_over(scenario, kept))
            except NotLinkedError as error:
                dropped.append(f"what was added to {each.operation} fits no more and is removed: {error}")
            else:
                kept.append(each._replace(function=function))
        return kept, dropped

    def _put(self, operations: Collection[str]) -> None:
        """Put what these operations have now in force; everything else stays the very same."""
        if not operations:
            return
        additions = [each for each in self._all.values() if each.operation in operations]
        laid = _laid_over(self.files, additions)
        now = self._emulator.revision.scenario
        functions = _replaced(now.functions, laid.functions, operations)
        http = _replaced(now.http or {}, laid.http or {}, operations)
        gateway = laid.gateway if CHAT in operations else now.gateway
        self._emulator.swap(replace(now, functions=functions, http=http or self.files.http, gateway=gateway))


def _replaced(
    now: Mapping[str, Function], laid: Mapping[str, Function], operations: Collection[str]
) -> dict[str, Function]:
    """Return what is there now, with these operations as they are in what was laid over it."""
    kept = {name: each for name, each in now.items() if name in laid or name not in operations}
    return kept | {name: laid[name] for name in operations if name in laid}


def _laid_over(scenario: Scenario, additions: Iterable[Addition]) -> Scenario:
    """Return a scenario with additions laid over it, the oldest first."""
    functions, http, gateway = dict(scenario.functions), dict(scenario.http or {}), scenario.gateway
    for each in additions:
        if each.operation == CHAT:
            gateway = replace(gateway, chat=_laid(each, gateway.chat))
        else:
            known = http if is_http(each.operation) else functions
            known[each.operation] = _laid(each, known.get(each.operation))
    return replace(scenario, functions=functions, http=http or scenario.http, gateway=gateway)


def _laid(addition: Addition, below: Function | None) -> Function:
    """Return a function with one more script; one that the scenario lacks has nothing else."""
    function = addition.function
    added = Added(function.script, f"{addition.operation}#since {addition.id}")
    if below is None:
        return replace(function, script=FirstMatch(()), added=(added,))
    return replace(below, added=(added, *below.added))

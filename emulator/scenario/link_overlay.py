"""Faults and limits of the written form to those of the model."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import count

from emulator.model.gateway import CHAT
from emulator.model.overlay import SYNC, By, Fault, Limit, is_on
from emulator.model.place import Place
from emulator.scenario.link_rules import death_of, failure_of, link_delay
from emulator.scenario.link_values import ValueReader
from emulator.scenario.problem import did_you_mean
from emulator.scenario.tree import Mapping, Sequence
from emulator.scenario.written_scenario import FaultForm, LimitForm

_METHODS = ("GET ", "HEAD ", "POST ", "PATCH ", "PUT ", "DELETE ", "OPTIONS ")


class OverlayReader:
    """Reads what is laid over operations; what is wrong with it goes to the reader of values."""

    def __init__(self, values: ValueReader, functions: Collection[str]) -> None:
        """Know the paths of all functions, by which patterns are checked."""
        self._values = values
        self._functions = functions

    def faults(self, forms: Iterable[FaultForm], nodes: object) -> tuple[Fault, ...]:
        """Link all faults."""
        faults: list[Fault] = []
        names: dict[str, Place] = {}
        for index, form in enumerate(forms):
            node, place = _item(nodes, index)
            self._check_name("fault", form.name, node, place, names)
            if form.delay is None and form.failure is None and form.bandwidth is None:
                message = f"the fault {form.name} does nothing"
                self._values.note(place, "no-outcome", message, "delay, failure or bandwidth")
            failure = failure_of(form.failure)
            faults.append(
                Fault(
                    name=form.name,
                    on=self._operations(form.on, node),
                    place=place,
                    enabled=form.enabled,
                    chance=form.chance,
                    after=form.after,
                    every=form.every,
                    times=form.times,
                    delay=link_delay(form.delay, node, self._values),
                    failure=failure,
                    death=death_of(form.failure),
                    bandwidth=form.bandwidth,
                )
            )
        return tuple(faults)

    def limits(self, forms: Iterable[LimitForm], nodes: object) -> tuple[Limit, ...]:
        """Link all limits; those without a name are numbered."""
        limits = []
        names: dict[str, Place] = {}
        forms = list(forms)
        numbered = (name for number in count(1) if (name := f"limit-{number}") not in {each.name for each in forms})
        for index, form in enumerate(forms):
            node, place = _item(nodes, index)
            if form.name is not None:
                self._check_name("limit", form.name, node, place, names)
            if form.per == 0:
                self._note(
                    node, "per", "bad-duration", "per: 0ms lets nothing come back", "write how long, such as 10s"
                )
            name = form.name or next(numbered)
            on = self._operations(form.on, node)
            limits.append(Limit(name, on, form.allow, max(form.per, 1), place, By(form.by), form.kind == "window"))
        return tuple(limits)

    def _check_name(self, what: str, name: str, node: Mapping, place: Place, names: dict[str, Place]) -> None:
        if name in names:
            message = f"{name} is the name of the {what} at {names[name]}, too"
            self._note(node, "name", "duplicate-name", message, "give it another name")
        names.setdefault(name, place)

    def _operations(self, on: str | list[str], node: Mapping) -> tuple[str, ...]:
        patterns = (on,) if isinstance(on, str) else tuple(on)
        for pattern in patterns:
            if not self._means_something(pattern):
                hint = did_you_mean(pattern, [*self._functions, *SYNC])
                expected = "a function such as messages:send, a route such as POST /api/chat, or * for any text in them"
                message = f"on: nothing is called {pattern!r}"
                self._values.note(node.value_place("on"), "unknown-operation", message, expected, hint)
        return patterns

    def _means_something(self, pattern: str) -> bool:
        if pattern in ("*", CHAT, *SYNC) or pattern.startswith(_METHODS):
            return True
        return "*" in pattern or any(is_on((pattern,), each) for each in self._functions)

    def _note(self, node: Mapping, key: str, slug: str, message: str, hint: str) -> None:
        self._values.note(node.value_place(key), slug, message, hint=hint)


def _item(nodes: object, index: int) -> tuple[Mapping, Place]:
    assert isinstance(nodes, Sequence)
    node = nodes[index]
    assert isinstance(node, Mapping)
    return node, nodes.item_place(index)

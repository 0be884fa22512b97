"""Conditions: what `when` asks of a call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

from emulator.model.computed import Computed
from emulator.model.pattern import AllOf, AnyOf, Fields, Not, Pattern
from emulator.model.rule import CallNumber, Condition
from emulator.scenario.link_patterns import PatternReader
from emulator.scenario.link_values import ValueReader, is_one_expression
from emulator.scenario.tree import Mapping, Sequence, Tree, place_at, shown
from emulator.scenario.uses import Kind, Use
from emulator.scenario.written import CallForm, WhenForm
from emulator.scenario.written_gateway import ChatWhenForm
from emulator.scenario.written_http import HttpWhenForm

CHAT_ARGUMENTS = ("message", "session", "agent", "channel")
"""What a chat call has in the place of arguments."""

HTTP_ARGUMENTS = ("path", "query", "body")
"""What a request has in the place of arguments, as far as conditions ask for it."""

AnyWhenForm: TypeAlias = WhenForm | ChatWhenForm | HttpWhenForm

_COMBINING = ("$any", "$all", "$not")


class ConditionReader:
    """Reads conditions; what is wrong with them goes to the reader of values."""

    def __init__(self, values: ValueReader) -> None:
        """Read values with `values`."""
        self._values = values
        self._patterns = PatternReader(values)

    def condition(self, when: WhenForm | None, node: object) -> Condition | None:
        """Return the condition that a form writes, None where it asks nothing."""
        if when is None or not isinstance(node, Mapping):
            return None
        args = None if not when.args else self._pattern(node, "args")
        return self._whole(when, node, self._identified(when, node, Condition(args=args)))

    def chat_condition(self, when: ChatWhenForm | None, node: object) -> Condition | None:
        """Return the condition on a message; what is asked of it, of its session and agent counts as arguments."""
        if when is None or not isinstance(node, Mapping):
            return None
        asked = [(name, self._pattern(node, name)) for name in CHAT_ARGUMENTS if node.get(name) is not None]
        return self._whole(when, node, Condition(args=Fields(tuple(asked)) if asked else None))

    def http_condition(self, when: HttpWhenForm | None, node: object) -> Condition | None:
        """Return the condition on a request; what is asked of its path, its query and its body counts as arguments."""
        if when is None or not isinstance(node, Mapping):
            return None
        asked = [(name, self._pattern(node, name)) for name in HTTP_ARGUMENTS if node.get(name) is not None]
        args = Fields(tuple(asked)) if asked else None
        return self._whole(when, node, self._identified(when, node, Condition(args=args, subject="request")))

    def _identified(self, when: WhenForm | HttpWhenForm, node: Mapping, condition: Condition) -> Condition:
        """Add who must be asking: nobody, somebody by name, or somebody with these attributes."""
        if isinstance(when.identity, str):
            self._values.uses.append(Use(Kind.IDENTITY, when.identity, node.value_place("identity")))
            return replace(condition, identity_name=when.identity)
        if "identity" in when.model_fields_set:
            return replace(condition, identity=self._pattern(node, "identity"))
        return condition

    def _whole(self, when: AnyWhenForm, node: Mapping, condition: Condition) -> Condition | None:
        """Add what conditions of all kinds may ask."""
        condition = replace(
            condition,
            state=None if not when.state else self._state(node),
            headers=None if not when.headers else self._headers(node),
            call=self._call(when, node),
            chance=when.chance,
            test=None if when.if_ is None else self._test(node),
        )
        return None if condition == Condition(subject=condition.subject) else condition

    def _pattern(self, node: Mapping, key: str) -> Pattern:
        return self._patterns.pattern(node[key], node.value_place(key))

    def _state(self, node: Mapping) -> Pattern:
        state = node["state"]
        assert isinstance(state, Mapping)
        self._values.uses.extend(_variables(state))
        return self._pattern(node, "state")

    def _headers(self, node: Mapping) -> Pattern:
        return _lowered(self._pattern(node, "headers"))

    def _call(self, when: AnyWhenForm, node: Mapping) -> CallNumber | None:
        asked = when.call
        if isinstance(asked, int):
            return CallNumber(asked, asked)
        if not isinstance(asked, CallForm):
            return None
        if asked.to is not None and asked.to < asked.from_:
            at = place_at(node, ("call", "to"))
            self._values.note(at, "bad-condition", "call: to is less than from", hint="exchange them")
        return CallNumber(asked.from_, asked.to, asked.every)

    def _test(self, node: Mapping) -> Computed | None:
        place = node.value_place("if")
        before = len(self._values.problems)
        written = self._values.written(node["if"], place)
        if isinstance(written, Computed) and is_one_expression(written):
            return written
        if len(self._values.problems) == before:
            message = f"if: {shown(node['if'])}"
            self._values.note(place, "bad-condition", message, "one expression", "write if: ${args.count > 3}")
        return None


def _variables(tree: Tree) -> Iterator[Use]:
    """Yield the state variables that a condition asks for, those in operators on all of them included."""
    if isinstance(tree, Mapping):
        for entry in tree.entries():
            if not entry.key.startswith("$"):
                yield Use(Kind.VARIABLE, entry.key, entry.key_place)
            elif entry.key in _COMBINING:
                yield from _variables(entry.value)
    for each in tree if isinstance(tree, Sequence) else ():
        yield from _variables(each)


def _lowered(pattern: Pattern) -> Pattern:
    """Return a condition on headers with their names in lower case."""
    match pattern:
        case Fields(fields):
            return Fields(tuple((name.lower(), inner) for name, inner in fields))
        case AnyOf(patterns):
            return AnyOf(tuple(map(_lowered, patterns)))
        case AllOf(patterns):
            return AllOf(tuple(map(_lowered, patterns)))
        case Not(inner):
            return Not(_lowered(inner))
        case _:
            return pattern

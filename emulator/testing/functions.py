"""Answers that a test gives: rules laid over those of the scenario until the test ends."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from importlib import import_module
from typing import Any, Literal, Self, TypeAlias

from emulator.model.gateway import CHAT
from emulator.reload.additions import TooManyAddedError
from emulator.scenario.problem import NotLinkedError
from emulator.testing.data import Do
from emulator.testing.errors import UsageError, is_misuse
from emulator.testing.served import Served
from emulator.testing.values import duration_of
from emulator.values.convex import Int64
from emulator.values.durations import format_duration

__tracebackhide__ = is_misuse

FailureName: TypeAlias = Literal[
    "overloaded",
    "internal",
    "unauthorized",
    "forbidden",
    "not_found",
    "rate_limited",
    "timeout",
    "disconnect",
    "reset",
    "malformed",
]
Failure: TypeAlias = "FailureName | Mapping[str, Any]"
"""A name, or a mapping with a `status`, and perhaps a `code` and a `message`."""

Delay: TypeAlias = "str | float | timedelta"
_ANYBODY = "$anybody"


class Answers:
    """Rules for one operation, which are asked before all others; what is said last replaces what was said before."""

    def __init__(self, do: Do, served: Served, operation: str, common: Mapping[str, Any]) -> None:
        """Answer `operation` of `served`, where `do` does it; `common` stands beside the outcomes."""
        if not isinstance(operation, str):
            raise UsageError(f"a function is named by a text such as 'messages:send', not {operation!r}")
        self._do = do
        self._served = served
        self._operation = operation
        self._common = dict(common)
        self._outcomes: list[dict[str, Any]] = []
        self._added: int | None = None

    def remove(self) -> None:
        """Take these answers back; what the scenario says holds again."""
        added, self._added = self._added, None
        self._outcomes.clear()
        if added is not None:
            self._do(lambda: self._served.server.main.additions.remove(added))

    def _begin(self, outcome: Mapping[str, Any], delay: Delay | None) -> Self:
        self._put([_with_delay(outcome, delay)])
        return self

    def _go_on(self, outcomes: list[dict[str, Any]]) -> Self:
        if self._common.get("when"):
            raise UsageError(
                "answers one after the other are for all calls alike: leave when(…) out, or use when(call=…)"
            )
        self._put([*self._outcomes, *outcomes])
        return self

    def _put(self, outcomes: list[dict[str, Any]]) -> None:
        single = len(outcomes) == 1
        rules = {**self._common, **(outcomes[0] if single else {"sequence": outcomes})}
        added = self._add(rules)
        before, self._added, self._outcomes = self._added, added, outcomes
        if before is not None:
            self._do(lambda: self._served.server.main.additions.remove(before))

    def _add(self, rules: Mapping[str, Any]) -> int:
        import_module("emulator.scenario.link_added")  # 80 ms, in which the server answers
        try:
            return self._do(lambda: self._served.server.main.additions.add(self._operation, rules))
        except NotLinkedError as error:
            raise UsageError(f"{self._operation} cannot answer so: {error}") from None
        except TooManyAddedError as error:
            raise UsageError(f"{error}; reset() takes them back") from None


class Function(Answers):
    """What a function answers from now on; one that the scenario lacks is there as soon as it has an answer."""

    def when(
        self,
        *,
        args: Mapping[str, Any] | None = None,
        identity: str | Mapping[str, Any] | None = _ANYBODY,
        call: int | None = None,
    ) -> Function:
        """Return the function as it answers calls like this: with these `args` at least, by this `identity`.

        None is nobody, a text the name of an identity, a mapping some of its attributes. `call` is the number of the
        call, counted from now. Operators of scenario files, such as ``{"$gt": 3}``, work in `args` as well.
        """
        when: dict[str, Any] = dict(self._common.get("when", {}))
        if args is not None:
            if not isinstance(args, Mapping):
                raise UsageError(f"args are a mapping such as {{'body': 'Hello'}}, not {args!r}")
            when["args"] = _tree(args)
        if identity != _ANYBODY:
            when["identity"] = _tree(identity)
        if call is not None:
            when["call"] = call
        return Function(self._do, self._served, self._operation, {**self._common, "when": when})

    def returns(self, value: Any, *, delay: Delay | None = None) -> Self:  # noqa: ANN401 - a value
        """Return this value from now on; texts with ``${…}`` in them are computed, as in scenario files."""
        return self._begin({"result": _tree(value)}, delay)

    def fails(
        self,
        message: str | None = None,
        *,
        data: Any = None,  # noqa: ANN401 - a value
        failure: Failure | None = None,
        delay: Delay | None = None,
    ) -> Self:
        """Throw from now on: with `data` a ConvexError, else an Error; with `failure` fail as infrastructure does."""
        return self._begin(_failed(message, data, failure), delay)

    def then(self, *values: Any) -> Self:  # noqa: ANN401 - values
        """Return these values one after the other, a call each, after what was said so far; the last one stays."""
        return self._go_on([{"result": _tree(each)} for each in values])

    def then_fails(
        self,
        message: str | None = None,
        *,
        data: Any = None,  # noqa: ANN401 - a value
        failure: Failure | None = None,
    ) -> Self:
        """Throw, or fail, in the call after what was said so far."""
        return self._go_on([_failed(message, data, failure)])


class Chat(Answers):
    """How the gateway's agents answer messages from now on."""

    def __init__(self, do: Do, served: Served, like: Mapping[str, Any]) -> None:
        """Answer messages that are like this."""
        when = {name: _tree(each) for name, each in like.items() if each is not None}
        super().__init__(do, served, CHAT, {"when": when} if when else {})

    def replies(
        self,
        text: str | list[str],
        *,
        every: Delay | None = None,
        tokens: int | None = None,
        delay: Delay | None = None,
    ) -> Self:
        """Reply with this text from now on; a list is the pieces of it as they are streamed, `every` so often one."""
        outcome: dict[str, Any] = {"reply": text}
        if every is not None:
            outcome["stream"] = {"every": format_duration(duration_of(every, "every"))}
        if tokens is not None:
            outcome["tokens"] = tokens
        return self._begin(outcome, delay)

    def fails(self, *, failure: Failure = "overloaded", delay: Delay | None = None) -> Self:
        """Fail from now on."""
        return self._begin(_failed(None, None, failure), delay)

    def then(self, *texts: str) -> Self:
        """Reply with these texts one after the other, after what was said so far; the last one stays."""
        return self._go_on([{"reply": each} for each in texts])


def _failed(message: str | None, data: object, failure: Failure | None) -> dict[str, Any]:
    if failure is not None:
        if message is not None or data is not None:
            raise UsageError("fails(…) takes either a message, with or without data, or failure=…")
        return {"failure": _tree(failure)}
    if message is None and data is None:
        raise UsageError("fails(…) needs a message, data=… for a ConvexError, or failure='overloaded' and the like")
    thrown = {"message": message, "data": _tree(data)}
    return {"error": {key: each for key, each in thrown.items() if each is not None}}


def _with_delay(outcome: Mapping[str, Any], delay: Delay | None) -> dict[str, Any]:
    told = {} if delay is None else {"delay": format_duration(duration_of(delay, "delay"))}
    return {**outcome, **told}


def _tree(value: object) -> Any:  # noqa: ANN401 - plain data
    """Return a Python value as a scenario file has it."""
    match value:
        case Int64():
            return {"$int64": int(value)}
        case bytes():
            return {"$bytes": b64encode(value).decode()}
        case Mapping():
            return {key: _tree(each) for key, each in value.items()}
        case list() | tuple():
            return [_tree(each) for each in value]
        case _:
            return value

"""From what a rule says to what a call gets: expressions evaluated, log lines written."""

from __future__ import annotations

from typing import Any

from emulator.engine.call import Call, acting_user
from emulator.engine.plan import Ending, Finish, Returned, Threw, Uncomputable
from emulator.expressions.compile import evaluate
from emulator.expressions.context import Context
from emulator.expressions.errors import EvaluationError
from emulator.model.computed import Computed
from emulator.model.constant import Constant
from emulator.model.logs import cap_log_lines, write_log_line
from emulator.model.rule import Failure, LogLine, Outcome, Result, Rule, Thrown
from emulator.model.scenario import Scenario
from emulator.values.convex import InvalidValueError, Value
from emulator.values.display import javascript_json
from emulator.values.durations import MILLISECOND


class Surroundings:
    """What the expressions of a rule may name, worked out when it is asked for; `count` numbers the call from 1."""

    __slots__ = ("call", "context", "count", "scenario")

    def __init__(self, scenario: Scenario, call: Call, count: int, context: Context) -> None:
        """Surround the evaluation of one call."""
        self.scenario = scenario
        self.call = call
        self.count = count
        self.context = context

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - a value or a plain number
        match name:
            case "args":
                return self.call.args
            case "vars":
                return self.scenario.vars
            case "now":
                return self.context.now / MILLISECOND
            case "call":
                return self.count
            case "identity":
                user = acting_user(self.call.caller)
                return user.attributes if user else None
            case _:
                raise KeyError(name)


def settle(rule: Rule, surroundings: Surroundings | None) -> Finish:
    """Return what a call gets; `surroundings` may be None for a rule that computes nothing."""
    try:
        logs = cap_log_lines([_line(each, surroundings) for each in rule.logs])
        return Finish(_ending(rule.outcome, surroundings), logs)
    except _UncomputableError as error:
        return Finish(Uncomputable(error.computed.place, error.reason))


class _UncomputableError(Exception):
    """An expression has no value for this call."""

    def __init__(self, computed: Computed, reason: str) -> None:
        super().__init__(reason)
        self.computed = computed
        self.reason = reason


def _ending(outcome: Outcome, surroundings: Surroundings | None) -> Ending:
    match outcome:
        case Result(value):
            return Returned(_constant(value, surroundings))
        case Thrown(message, data, name):
            settled = None if data is None else _constant(data, surroundings)
            if isinstance(message, Computed):
                text = str(_value(message, surroundings))
            elif message is not None:
                text = message
            else:
                text = "" if settled is None else _message_of(settled.value)
            return Threw(text, settled, name)
        case Failure():
            return outcome


def _message_of(data: Value) -> str:
    return data if isinstance(data, str) else javascript_json(data)


def _line(line: LogLine, surroundings: Surroundings | None) -> str:
    arguments = _constant(line.arguments, surroundings).value
    return write_log_line(line.level, arguments if isinstance(arguments, list) else [arguments])


def _constant(written: Constant | Computed, surroundings: Surroundings | None) -> Constant:
    return written if isinstance(written, Constant) else Constant(_value(written, surroundings))


def _value(computed: Computed, surroundings: Surroundings | None) -> Value:
    assert surroundings is not None
    try:
        value: Value = evaluate(computed.compiled, surroundings, surroundings.context)
    except (EvaluationError, InvalidValueError) as error:
        raise _UncomputableError(computed, str(error)) from error
    return value

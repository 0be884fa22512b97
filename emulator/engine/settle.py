"""From what a rule says to what a call gets: effects done, expressions evaluated, log lines written."""

from __future__ import annotations

from typing import assert_never

from emulator.engine.effects import CallOther, apply, log_line, written_line
from emulator.engine.plan import Ending, Finish, Returned, Threw
from emulator.engine.read import read
from emulator.engine.reply import replied
from emulator.engine.respond import responded
from emulator.engine.surroundings import Surroundings
from emulator.model.computed import Computed
from emulator.model.constant import Constant
from emulator.model.logs import cap_log_lines
from emulator.model.rule import Failure, Read, Reply, Respond, Result, Rule, Thrown
from emulator.values.convex import Value
from emulator.values.display import javascript_json


def settle_once(rule: Rule) -> Finish:
    """Return what every call gets of a rule that computes nothing."""
    logs = []
    for line in rule.logs:
        assert isinstance(line.arguments, Constant)
        logs.append(written_line(line, line.arguments.value))
    outcome = rule.outcome
    assert not isinstance(outcome, Read | Reply)
    return Finish(_ending(outcome, None), cap_log_lines(logs), rule.death)


def settle(rule: Rule, at: Surroundings, logs: list[str], call_other: CallOther) -> Ending:
    """Do a rule's effects and return what the call ends with; log lines are added to `logs`.

    Raises UncomputableError where something has no value, QueryRefusedError where a query cannot be answered.
    """
    apply(rule.effects, at, logs, call_other)
    logs.extend(log_line(line, at) for line in rule.logs)
    if isinstance(rule.outcome, Read):
        return Returned(Constant(read(rule.outcome.query, at)))
    if isinstance(rule.outcome, Reply):
        return replied(rule.outcome, at)
    return _ending(rule.outcome, at)


def _ending(outcome: Result | Respond | Thrown | Failure, at: Surroundings | None) -> Ending:
    match outcome:
        case Result(value):
            return Returned(_constant(value, at))
        case Respond():
            return responded(outcome, lambda written: _constant(written, at).value)
        case Thrown(message, data, name):
            settled = None if data is None else _constant(data, at)
            if isinstance(message, Computed):
                assert at is not None
                text = str(at.value(message))
            elif message is not None:
                text = message
            else:
                text = "" if settled is None else _message_of(settled.value)
            return Threw(text, settled, name)
        case Failure():
            return outcome
        case _:
            assert_never(outcome)


def _constant(written: Constant | Computed, at: Surroundings | None) -> Constant:
    if isinstance(written, Constant):
        return written
    assert at is not None
    return at.constant(written)


def _message_of(data: Value) -> str:
    return data if isinstance(data, str) else javascript_json(data)

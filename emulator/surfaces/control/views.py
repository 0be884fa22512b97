"""What is in force and what happened, as JSON; pure. Secrets are not in any of it."""

from __future__ import annotations

from typing import Any, cast

from emulator.engine.call import Admin, Caller, User
from emulator.engine.plan import (
    Ending,
    Finish,
    Limited,
    NearMiss,
    Passed,
    Rejected,
    Replied,
    Responded,
    Returned,
    Threw,
    Uncomputable,
    Unmatched,
    Unscripted,
    Wait,
    Withheld,
    WrongType,
)
from emulator.engine.store import Write
from emulator.model.function import Function
from emulator.model.http import is_http
from emulator.model.rule import Failure
from emulator.reload.additions import Addition
from emulator.runtime.journal import Entry
from emulator.scenario.problem import Problem
from emulator.surfaces.control.rows import (
    CallRow,
    EndingName,
    FunctionRow,
    MismatchRow,
    NearMissRow,
    ProblemRow,
    RuleRow,
    WriteRow,
)
from emulator.values.durations import MILLISECOND
from emulator.values.formats import Format, encode
from emulator.values.instants import format_moment

_MAX_WRITES = 100
_MAX_TEXT = 2_000


def entry_row(entry: Entry) -> CallRow:
    """Write an entry of the journal."""
    decision, call = entry.decision, entry.call
    row: CallRow = {
        "number": entry.number,
        "at": format_moment(entry.at),
        "operation": call.operation,
        "type": call.type.value.lower() if call.type else None,
        "args": cast("dict[str, Any]", encode(dict(call.args), Format.ENCODED)),
        "identity": caller_name(call.caller),
        "outcome": outcome_of(entry),
        "duration": sum(step.duration for step in decision.plan if isinstance(step, Wait)) / MILLISECOND,
        "revision": entry.revision.number,
        "rule": str(decision.rule.place) if decision.rule else None,
        "writes": [_write(each) for each in decision.changes if isinstance(each, Write)][:_MAX_WRITES],
        "variant": decision.variant,
        "faults": list(decision.admission.hit),
    }
    ending = ending_of(entry)
    detail = detail_of(ending)
    if detail is not None:
        row["detail"] = detail[:_MAX_TEXT]
    if entry.explanation is not None:
        row["explanation"] = entry.explanation
    if isinstance(ending, Unmatched):
        row["nearMisses"] = [_miss(each) for each in ending.misses]
    return row


def ending_of(entry: Entry) -> Ending:
    """Return what a call ends with."""
    last = entry.decision.plan[-1]
    assert isinstance(last, Finish)
    return last.ending


def outcome_of(entry: Entry) -> str:
    """Name what became of a call; a connection that died over it says so."""
    last = entry.decision.plan[-1]
    assert isinstance(last, Finish)
    is_dead = last.death is not None and not isinstance(last.ending, Withheld)
    return last.death.end.value if is_dead and last.death else outcome_name(last.ending)


_NAMES: dict[type[Ending], EndingName] = {
    Returned: "returned",
    Replied: "replied",
    Responded: "responded",
    Threw: "threw",
    Failure: "failed",
    Limited: "limited",
    Passed: "passed",
    Unscripted: "unscripted",
    Unmatched: "unmatched",
    WrongType: "wrong_type",
    Rejected: "rejected",
    Uncomputable: "uncomputable",
    Withheld: "withheld",
}


def outcome_name(ending: Ending) -> EndingName:
    """Name a kind of ending."""
    return _NAMES[type(ending)]


def caller_name(caller: Caller) -> str | None:
    """Name a caller, None for nobody in particular."""
    if isinstance(caller, Admin):
        acting = caller_name(caller.acting_as) if caller.acting_as else None
        return f"admin as {acting}" if acting else "admin"
    if isinstance(caller, User):
        return caller.name or str(caller.attributes.get("tokenIdentifier", "a user"))
    return None


def function_row(function: Function, calls: int) -> FunctionRow:
    """Write a function, or an HTTP action, with how often it was called."""
    kind = "http" if is_http(function.path.public) else None
    return {
        "path": function.path.public,
        "type": function.type.value.lower() if function.type else kind,
        "place": str(function.place),
        "rules": [str(rule.place) for each in function.scripts for rule in each.rules],
        "added": [str(rule.place) for each in function.added for rule in each.script.rules],
        "calls": calls,
    }


def addition_row(addition: Addition) -> RuleRow:
    """Write what was added to an operation."""
    return {
        "id": addition.id,
        "operation": addition.operation,
        "place": str(addition.place),
        "rule": dict(addition.rule),
    }


def problem_row(problem: Problem) -> ProblemRow:
    """Write a problem of a scenario file."""
    return {
        "file": problem.place.file,
        "line": problem.place.line,
        "column": problem.place.column,
        "severity": problem.severity.value,
        "slug": problem.slug,
        "message": problem.message,
        "expected": problem.expected,
        "hint": problem.hint,
    }


def _write(write: Write) -> WriteRow:
    return {"table": write.collection, "id": write.key, "deleted": write.document is None}


def _miss(miss: NearMiss) -> NearMissRow:
    reasons: list[MismatchRow] = [
        {"path": each.path, "expected": each.expected, "got": each.got} for each in miss.mismatches
    ]
    return {"rule": str(miss.rule.place), "mismatches": reasons}


def detail_of(ending: Ending) -> str | None:
    """Say more of how a call ended, None where there is no more to say."""
    match ending:
        case Threw(message):
            return message
        case Failure(status, code, message):
            return " ".join(str(each) for each in (status, code, message) if each is not None)
        case Limited(reading):
            return f"the limit {reading.limit.name} allows {reading.limit.allow}"
        case Rejected(message):
            return message
        case Uncomputable(_, reason):
            return reason
        case Replied():
            return ending.text
        case Responded(status, _, body):
            return f"{status}, {len(body)} bytes"
        case _:
            return None

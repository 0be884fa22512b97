"""Records of the function log as JSON; pure (contract convex §13.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from emulator.engine.call import Admin, Caller, User
from emulator.engine.draw import hex_digits
from emulator.engine.plan import Ending, Finish, Responded, Returned
from emulator.engine.store import Write
from emulator.engine.system.functions import type_of
from emulator.model.http import is_http, written_route
from emulator.model.logs import TRUNCATED
from emulator.runtime.function_log import Record, duration_of, kind_of, tells_progress
from emulator.runtime.journal import Entry
from emulator.surfaces.convex.codec import Answer, error_message, write_constant
from emulator.values.durations import MILLISECOND, SECOND
from emulator.values.formats import Format, Json

STRUCTURED_FOR = frozenset({"npm-cli", "dashboard"})
"""Clients that get log lines taken apart."""

_NO_USAGE = (
    *("databaseReadBytes", "databaseWriteBytes", "databaseReadDocuments", "databaseWriteDocuments"),
    *("databaseIoReadBytes", "databaseIoWriteBytes", "storageReadBytes", "storageWriteBytes"),
    *("vectorIndexReadBytes", "vectorIndexWriteBytes", "vectorIndexReadQueryBytes", "vectorIndexWriteQueryBytes"),
    *("textIndexQueryBytes", "textIndexWriteQueryBytes", "networkEgressBytes", "memoryUsedMb"),
)
_EXECUTION_DIGITS = 32


class Reader(NamedTuple):
    """How somebody reads: log lines taken apart or not, what an action logs by itself or with its end."""

    is_structured: bool
    sees_progress: bool


def write_records(records: Iterable[Record], reader: Reader, request_id: dict[int, str]) -> list[Json]:
    """Write records; `request_id` has the ids of their calls by the numbers of those."""
    seen = (each for each in records if reader.sees_progress or not each.is_progress)
    return [_entry(each, reader, request_id[each.entry.number]) for each in seen]


def _entry(record: Record, reader: Reader, request_id: str) -> Json:
    entry, finish = record.entry, record.finish
    is_told_before = tells_progress(entry) and reader.sees_progress and not record.is_progress
    written: dict[str, Json] = {
        "kind": "Progress" if record.is_progress else "Completion",
        "udfType": _kind(entry),
        "componentPath": None,
        "identifier": written_route(entry.call.operation),
        "timestamp": record.at / SECOND,
        "logLines": [] if is_told_before else _lines(finish.logs, reader, record.at),
        "requestId": request_id,
        "executionId": _execution_id(record),
    }
    return written if record.is_progress else {**written, **_completion(record, request_id)}


def _completion(record: Record, request_id: str) -> dict[str, Json]:
    entry, ending = record.entry, record.finish.ending
    seconds = duration_of(entry) / SECOND
    usage: dict[str, Json] = dict.fromkeys(_NO_USAGE, 0)
    usage["databaseWriteDocuments"] = sum(_is_document(each) for each in entry.decision.changes)
    return {
        "environment": "isolate",
        "executionTimestamp": entry.at / SECOND,
        "executionTime": seconds,
        "userExecutionTime": seconds,
        "cachedResult": False,
        "success": {"status": str(ending.status)} if isinstance(ending, Responded) else None,
        "error": _error(record.finish, record, request_id),
        "caller": _caller(entry),
        "parentExecutionId": None,
        "identityType": _identity_type(entry.call.caller),
        "willRetry": False,
        "returnBytes": _size(ending),
        "occInfo": None,
        "usageStats": usage,
    }


def _kind(entry: Entry) -> str:
    operation = entry.call.operation
    if is_http(operation):
        return "HttpAction"
    return (kind_of(entry) or type_of(entry.revision.index.prepared[operation].function)).value


def _caller(entry: Entry) -> str:
    if is_http(entry.call.operation):
        return "HttpEndpoint"
    return "SyncWorker" if entry.call.session else "HttpApi"


def _size(ending: Ending) -> float | None:
    match ending:
        case Returned(value):
            return float(len(write_constant(value, Format.ENCODED)))
        case Responded(body=body):
            return float(len(body))
        case _:
            return None


def _error(finish: Finish, record: Record, request_id: str) -> str | None:
    """Return the text of an error without its first line, which names the request."""
    ending, rule = finish.ending, record.entry.decision.rule
    if isinstance(ending, Returned | Responded):
        return None
    answer = Answer(Format.ENCODED, request_id, redacts=False, place=rule.place if rule else None)
    return error_message(ending, answer).partition("\n")[2].rstrip("\n")  # type: ignore[arg-type]  # functions fail so


def _lines(lines: Iterable[str], reader: Reader, at: int) -> list[Json]:
    return [_structured(each, at) for each in lines] if reader.is_structured else list(lines)


def _structured(line: str, at: int) -> Json:
    level, _, text = line.removeprefix("[").partition("] ")
    is_cut = text.endswith(TRUNCATED)
    messages: list[Json] = [text.removesuffix(TRUNCATED)]
    return {
        "messages": messages,
        "isTruncated": is_cut,
        "timestamp": at // MILLISECOND,
        "level": level,
        "systemMetadata": None,
    }


def _is_document(change: object) -> bool:
    return isinstance(change, Write) and not change.collection.startswith("$")


def _identity_type(caller: Caller) -> str:
    if isinstance(caller, Admin):
        return "member_acting_user" if caller.acting_as else "instance_admin"
    return "user" if isinstance(caller, User) else "unknown"


def _execution_id(record: Record) -> str:
    seed, number = record.entry.revision.scenario.seed, record.entry.number
    digits = hex_digits(seed, "execution", number, _EXECUTION_DIGITS)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

"""Records of the function log as JSON; pure (contract convex §13.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from emulator.engine.call import Admin, Caller, User
from emulator.engine.draw import hex_digits
from emulator.engine.plan import Finish, Returned
from emulator.engine.store import Write
from emulator.engine.system.functions import type_of
from emulator.model.logs import TRUNCATED
from emulator.runtime.function_log import Record, duration_of, kind_of
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
    kind = kind_of(entry) or type_of(entry.revision.index.prepared[entry.call.operation].function)
    is_told_before = kind.value == "Action" and reader.sees_progress and not record.is_progress
    written: dict[str, Json] = {
        "kind": "Progress" if record.is_progress else "Completion",
        "udfType": kind.value,
        "componentPath": None,
        "identifier": entry.call.operation,
        "timestamp": record.at / SECOND,
        "logLines": [] if is_told_before else _lines(finish.logs, reader, record.at),
        "requestId": request_id,
        "executionId": _execution_id(record),
    }
    return written if record.is_progress else {**written, **_completion(record, request_id)}


def _completion(record: Record, request_id: str) -> dict[str, Json]:
    entry, ending = record.entry, record.finish.ending
    seconds = duration_of(entry) / SECOND
    size = len(write_constant(ending.value, Format.ENCODED)) if isinstance(ending, Returned) else None
    usage: dict[str, Json] = dict.fromkeys(_NO_USAGE, 0)
    usage["databaseWriteDocuments"] = sum(_is_document(each) for each in entry.decision.changes)
    return {
        "environment": "isolate",
        "executionTimestamp": entry.at / SECOND,
        "executionTime": seconds,
        "userExecutionTime": seconds,
        "cachedResult": False,
        "success": None,
        "error": _error(record.finish, record, request_id),
        "caller": "SyncWorker" if entry.call.session else "HttpApi",
        "parentExecutionId": None,
        "identityType": _identity_type(entry.call.caller),
        "willRetry": False,
        "returnBytes": None if size is None else float(size),
        "occInfo": None,
        "usageStats": usage,
    }


def _error(finish: Finish, record: Record, request_id: str) -> str | None:
    """Return the text of an error without its first line, which names the request."""
    ending, rule = finish.ending, record.entry.decision.rule
    if isinstance(ending, Returned):
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

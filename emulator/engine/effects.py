"""Effects: what a rule's `do`, the timeline and delayed steps write, within one transaction."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import TypeVar, assert_never

from emulator.engine.documents import checked, own_fields
from emulator.engine.gateway.channels import change_channel
from emulator.engine.gateway.sessions import append_message
from emulator.engine.overlay import switch
from emulator.engine.store import Document
from emulator.engine.surroundings import Surroundings, UncomputableError
from emulator.engine.transaction import Delayed, EffectError
from emulator.expressions.text import text_of
from emulator.model.computed import Computed
from emulator.model.constant import Constant
from emulator.model.effect import (
    After,
    Append,
    Assign,
    CallFunction,
    Delete,
    Effect,
    Insert,
    Log,
    LogLine,
    Patch,
    Replace,
    SetChannel,
    SwitchFault,
)
from emulator.model.gateway import ROLES, ChannelStatus
from emulator.model.http import is_http
from emulator.model.logs import write_log_line
from emulator.values.convex import InvalidValueError, Value, check_value
from emulator.values.display import spell
from emulator.values.durations import MILLISECOND
from emulator.values.ids import STORAGE
from emulator.values.session_keys import InvalidSessionKeyError, parse_session_key

MAX_DELAYED = 1_000
SHORTEST_DELAY = MILLISECOND
"""How soon a delayed step comes at the earliest: one that delays itself again and again lets time go on."""

Plain = TypeVar("Plain", bound=Value)
CallOther = Callable[[CallFunction, Surroundings, list[str]], Value]


def apply(effects: Sequence[Effect], at: Surroundings, logs: list[str], call_other: CallOther) -> None:
    """Do effects in order; raise UncomputableError with the place of the one that cannot be done.

    Log lines are added to `logs`; names are bound in `at`; `call_other` calls another function.
    """
    for effect in effects:
        try:
            _apply(effect, at, logs, call_other)
        except (EffectError, InvalidValueError) as error:
            raise UncomputableError(effect.place, str(error)) from error


def log_line(line: LogLine, at: Surroundings) -> str:
    """Return a log line as clients see it."""
    return written_line(line, at.value(line.arguments))


def written_line(line: LogLine, arguments: Value) -> str:
    """Return a log line of arguments that are known."""
    return write_log_line(line.level, arguments if isinstance(arguments, list) else [arguments])


def _apply(effect: Effect, at: Surroundings, logs: list[str], call_other: CallOther) -> None:
    match effect:
        case Insert() | Patch() | Replace() | Delete():
            _write(effect, at)
        case Assign(values):
            for name, value in [(name, _convex(at.value(written), at)) for name, written in values]:
                _check_known(name, at.scenario.state, "state variable")
                at.transaction.assign(name, value)
        case CallFunction(name=name):
            value = call_other(effect, at, logs)
            if name is not None:
                at.names[name] = value
        case Append() | SetChannel():
            _tell_gateway(effect, at)
        case SwitchFault(name=name, enabled=enabled):
            _check_known(name, [each.name for each in at.scenario.faults], "fault")
            switch(at.transaction, name, on=enabled)
        case Log(lines):
            logs.extend(log_line(line, at) for line in lines)
        case After():
            _delay(effect, at)
        case _:
            assert_never(effect)


def _write(effect: Insert | Patch | Replace | Delete, at: Surroundings) -> None:
    transaction, table = at.transaction, effect.table
    if table != STORAGE:
        _check_known(table, at.scenario.tables, "table")
    match effect:
        case Insert(document=document, name=name):
            key = transaction.insert(table, _taken(table, document, at))
            if name is not None:
                at.names[name] = key
        case Patch(id=written, fields=fields):
            key, old = _existing(table, written, at, "Update")
            changed = {**own_fields(old), **_mapping(fields, at, "fields")}
            changed = checked(table, changed, at.scenario, transaction)
            transaction.write(table, key, _with_system(old, changed))
        case Replace(id=written, document=document):
            key, old = _existing(table, written, at, "Replace")
            transaction.write(table, key, _with_system(old, _taken(table, document, at)))
        case Delete(id=written):
            key, _ = _existing(table, written, at, "Delete")
            transaction.write(table, key, None)
        case _:
            assert_never(effect)


def _tell_gateway(effect: Append | SetChannel, at: Surroundings) -> None:
    match effect:
        case Append(session, role, content):
            key = _text(session, at, "session")
            try:
                parse_session_key(key)
            except InvalidSessionKeyError as error:
                raise EffectError(f"{key!r} is no session key: {error}") from error
            word = _text(role, at, "role")
            if word not in ROLES:
                raise EffectError(f"{word!r} is no role; roles are {', '.join(ROLES)}")
            append_message(at.transaction, key, word, text_of(at.value(content)), at.transaction.now)
        case SetChannel(name, status, error_written):
            state = _text(status, at, "status")
            if state not in [each.value for each in ChannelStatus]:
                raise EffectError(f"{state!r} is no status of a channel")
            cause = at.value(error_written)
            words = None if cause is None else text_of(cause)
            change_channel(at.transaction, _text(name, at, "id"), ChannelStatus(state), words, effect.only_from)
        case _:
            assert_never(effect)


def _text(written: Constant | Computed, at: Surroundings, what: str) -> str:
    value = at.value(written)
    if not isinstance(value, str):
        raise EffectError(f"{what} must be a text, not {spell(value)}")
    return value


def _delay(effect: After, at: Surroundings) -> None:
    transaction = at.transaction
    if len(transaction.delayed) >= MAX_DELAYED:
        raise EffectError(f"more than {MAX_DELAYED} steps are delayed by one call")
    stream = f"{at.stream}\0after\0{len(transaction.delayed)}"
    due = transaction.now + max(effect.delay, SHORTEST_DELAY)
    transaction.delayed.append(Delayed(due, effect.effects, dict(at.names), stream, at.call, at.count))


def _check_known(name: str, known: Container[str], what: str) -> None:
    """Raise EffectError for what a reload took away from an effect that was delayed before it."""
    if name not in known:
        raise EffectError(f"there is no {what} {name} any more")


def _taken(table: str, written: Constant | Computed, at: Surroundings) -> Document:
    return checked(table, _mapping(written, at, "a document"), at.scenario, at.transaction)


def _mapping(written: Constant | Computed, at: Surroundings, what: str) -> Document:
    value = at.value(written)
    if not isinstance(value, dict):
        raise EffectError(f"{what} must be a mapping")
    return _convex(value, at)


def _convex(value: Plain, at: Surroundings) -> Plain:
    """Return a value that is to be kept; what a request brings in JSON may have names that no value has."""
    if is_http(at.call.operation):
        check_value(value)
    return value


def _existing(table: str, written: Constant | Computed, at: Surroundings, what: str) -> tuple[str, Document]:
    key = at.value(written)
    document = at.transaction.read(table, key) if isinstance(key, str) else None
    if document is None or not isinstance(key, str):
        raise EffectError(f"{what} on nonexistent document ID {key if isinstance(key, str) else spell(key)}")
    return key, document


def _with_system(old: Document, new: Document) -> Document:
    return {**new, "_creationTime": old["_creationTime"], "_id": old["_id"]}

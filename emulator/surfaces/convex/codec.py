"""Requests to calls, endings to answers; pure (contract convex §4, §5)."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, assert_never

import orjson

from emulator.engine.call import Call, Caller
from emulator.engine.explain import explain
from emulator.engine.plan import (
    Ending,
    FunctionError,
    Limited,
    Passed,
    Rejected,
    Replied,
    Responded,
    Returned,
    Threw,
    Uncomputable,
    Unmatched,
    Unscripted,
    Withheld,
    WrongType,
)
from emulator.model.constant import Constant
from emulator.model.function import FunctionType
from emulator.model.place import Place
from emulator.model.rule import Failure
from emulator.surfaces.convex.failures import ApiError, failure_error
from emulator.values.convex import InvalidValueError, Value
from emulator.values.display import display
from emulator.values.formats import Format, Json, decode, encode, parse_format
from emulator.values.paths import FunctionPath, InvalidPathError, parse_path

_OPTIONS = orjson.OPT_SORT_KEYS
_OF_VALUES = _OPTIONS | orjson.OPT_PASSTHROUGH_SUBCLASS
_UNCLEAR = (b"null", b"-0.0")
_MIB = 1024 * 1024
MAX_ARGUMENTS = 16 * _MIB
_LONGEST_KEPT = 200
_TS_BYTES = 8
_NOT_AN_OBJECT = "ArgumentValidationError: Expected to receive an object as the function's argument. Instead received: "
_NOT_ONE = (
    "ArgumentValidationError: Expected to receive a single object as the function's argument. "
    "Instead received {count} arguments: {args}"
)


def read_operation(text: str) -> str:
    """Return the public spelling of the function that a request names; raise ApiError when the name is malformed."""
    return _known_operation(text) if len(text) <= _LONGEST_KEPT else _read_path(text).public


@lru_cache(maxsize=4096)
def _known_operation(text: str) -> str:
    return _read_path(text).public


def read_call(path: str, args: Json, kind: FunctionType | None, caller: Caller, size: int, component: str = "") -> Call:
    """Return a request as a call; arguments that are none become the call's `fault`, for the function to refuse."""
    operation = read_operation(path)
    if not args and type(args) is dict:
        return Call(operation, kind, {}, caller, size, None, component)
    fault = None
    values: dict[str, Value] = {}
    if size > MAX_ARGUMENTS and (actual := len(orjson.dumps(args))) > MAX_ARGUMENTS:
        fault = (
            f"Arguments for {_read_path(path).canonical} are too large "
            f"(actual: {actual / _MIB:.2f} MiB, limit: {MAX_ARGUMENTS // _MIB} MiB)"
        )
        return Call(operation, kind, values, caller, size, fault, component)
    try:
        values = _named_arguments(args)
    except InvalidValueError as error:
        fault = f"Invalid arguments for {_read_path(path).canonical}: {error}"
    except _ShapeError as error:
        fault = str(error)
    return Call(operation, kind, values, caller, size, fault, component)


def read_format(name: str | None, default: Format) -> Format:
    """Return the format asked for; raise ApiError for an unknown one."""
    if name is None:
        return default
    try:
        return parse_format(name)
    except KeyError as error:
        raise ApiError(400, "BadFormat", f"format param must be one of [`json`]. Got {name}") from error


def write_success(result: Returned, form: Format) -> bytes:
    """Return the body of an answer without log lines."""
    return b'{"status":"success","value":%b,"logLines":[]}' % write_constant(result.value, form)


class Answer(NamedTuple):
    """How an answer is to be written: for a caller who sees everything, or not; `place` is the rule that answers."""

    form: Format
    request_id: str
    redacts: bool
    place: Place | None


def write_answer(ending: Ending, logs: Sequence[str], answer: Answer) -> bytes:
    """Return the body of an answer with status 200; raise ApiError when the ending is no answer of a function."""
    lines = b"[]" if answer.redacts else orjson.dumps(logs)
    form = answer.form
    match ending:
        case Returned(value):
            return b'{"status":"success","value":%b,"logLines":%b}' % (write_constant(value, form), lines)
        case Failure():
            raise failure_error(ending)
        case Limited():
            raise failure_error(Failure(429))
        case Replied() | Responded() | Passed() | Withheld():
            raise AssertionError(f"no function ends so: {ending}")
        case _:
            message = orjson.dumps(error_message(ending, answer))
            data = b""
            if isinstance(ending, Threw) and ending.data is not None:
                data = b',"errorData":%b' % write_constant(ending.data, form)
            return b'{"status":"error","errorMessage":%b%b,"logLines":%b}' % (message, data, lines)


def write_constant(constant: Constant, form: Format) -> bytes:
    """Return a value's bytes; they are made once."""
    written = constant.encoded.get(form)
    if written is None:
        written = constant.encoded[form] = write_value(constant.value, form)
    return written


def error_message(ending: FunctionError, answer: Answer) -> str:
    """Return the `errorMessage` of a failed function (contract convex §5.1).

    What a rule throws has a frame of its stack, as a deployment gives one: the place of the rule. Of a step or an
    expression that fails the innermost frame is its own place.
    """
    head = f"[Request ID: {answer.request_id}] Server Error"
    if answer.redacts:
        return head
    return f"{head}\n{_error_text(ending)}{_stack(ending, answer.place)}\n"


def write_thrown(ending: FunctionError, answer: Answer) -> bytes:
    """Return the body of an HTTP action that threw (contract convex §12)."""
    code = f"[Request ID: {answer.request_id}] Server Error"
    tree: dict[str, Json] = {"code": code}
    if not answer.redacts:
        text = _error_text(ending)
        shown = ending.message if isinstance(ending, Threw) else text.removeprefix("Uncaught Error: ")
        tree = {"code": f"{code}: {shown}", "trace": f"{text}{_stack(ending, answer.place)}"}
    if isinstance(ending, Threw) and ending.data is not None:
        tree["data"] = encode(ending.data.value, Format.ENCODED)
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def write_ts(timestamp: int) -> str:
    """Return a timestamp in nanoseconds as clients carry it."""
    return b64encode(timestamp.to_bytes(_TS_BYTES, "little")).decode()


def read_ts(text: str) -> int:
    """Return the timestamp a client carries; raise ValueError when it is none."""
    raw = b64decode(text, validate=True)
    if len(raw) != _TS_BYTES:
        raise ValueError(f"a timestamp has {_TS_BYTES} bytes, not {len(raw)}")
    return int.from_bytes(raw, "little")


def write_value(value: Value, form: Format) -> bytes:
    """Return a value's bytes.

    Most values look alike in all formats, and orjson writes them quickest without a tree made before. It asks for
    what is no JSON; but NaN, the infinities and the negative zero it writes in its own way, without asking.
    """
    try:
        written = orjson.dumps(value, default=lambda each: encode(each, form), option=_OF_VALUES)
    except TypeError:
        written = b"null"
    if any(each in written for each in _UNCLEAR):
        return orjson.dumps(encode(value, form), option=_OPTIONS)
    return written


class _ShapeError(Exception):
    """Arguments that are values, but not one object."""


def _read_path(text: str) -> FunctionPath:
    try:
        return parse_path(text)
    except InvalidPathError as error:
        raise ApiError(400, "BadConvexFunctionIdentifier", str(error)) from error


def _named_arguments(args: Json) -> dict[str, Value]:
    """Return the one object of named arguments; a list of exactly one object means the same."""
    if type(args) is list:
        values = [decode(each) for each in args]
        if len(values) != 1:
            raise _ShapeError(_NOT_ONE.format(count=len(values), args=display(values)))
        value = values[0]
    else:
        value = decode(args)
    if not isinstance(value, dict):
        raise _ShapeError(f"{_NOT_AN_OBJECT}{display(value)}")
    return value


def _stack(ending: FunctionError, rule: Place | None) -> str:
    inner = f"\n    at scenario ({ending.place})" if isinstance(ending, Uncomputable) else ""
    return inner if rule is None else f"{inner}\n    at handler ({rule})"


def _error_text(ending: FunctionError) -> str:
    match ending:
        case Threw(message, _, name):
            return f"Uncaught {name}: {message}"
        case Unscripted(operation, _, component, public):
            inside = f" in '{component}'" if component else ""
            if public:
                return f"Could not find public function for '{operation}'{inside}."
            return f"Could not find function for '{operation}'{inside}. Did you forget to run `npx convex dev`?"
        case WrongType(function, asked):
            actual = function.type.value if function.type else ""
            return f"Trying to execute {function.path.canonical} as {asked.value}, but it is defined as {actual}."
        case Unmatched():
            return f"Uncaught Error: {explain(ending)}"
        case Rejected(message):
            return message
        case Uncomputable(_, reason):
            return f"Uncaught Error: {reason}"
        case _:
            assert_never(ending)

"""What the written form of a scenario file is made of: texts, durations, delays, and short forms beside long ones.

Short forms and long forms are told apart by the kind of YAML node, never by trying one after the other, so that
every mistake has one place and one message.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, StrictInt, StrictStr, Tag
from pydantic import WithJsonSchema as JsonSchema
from pydantic_core import PydanticCustomError

from emulator.values.durations import InvalidDurationError, parse_duration

_AMOUNT = r"[0-9]+(\.[0-9]+)?"
DURATION_PATTERN = "^" + "".join(f"({_AMOUNT}{unit})?" for unit in ("d", "h", "m", "s", "ms")) + "$"


DEATHS = ("disconnect", "reset", "malformed")
"""How a connection can die in the middle of an answer."""
LIMIT = "a number from 0 upward, or an expression that gives one"
"""How people are told what a limit is."""


class Form(Enum):
    """Names of short and long forms; in an error's path they begin with a mark that no key begins with."""

    TEXT = "\0\0text"
    MAPPING = "\0\0mapping"
    NULL = "\0\0null"
    NUMBER = "\0\0number"
    DEATH = "\0\0death"
    SEVERAL = "\0\0several"
    RANGE = "\0\0range"
    SKEWED = "\0\0skewed"


def _is_key(text: str) -> Callable[[object], str]:
    def pick(node: object) -> str:
        return Form.TEXT.value if isinstance(node, str) else text

    return pick


def _form_of_delay(node: object) -> str:
    if not isinstance(node, dict):
        return Form.TEXT.value
    return Form.SKEWED.value if node.keys() & {"median", "p99"} else Form.RANGE.value


def form_of_several(node: object) -> str:
    """Name the form of something that may be there several times: one text, or a list of them."""
    return Form.SEVERAL.value if isinstance(node, list) else Form.TEXT.value


def form_of_failure(node: object) -> str:
    """Name the form of a failure: a word, an answer with a status, or how the connection dies."""
    if isinstance(node, str):
        return Form.TEXT.value
    return Form.DEATH.value if isinstance(node, dict) and node.keys() & set(DEATHS) else Form.MAPPING.value


def form_of_number(node: object) -> str:
    """Name the form of a number that a mapping can say in detail."""
    return Form.MAPPING.value if isinstance(node, dict) else Form.NUMBER.value


def form_of_identity(node: object) -> str:
    """Name the form of an identity: nobody, a name, or attributes."""
    if node is None:
        return Form.NULL.value
    return Form.TEXT.value if isinstance(node, str) else Form.MAPPING.value


def _read_duration(node: object) -> int:
    if isinstance(node, int | float) and not isinstance(node, bool):
        hint = f"write {node}ms" if 0 <= node < math.inf else "write a number and a unit: ms, s, m, h or d"
        raise PydanticCustomError("bad_duration", "{got} has no unit", {"got": str(node), "hint": hint})
    if not isinstance(node, str):
        raise PydanticCustomError("string_type", "not a text")
    try:
        return parse_duration(node)
    except InvalidDurationError as error:
        raise PydanticCustomError("bad_duration", "{got}", {"got": str(error)}) from error


def read_whole(node: object) -> object:
    """Return a whole number that is written with a point as one without."""
    return int(node) if isinstance(node, float) and node.is_integer() else node


def _mapping_or_text(node: object) -> object:
    if isinstance(node, dict | str):
        return node
    raise PydanticCustomError("document_type", "no mapping")


def _fields(node: object) -> object:
    if node is None or isinstance(node, dict | str):
        return node
    raise PydanticCustomError("fields_type", "no mapping")


def _text(node: object) -> object:
    if isinstance(node, str):
        return node
    raise PydanticCustomError("string_type", "not a text")


def _limit(node: object) -> object:
    if node is None or isinstance(node, str):
        return node
    if isinstance(node, bool) or not isinstance(node, int | float):
        raise PydanticCustomError("float_type", "no number")
    if not node >= 0:
        raise PydanticCustomError("bad_limit", "less than 0")
    return node


text_or_mapping = _is_key(Form.MAPPING.value)

Whole = Annotated[StrictInt, BeforeValidator(read_whole)]
Number = Annotated[float, Field(strict=True)]
AdminKey = Annotated[StrictStr, Field(pattern=r"^[^|]+\|.+$")]

Duration = Annotated[
    int,
    BeforeValidator(_read_duration),
    JsonSchema({"type": "string", "pattern": DURATION_PATTERN, "minLength": 1, "examples": ["250ms", "3s", "1m30s"]}),
]
AnyValue = Annotated[
    Any, JsonSchema({"description": "A Convex value; {$int64: 42} and {$bytes: AQID} write the rest."})
]
Document = Annotated[
    Any,
    BeforeValidator(_mapping_or_text),
    JsonSchema({"anyOf": [{"type": "object"}, {"type": "string"}], "description": "A document."}),
]
Key = Annotated[Any, BeforeValidator(_text), JsonSchema({"type": "string", "description": "The id of a document."})]
Limit = Annotated[
    Any,
    BeforeValidator(_limit),
    JsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}, {"type": "null"}]}),
]
Fields = Annotated[
    Any,
    BeforeValidator(_fields),
    JsonSchema(
        {
            "anyOf": [{"type": ["object", "string"]}, {"type": "null"}],
            "description": "Fields and their types: {body: string, likes: int64?}.",
        }
    ),
]
AnyArgs = Annotated[dict[str, Any], Field(description="Arguments that must be there, compared deeply and partially.")]


class Written(BaseModel):
    """What every part has in common: an unknown key is an error, and nothing is converted silently."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, defer_build=True
    )  # most forms are parts of others, never built


class RangeForm(Written):
    """A delay anywhere between two bounds."""

    min: Duration
    max: Duration


class SkewedForm(Written):
    """A delay as latencies are: half below `median`, 99 of 100 below `p99`."""

    median: Duration
    p99: Duration


DelayForm: TypeAlias = Annotated[
    Annotated[Duration, Tag(Form.TEXT.value)]
    | Annotated[RangeForm, Tag(Form.RANGE.value)]
    | Annotated[SkewedForm, Tag(Form.SKEWED.value)],
    Discriminator(_form_of_delay),
]

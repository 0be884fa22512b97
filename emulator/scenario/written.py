"""The written form of a scenario file: what users type, as pydantic models, from which the JSON Schema comes.

Short forms and long forms are told apart by the kind of YAML node, never by trying one after the other, so that
every mistake has one place and one message.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, StrictBool, StrictInt, StrictStr, Tag
from pydantic import WithJsonSchema as JsonSchema
from pydantic_core import PydanticCustomError

from emulator.model.logs import LogLevel
from emulator.values.durations import InvalidDurationError, parse_duration

_AMOUNT = r"[0-9]+(\.[0-9]+)?"
DURATION_PATTERN = "^" + "".join(f"({_AMOUNT}{unit})?" for unit in ("d", "h", "m", "s", "ms")) + "$"
FAILURE_NAMES = ("overloaded", "internal", "unauthorized", "forbidden", "not_found", "rate_limited")
LOG_LEVELS = tuple(level.value.lower() for level in LogLevel)


class Form(Enum):
    """Names of short and long forms; in an error's path they begin with a mark that no key begins with."""

    TEXT = "\0\0text"
    MAPPING = "\0\0mapping"
    NULL = "\0\0null"
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


def _form_of_identity(node: object) -> str:
    if node is None:
        return Form.NULL.value
    return Form.TEXT.value if isinstance(node, str) else Form.MAPPING.value


def _read_duration(node: object) -> int:
    if isinstance(node, int | float) and not isinstance(node, bool):
        raise PydanticCustomError("bad_duration", "{got} has no unit", {"got": str(node), "hint": f"write {node}ms"})
    if not isinstance(node, str):
        raise PydanticCustomError("string_type", "not a text")
    try:
        return parse_duration(node)
    except InvalidDurationError as error:
        raise PydanticCustomError("bad_duration", "{got}", {"got": str(error)}) from error


def _read_whole(node: object) -> object:
    return int(node) if isinstance(node, float) and node.is_integer() else node


_text_or_mapping = _is_key(Form.MAPPING.value)

Whole = Annotated[StrictInt, BeforeValidator(_read_whole)]
AdminKey = Annotated[StrictStr, Field(pattern=r"^[^|]+\|.+$")]

Duration = Annotated[
    int,
    BeforeValidator(_read_duration),
    JsonSchema({"type": "string", "pattern": DURATION_PATTERN, "minLength": 1, "examples": ["250ms", "3s", "1m30s"]}),
]
AnyValue = Annotated[
    Any, JsonSchema({"description": "A Convex value; {$int64: 42} and {$bytes: AQID} write the rest."})
]
AnyArgs = Annotated[dict[str, Any], Field(description="Arguments that must be there, compared deeply and partially.")]


class Written(BaseModel):
    """What every part has in common: an unknown key is an error, and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class ErrorForm(Written):
    """What the function throws: with `data` a ConvexError, without it an Error called `name`."""

    message: StrictStr | None = None
    data: AnyValue = None
    name: StrictStr | None = None


class FailureForm(Written):
    """An answer of the infrastructure instead of the function's."""

    status: Annotated[StrictInt, Field(ge=400, le=599), BeforeValidator(_read_whole)]
    code: StrictStr | None = None
    message: StrictStr | None = None


ThrownForm: TypeAlias = Annotated[
    Annotated[StrictStr, Tag(Form.TEXT.value)] | Annotated[ErrorForm, Tag(Form.MAPPING.value)],
    Discriminator(_text_or_mapping),
]
FailedForm: TypeAlias = Annotated[
    Annotated[Literal[FAILURE_NAMES], Tag(Form.TEXT.value)]  # type: ignore[valid-type]  # the one list of names
    | Annotated[FailureForm, Tag(Form.MAPPING.value)],
    Discriminator(_text_or_mapping),
]


class LogForm(Written):
    """A log line of one level; a list holds several arguments of one console call."""

    log: AnyValue = None
    debug: AnyValue = None
    info: AnyValue = None
    warn: AnyValue = None
    error: AnyValue = None


LogLineForm: TypeAlias = Annotated[
    Annotated[StrictStr, Tag(Form.TEXT.value)] | Annotated[LogForm, Tag(Form.MAPPING.value)],
    Discriminator(_text_or_mapping),
]


class WhenForm(Written):
    """What a call must have for the rule to answer."""

    args: AnyArgs | None = None
    identity: Annotated[
        Annotated[None, Tag(Form.NULL.value)]
        | Annotated[StrictStr, Tag(Form.TEXT.value)]
        | Annotated[dict[str, Any], Tag(Form.MAPPING.value)],
        Discriminator(_form_of_identity),
    ] = None


class OutcomeForm(Written):
    """What a call gets: exactly one of `result`, `error` and `failure`."""

    result: AnyValue = None
    error: ThrownForm | None = None
    failure: FailedForm | None = None
    logs: list[LogLineForm] = []
    delay: DelayForm | None = None


class RuleForm(OutcomeForm):
    """A condition and what it answers; without `when` it always answers."""

    when: WhenForm | None = None


class FunctionForm(RuleForm):
    """A function: one rule written directly, or `rules`, or a `sequence`."""

    type: Literal["query", "mutation", "action"] | None = None
    rules: Annotated[list[RuleForm], Field(min_length=1)] | None = None
    sequence: Annotated[list[OutcomeForm], Field(min_length=1)] | None = None
    repeat: StrictBool = False


class DeploymentForm(Written):
    """What the deployment calls itself."""

    name: Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$", max_length=64)] | None = None
    type: Literal["dev", "prod"] = "dev"
    admin_keys: list[AdminKey] | None = None


class IdentityForm(Written):
    """A bearer token, and what functions see of its bearer."""

    token: Annotated[StrictStr, Field(min_length=1)]
    claims: dict[str, Any] = {}


class ScenarioForm(Written):
    """A scenario file."""

    description: StrictStr = ""
    include: list[StrictStr] = []
    seed: Whole = 0
    deployment: DeploymentForm = DeploymentForm()
    identities: dict[str, IdentityForm] | None = None
    vars: dict[str, Any] = {}
    functions: dict[str, FunctionForm] = {}

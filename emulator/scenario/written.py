"""The written form of a scenario file: what users type, as pydantic models, from which the JSON Schema comes."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from emulator.model.logs import LogLevel
from emulator.scenario.forms import (
    DEATHS,
    AnyArgs,
    AnyValue,
    DelayForm,
    Document,
    Duration,
    Fields,
    Form,
    Key,
    Limit,
    Number,
    Written,
    form_of_failure,
    form_of_identity,
    form_of_number,
    read_whole,
    text_or_mapping,
)

DEATH_NAMES = ("timeout", *DEATHS)
FAILURE_NAMES = ("overloaded", "internal", "unauthorized", "forbidden", "not_found", "rate_limited", *DEATH_NAMES)
LOG_LEVELS = tuple(level.value.lower() for level in LogLevel)

TableName = Annotated[StrictStr, Field(description="The name of a table.")]
Name = Annotated[StrictStr, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=64)]
Ordinal = Annotated[StrictInt, Field(ge=1), BeforeValidator(read_whole)]


class ErrorForm(Written):
    """What the function throws: with `data` a ConvexError, without it an Error called `name`."""

    message: StrictStr | None = None
    data: AnyValue = None
    name: StrictStr | None = None


class FailureForm(Written):
    """An answer of the infrastructure instead of the function's."""

    status: Annotated[StrictInt, Field(ge=400, le=599), BeforeValidator(read_whole)]
    code: StrictStr | None = None
    message: StrictStr | None = None


class AfterForm(Written):
    """How much of the answer is sent before: so many pieces of a stream, or so many bytes."""

    after_chunks: Annotated[StrictInt, Field(ge=0), BeforeValidator(read_whole)] | None = None
    after_bytes: Annotated[StrictInt, Field(ge=0), BeforeValidator(read_whole)] | None = None


class DeathForm(Written):
    """How the connection dies over the answer: it is closed, reset, or what comes is nonsense."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    disconnect: AfterForm | None = None
    reset: AfterForm | None = None
    malformed: AfterForm | None = None

    @model_validator(mode="before")
    @classmethod
    def _check_one(cls, node: object) -> object:
        if isinstance(node, dict) and len(node) > 1 and node.keys() <= cls.model_fields.keys():
            raise PydanticCustomError("exclusive", "{keys}", {"keys": " and ".join(node)})
        return node


ThrownForm: TypeAlias = Annotated[
    Annotated[StrictStr, Tag(Form.TEXT.value)] | Annotated[ErrorForm, Tag(Form.MAPPING.value)],
    Discriminator(text_or_mapping),
]
FailedForm: TypeAlias = Annotated[
    Annotated[Literal[FAILURE_NAMES], Tag(Form.TEXT.value)]  # type: ignore[valid-type]  # the one list of names
    | Annotated[FailureForm, Tag(Form.MAPPING.value)]
    | Annotated[DeathForm, Tag(Form.DEATH.value)],
    Discriminator(form_of_failure),
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
    Discriminator(text_or_mapping),
]


class CallForm(Written):
    """Which calls of the function, numbered from 1."""

    from_: Annotated[Ordinal, Field(alias="from")] = 1
    to: Ordinal | None = None
    every: Ordinal = 1


AskedIdentity: TypeAlias = Annotated[
    Annotated[None, Tag(Form.NULL.value)]
    | Annotated[StrictStr, Tag(Form.TEXT.value)]
    | Annotated[dict[str, Any], Tag(Form.MAPPING.value)],
    Discriminator(form_of_identity),
]
AskedCall: TypeAlias = Annotated[
    Annotated[Ordinal, Tag(Form.NUMBER.value)] | Annotated[CallForm, Tag(Form.MAPPING.value)],
    Discriminator(form_of_number),
]


class WhenForm(Written):
    """What a call must have for the rule to answer."""

    args: AnyArgs | None = None
    identity: AskedIdentity = None
    state: dict[str, Any] | None = None
    headers: dict[str, Any] | None = None
    call: AskedCall | None = None
    chance: Annotated[Number, Field(ge=0, le=1)] | None = None
    if_: Annotated[StrictStr | None, Field(alias="if")] = None


class OrderForm(Written):
    """By which field documents come, and in which direction."""

    by: Annotated[StrictStr, Field(min_length=1)]
    order: Literal["asc", "desc"] = "asc"


class QueryForm(Written):
    """Documents of a table."""

    table: TableName
    id: Key = None
    where: dict[str, Any] | None = None
    order: Annotated[
        Annotated[Literal["asc", "desc"], Tag(Form.TEXT.value)] | Annotated[OrderForm, Tag(Form.MAPPING.value)],
        Discriminator(text_or_mapping),
    ] = "asc"
    limit: Limit = None
    first: StrictBool = False
    unique: StrictBool = False
    paginate: StrictBool = False


class InsertForm(Written):
    """A document to insert; `as` names its id for what follows."""

    into: TableName
    document: Document
    as_: Annotated[Name | None, Field(alias="as")] = None


class PatchForm(Written):
    """Fields of a document to change."""

    table: TableName
    id: Key
    fields: Document


class ReplaceForm(Written):
    """A document to put in the place of another."""

    table: TableName
    id: Key
    document: Document


class DeleteForm(Written):
    """A document to delete."""

    table: TableName
    id: Key


class CallFunctionForm(Written):
    """Another function to call; `as` names what it returns for what follows."""

    function: StrictStr
    args: Document = {}
    as_: Annotated[Name | None, Field(alias="as")] = None


class AppendedForm(Written):
    """A message to append."""

    role: AnyValue = "user"
    content: AnyValue


class AppendForm(Written):
    """A message to append to a conversation of the gateway."""

    session: AnyValue
    message: AppendedForm


class ChannelChangeForm(Written):
    """What a channel of the gateway does from now on."""

    id: AnyValue
    status: AnyValue
    error: AnyValue = None


class SwitchForm(Written):
    """A fault to switch on or off."""

    name: StrictStr
    enabled: StrictBool


def _with_one_key(schema: dict[str, Any]) -> None:
    """Say in the JSON Schema that an effect has exactly one kind, and that no kind is null."""
    properties = schema["properties"]
    for key, each in properties.items():
        several = [form for form in each.pop("anyOf") if form != {"type": "null"}]
        properties[key] = several[0] if len(several) == 1 else {"anyOf": several}
    schema["oneOf"] = [{"required": [key]} for key in properties if key != "do"]
    schema["dependentRequired"] = {"after": ["do"], "do": ["after"]}


class EffectForm(Written):
    """One effect: exactly one of these keys, or `after` together with `do`."""

    model_config = ConfigDict(json_schema_extra=_with_one_key)

    insert: InsertForm | None = None
    patch: PatchForm | None = None
    replace: ReplaceForm | None = None
    delete: DeleteForm | None = None
    set: Annotated[dict[str, Any], Field(min_length=1)] | None = None
    call: CallFunctionForm | None = None
    log: LogLineForm | None = None
    append: AppendForm | None = None
    channel: ChannelChangeForm | None = None
    fault: SwitchForm | None = None
    after: Duration | None = None
    do: Annotated[list[EffectForm], Field(min_length=1)] | None = None


class OutcomeForm(Written):
    """What a call gets: exactly one of `result`, `query`, `error` and `failure`; `do` changes things before."""

    do: Annotated[list[EffectForm], Field(min_length=1)] | None = None
    result: AnyValue = None
    query: QueryForm | None = None
    error: ThrownForm | None = None
    failure: FailedForm | None = None
    logs: list[LogLineForm] = []
    delay: DelayForm | None = None


class RuleForm(OutcomeForm):
    """A condition and what it answers; without `when` it always answers."""

    when: WhenForm | None = None


class VariantForm(RuleForm):
    """Other answers of a function: one rule written directly, or `rules`, or a `sequence`."""

    rules: Annotated[list[RuleForm], Field(min_length=1)] | None = None
    sequence: Annotated[list[OutcomeForm], Field(min_length=1)] | None = None
    repeat: StrictBool = False


class FunctionForm(VariantForm):
    """A function: one rule written directly, or `rules`, or a `sequence`."""

    type: Literal["query", "mutation", "action"] | None = None
    visibility: Literal["public", "internal"] = "public"
    args: Fields = None
    returns: Fields = None
    variants: dict[str, VariantForm] = {}

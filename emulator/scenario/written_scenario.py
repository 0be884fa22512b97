"""The written form of a whole scenario file: its sections, and the forms of those that are not functions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, StrictBool, StrictInt, StrictStr, Tag
from pydantic import WithJsonSchema as JsonSchema

from emulator.expressions.locales import KNOWN_LOCALES
from emulator.scenario.forms import (
    AdminKey,
    DelayForm,
    Document,
    Duration,
    Fields,
    Form,
    Number,
    Whole,
    Written,
    form_of_several,
    read_whole,
)
from emulator.scenario.tree import SPEC
from emulator.scenario.written import EffectForm, FailedForm, FunctionForm, Ordinal

MAX_SEEDS = 1_000_000
MAX_RATE = 1_000_000

Count = Annotated[StrictInt, Field(ge=0), BeforeValidator(read_whole)]
Label = Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
Operations = Annotated[
    Annotated[StrictStr, Tag(Form.TEXT.value)]
    | Annotated[Annotated[list[StrictStr], Field(min_length=1)], Tag(Form.SEVERAL.value)],
    Discriminator(form_of_several),
]


class DeploymentForm(Written):
    """What the deployment calls itself."""

    name: Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$", max_length=64)] | None = None
    type: Literal["dev", "prod"] = "dev"
    admin_keys: list[AdminKey] | None = None
    env: dict[str, StrictStr] = {}


class IdentityForm(Written):
    """A bearer token, and what functions see of its bearer."""

    token: Annotated[StrictStr, Field(min_length=1)]
    claims: dict[str, Any] = {}


class TableForm(Written):
    """A table: its first documents, written out or made `count` times of one `document`, and what it takes."""

    fields: Fields = None
    documents: list[Document] = []
    count: Annotated[StrictInt, Field(ge=0, le=MAX_SEEDS), BeforeValidator(read_whole)] | None = None
    document: Document = None


class TimelineForm(Written):
    """Effects that come by themselves, so long after the scenario began."""

    at: Duration
    do: Annotated[list[EffectForm], Field(min_length=1)]


class ClockForm(Written):
    """When the scenario's time begins, and how fast it goes; left out, it is the machine's."""

    start: StrictStr | None = None
    rate: Annotated[Number, Field(gt=0, le=MAX_RATE)] = 1.0


class FaultForm(Written):
    """Something that goes wrong with many operations, while it is switched on."""

    name: Label
    on: Operations
    enabled: StrictBool = True
    chance: Annotated[Number, Field(ge=0, le=1)] | None = None
    after: Count = 0
    every: Ordinal = 1
    times: Ordinal | None = None
    delay: DelayForm | None = None
    failure: FailedForm | None = None
    bandwidth: Annotated[Ordinal, Field(description="Bytes a second.")] | None = None


class LimitForm(Written):
    """How often operations may be called."""

    name: Label | None = None
    on: Operations
    allow: Ordinal
    per: Duration
    by: Literal["identity", "session", "address", "everyone"] = "everyone"
    kind: Literal["bucket", "window"] = "bucket"


def _with_spec(schema: dict[str, Any]) -> None:
    """Say in the JSON Schema that one key among the functions names a function spec."""
    description = "A function spec, as npx convex function-spec writes it: all of its functions are there."
    schema["properties"] = {SPEC: {"type": "string", "minLength": 1, "description": description}}


class ScenarioForm(Written):
    """A scenario file."""

    description: StrictStr = ""
    include: list[StrictStr] = []
    seed: Whole = 0
    locale: Annotated[StrictStr, JsonSchema({"type": "string", "enum": list(KNOWN_LOCALES)})] = "en_US"
    clock: ClockForm | None = None
    deployment: DeploymentForm = DeploymentForm()
    identities: dict[str, IdentityForm] | None = None
    vars: dict[str, Any] = {}
    state: dict[str, Any] = {}
    tables: dict[str, TableForm] = {}
    timeline: list[TimelineForm] = []
    functions: Annotated[dict[str, FunctionForm], Field(json_schema_extra=_with_spec)] = {}
    http: dict[str, Any] | None = None
    faults: list[FaultForm] = []
    limits: list[LimitForm] = []
    gateway: dict[str, Any] = {}

"""What the control API answers with; endpoints return these, and the OpenAPI description is made of them."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from emulator.surfaces.control.rows import (
    CallRow,
    ChoiceRow,
    ConnectionRow,
    FaultRow,
    FunctionRow,
    InstanceRow,
    LimitRow,
    PlacedProblem,
    ProblemRow,
    RuleRow,
    ScenarioRow,
    TableRow,
    UnscriptedRow,
    VariantsRow,
)

Code: TypeAlias = Literal[
    "bad_request",
    "needs_token",
    "foreign",
    "demo",
    "not_found",
    "method_not_allowed",
    "has_problems",
    "cannot_begin",
    "too_many",
    "other_scenario",
    "no_instances",
    "name_taken",
    "cannot_listen",
    "ending",
    "too_large",
    "internal",
]


class Done(TypedDict):
    """It is done."""

    ok: Literal[True]


class Description(TypedDict):
    """A description of this API as OpenAPI has it."""

    openapi: Literal["3.1.0"]
    info: dict[str, str]
    paths: dict[str, dict[str, Any]]
    components: dict[str, dict[str, Any]]


class DemoFacts(TypedDict):
    """How many visitors of a demo have a world."""

    demo: Literal[True]
    worlds: int


class Health(TypedDict):
    """The emulator answers; the scenario and the revision are those in force."""

    demo: NotRequired[Literal[True]]
    worlds: NotRequired[int]
    status: Literal["ok"]
    version: str
    scenario: str
    revision: int


class Clock(TypedDict):
    """The scenario's time, and the next instant that anything waits for."""

    now: str
    rate: float
    paused: bool
    next: str | None


class Status(Health):
    """What is in force: faults that are on, and how many documents each table has."""

    file: str
    seed: int
    problems: int
    calls: int
    clock: Clock
    faults: list[str]
    tables: dict[str, int]


class Scenarios(TypedDict):
    """All scenarios."""

    scenarios: list[ScenarioRow]


class Problems(TypedDict):
    """What is wrong with the scenario files."""

    problems: list[ProblemRow]


class Functions(TypedDict):
    """What can be called, what nobody called, and what was called in vain."""

    functions: list[FunctionRow]
    unused: list[str]
    unscripted: list[UnscriptedRow]


class Faults(TypedDict):
    """All faults."""

    faults: list[FaultRow]


class SwitchedFault(TypedDict):
    """A fault as it is from now on."""

    name: str
    enabled: bool


class Limits(TypedDict):
    """All limits."""

    limits: list[LimitRow]


class Rules(TypedDict):
    """What was added, the newest first."""

    rules: list[RuleRow]


class AddedAt(TypedDict):
    """The id by which a rule is taken back, and the place that names it."""

    id: int
    place: str


class Choices(TypedDict):
    """What is chosen, the newest last."""

    chosen: list[ChoiceRow]


class Variants(Choices):
    """The variants of all operations, and what is chosen of them."""

    variants: list[VariantsRow]


class Calls(TypedDict):
    """Calls, the newest last; `total` are all that were chosen, `dropped` those that gave way to newer ones."""

    calls: list[CallRow]
    total: int
    dropped: int


class Verified(TypedDict):
    """Whether calls came as expected, and if not, how the one that is most like it differs."""

    ok: bool
    found: int
    expected: str
    nearest: NotRequired[str]
    dropped: NotRequired[int]


class State(TypedDict):
    """The state variables, as Convex encodes values in JSON."""

    state: dict[str, Any]


class Tables(TypedDict):
    """All tables."""

    tables: list[TableRow]


class TableDocuments(TypedDict):
    """Documents of a table, as Convex encodes values in JSON, the oldest first; `total` are all it has."""

    documents: list[dict[str, Any]]
    total: int


class Inserted(TypedDict):
    """The ids of documents that were inserted."""

    ids: list[str]


class Undone(TypedDict):
    """Whether there was a commit to take back."""

    undone: bool


class Connections(TypedDict):
    """All that are open, the oldest first."""

    connections: list[ConnectionRow]


class Instance(InstanceRow):
    """An instance with its keys."""

    admin_key: str | None
    gateway_token: str | None
    gateway_password: str | None
    token: str | None


class Instances(TypedDict):
    """All instances, the oldest first."""

    instances: list[InstanceRow]


class Ended(TypedDict):
    """How many instances were ended."""

    ended: int


class Restored(TypedDict):
    """Of which scenario a snapshot was, how many documents it had, and what began anew."""

    scenario: str
    documents: int
    anew: list[str]


class Error(TypedDict):
    """What went wrong, in a sentence, under a stable name, and what to do."""

    code: Code
    message: str
    hint: NotRequired[str]
    problems: NotRequired[list[PlacedProblem]]


class ErrorAnswer(TypedDict):
    """What every error is answered with."""

    error: Error

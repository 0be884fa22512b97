"""What lists of the control API's answers have in them, one thing each.

A text that is one of an enumeration's values, or of several texts, is ``Annotated`` with them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypeAlias, TypedDict

from emulator.model.gateway import ChannelStatus
from emulator.model.overlay import By
from emulator.model.rule import End
from emulator.scenario.problem import Severity

EndingName: TypeAlias = Literal[
    "returned",
    "replied",
    "responded",
    "threw",
    "failed",
    "limited",
    "passed",
    "unscripted",
    "unmatched",
    "wrong_type",
    "rejected",
    "uncomputable",
    "withheld",
]


class ScenarioRow(TypedDict):
    """A scenario."""

    name: str
    active: bool


class ProblemRow(TypedDict):
    """A problem of a scenario file; `slug` is its stable name."""

    file: str
    line: int
    column: int
    severity: Annotated[str, Severity]
    slug: str
    message: str
    expected: str | None
    hint: str | None


class PlacedProblem(ProblemRow):
    """A problem of a rule that was to be added."""

    place: str


class FunctionRow(TypedDict):
    """A function or an HTTP action, and how often the journal has it."""

    path: str
    type: Annotated[str, ("query", "mutation", "action", "http")] | None
    place: str
    rules: list[str]
    added: list[str]
    calls: int


class UnscriptedRow(TypedDict):
    """An operation that was called and is not there."""

    operation: str
    calls: int


class FaultRow(TypedDict):
    """A fault, how many calls it hit, and how many of those did not get all of it."""

    name: str
    on: list[str]
    enabled: bool
    hits: int
    missed: int
    place: str


class LimitRow(TypedDict):
    """A limit, and whose calls it counts together."""

    name: str
    on: list[str]
    allow: int
    by: Annotated[str, By]
    place: str


class RuleRow(TypedDict):
    """What was added to an operation, as it was given."""

    id: int
    operation: str
    place: str
    rule: dict[str, Any]


class ChoiceRow(TypedDict):
    """A variant that is chosen; without an identity for everybody."""

    operation: str
    variant: str
    identity: str | None


class VariantsRow(TypedDict):
    """The variants of an operation."""

    operation: str
    variants: list[str]


class WriteRow(TypedDict):
    """A document that a call wrote or deleted."""

    table: str
    id: str
    deleted: bool


class MismatchRow(TypedDict):
    """What a rule wants otherwise, in words."""

    path: str
    expected: str
    got: str


class NearMissRow(TypedDict):
    """A rule that did not answer."""

    rule: str
    mismatches: list[MismatchRow]


class CallRow(TypedDict):
    """A call and what became of it; `duration` is in milliseconds of the scenario's time."""

    number: int
    at: str
    operation: str
    type: Annotated[str, ("query", "mutation", "action")] | None
    args: dict[str, Any]
    identity: str | None
    outcome: EndingName | Annotated[str, End]
    duration: float
    revision: int
    rule: str | None
    writes: list[WriteRow]
    variant: str | None
    faults: list[str]
    detail: NotRequired[str]
    explanation: NotRequired[str]
    nearMisses: NotRequired[list[NearMissRow]]


class TableRow(TypedDict):
    """A table, and how many documents it has."""

    name: str
    documents: int


class ChannelRow(TypedDict):
    """A channel as it is from now on."""

    id: str
    status: Annotated[str, ChannelStatus]
    error: str | None


class ConnectionRow(TypedDict):
    """A stream or a socket that is open; `sync` is one of a live client."""

    id: int
    kind: Annotated[str, ("sync", "socket", "stream")]
    target: str
    since: str
    address: str | None


class InstanceRow(TypedDict):
    """An instance, without its keys."""

    id: str
    convex_url: str
    gateway_url: str
    site_url: str
    control_url: str
    scenario: str
    seed: int
    pid: int

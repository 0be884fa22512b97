"""The written form of the section `http`: HTTP actions, by method and path."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StrictBool

from emulator.scenario.forms import AnyValue, DelayForm, Number, Written
from emulator.scenario.written import AskedCall, AskedIdentity, EffectForm, FailedForm, LogLineForm, ThrownForm
from emulator.scenario.written_gateway import Anything, PaceForm


class ChunksForm(PaceForm):
    """How the pieces of a streamed body follow one another, and which they are, if the body is not to be split."""

    chunks: AnyValue = None


class HttpWhenForm(Written):
    """What a request must have for the rule to answer."""

    path: Anything = None
    query: dict[str, Any] | None = None
    body: Anything = None
    identity: AskedIdentity = None
    state: dict[str, Any] | None = None
    headers: dict[str, Any] | None = None
    call: AskedCall | None = None
    chance: Annotated[Number, Field(ge=0, le=1)] | None = None
    if_: Annotated[str | None, Field(alias="if", strict=True)] = None


class HttpOutcomeForm(Written):
    """What a request gets: an answer, an `error` or a `failure`; `do` changes things before."""

    do: Annotated[list[EffectForm], Field(min_length=1)] | None = None
    status: AnyValue = None
    headers: dict[str, Any] | None = None
    body: AnyValue = None
    stream: ChunksForm | None = None
    error: ThrownForm | None = None
    failure: FailedForm | None = None
    logs: list[LogLineForm] = []
    delay: DelayForm | None = None


class HttpRuleForm(HttpOutcomeForm):
    """A condition and what it answers; without `when` it always answers."""

    when: HttpWhenForm | None = None


class HttpVariantForm(HttpRuleForm):
    """Other answers of a route: one rule written directly, or `rules`, or a `sequence`."""

    rules: Annotated[list[HttpRuleForm], Field(min_length=1)] | None = None
    sequence: Annotated[list[HttpOutcomeForm], Field(min_length=1)] | None = None
    repeat: StrictBool = False


class HttpForm(HttpVariantForm):
    """A route: one rule written directly, or `rules`, or a `sequence`."""

    variants: dict[str, HttpVariantForm] = {}

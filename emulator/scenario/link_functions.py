"""One function of the written form to one function of the model."""

from __future__ import annotations

from typing import NamedTuple

from emulator.model.constant import Constant
from emulator.model.function import Function, FunctionType
from emulator.model.place import Place
from emulator.model.rule import (
    Condition,
    Outcome,
    Read,
    Result,
)
from emulator.scenario.link_conditions import ConditionReader
from emulator.scenario.link_errors import link_error
from emulator.scenario.link_patterns import PatternReader
from emulator.scenario.link_queries import link_query
from emulator.scenario.link_rules import AnswerForm, ScriptLinker, death_of, failure_of, link_variants
from emulator.scenario.link_validators import read_object, read_value
from emulator.scenario.link_values import ValueReader
from emulator.scenario.problem import Problem
from emulator.scenario.tree import Mapping, Sequence, Tree, sources_of
from emulator.scenario.uses import Use
from emulator.scenario.written import FunctionForm, OutcomeForm, RuleForm, VariantForm
from emulator.values.paths import FunctionPath

_OUTCOMES = ("result", "query", "error", "failure")


class Linked(NamedTuple):
    """What became of a function: None when it has problems; `uses` are the names it takes from other sections."""

    function: Function | None
    problems: list[Problem]
    uses: list[Use]


def link_function(path: FunctionPath, form: FunctionForm, tree: Mapping, place: Place) -> Linked:
    """Link a function whose form is sound."""
    reader = ValueReader(sources_of(tree))
    args = None if form.args is None else read_object(tree["args"], tree.value_place("args"), reader)
    returns = None if form.returns is None else read_value(tree["returns"], tree.value_place("returns"), reader)
    script = ScriptLinker(tree, form, place, reader, _Functions(tree, form, reader)).script()
    variants = link_variants(form.variants, tree, reader, _Functions)
    if script is None or reader.problems:
        return Linked(None, reader.problems, reader.uses)
    function_type = FunctionType[form.type.upper()] if form.type else None
    is_internal = form.visibility == "internal"
    return Linked(Function(path, script, place, function_type, args, returns, is_internal, variants), [], reader.uses)


def check_values(tree: Mapping) -> list[Problem]:
    """Return what is wrong with the values of a function whose form is not sound, so that it is told all the same."""
    reader = ValueReader(sources_of(tree))
    patterns = PatternReader(reader)
    parts: list[Tree] = [tree]
    for key in ("rules", "sequence"):
        several = tree.get(key)
        parts += several if isinstance(several, Sequence) else ()
    for part in parts:
        if not isinstance(part, Mapping):
            continue
        if "result" in part:
            reader.written(part["result"], part.value_place("result"))
        error, when = part.get("error"), part.get("when")
        if isinstance(error, Mapping) and "data" in error:
            reader.written(error["data"], error.value_place("data"))
        if isinstance(when, Mapping) and "args" in when:
            patterns.pattern(when["args"], when.value_place("args"))
    return reader.problems


class _Functions:
    """What scripts of functions have of their own: arguments are asked, values returned, errors thrown."""

    def __init__(self, tree: Mapping, form: VariantForm, reader: ValueReader) -> None:
        self.tree = tree
        self.form = form
        self.reader = reader
        self._conditions = ConditionReader(reader)

    def condition(self, form: AnswerForm, tree: Mapping) -> Condition | None:
        """Return what a rule asks."""
        return self._conditions.condition(form.when, tree.get("when")) if isinstance(form, RuleForm) else None

    def outcome(self, form: AnswerForm, tree: Mapping, place: Place) -> Outcome | None:
        """Return what a rule answers with; what it leaves out is taken from the function it belongs to."""
        assert isinstance(form, OutcomeForm)
        given = _given(form)
        if not given and _given(self.form) and (self.form.rules or self.form.sequence):
            form, tree, given = self.form, self.tree, _given(self.form)
        if len(given) > 1:
            second = max(given, key=tree.key_place)
            message = f"{' and '.join(given)} exclude each other"
            self.reader.note(tree.key_place(second), "outcome-conflict", message, hint="keep one of them")
            return None
        if not given and (
            form.do is not None or self.form.do is not None or death_of(form.failure or self.form.failure)
        ):
            return Result(Constant(None))
        if not given:
            hint = "write result: null for a function that returns nothing"
            expected = "result, query, error or failure"
            self.reader.note(place, "no-outcome", "nothing says what this answers", expected, hint)
            return None
        key = given[0]
        if key == "query":
            node = tree[key]
            assert form.query is not None
            assert isinstance(node, Mapping)
            return Read(link_query(form.query, node, self.reader))
        if key == "result":
            return Result(self.reader.written(tree[key], tree.value_place(key)))
        return link_error(form.error, tree, self.reader) if key == "error" else failure_of(form.failure)


def _given(form: OutcomeForm) -> list[str]:
    """Name the outcomes a form gives; null removes an error or a failure, but is a result, and a death is none."""
    given = form.model_fields_set
    named = [key for key in _OUTCOMES if key in given and (key == "result" or getattr(form, key) is not None)]
    return [key for key in named if key != "failure" or failure_of(form.failure) is not None]

"""One function of the written form to one function of the model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple, assert_never

from emulator.expressions.functions import DRAWING
from emulator.model.computed import Computed
from emulator.model.constant import Constant
from emulator.model.function import FirstMatch, Function, FunctionType, Script
from emulator.model.function import Sequence as CallSequence
from emulator.model.place import Place
from emulator.model.rule import (
    Delay,
    Failure,
    FixedDelay,
    Outcome,
    Read,
    Result,
    Rule,
    SkewedDelay,
    Thrown,
    UniformDelay,
)
from emulator.scenario.forms import RangeForm, SkewedForm
from emulator.scenario.link_conditions import ConditionReader
from emulator.scenario.link_effects import EffectReader
from emulator.scenario.link_patterns import PatternReader
from emulator.scenario.link_queries import link_query
from emulator.scenario.link_validators import read_object, read_value
from emulator.scenario.link_values import ValueReader
from emulator.scenario.problem import Problem
from emulator.scenario.tree import Mapping, Sequence, Tree, place_at
from emulator.scenario.uses import Use
from emulator.scenario.written import ErrorForm, FailureForm, FunctionForm, OutcomeForm, RuleForm
from emulator.values.paths import FunctionPath

_OUTCOMES = ("result", "query", "error", "failure")
_FAILURES = {
    "overloaded": Failure(503),
    "internal": Failure(500),
    "unauthorized": Failure(401),
    "forbidden": Failure(403),
    "not_found": Failure(404),
    "rate_limited": Failure(429),
}


class Linked(NamedTuple):
    """What became of a function: None when it has problems; `uses` are the names it takes from other sections."""

    function: Function | None
    problems: list[Problem]
    uses: list[Use]


def link_function(path: FunctionPath, form: FunctionForm, tree: Mapping, place: Place) -> Linked:
    """Link a function whose form is sound."""
    reader = ValueReader(tree.source)
    args = None if form.args is None else read_object(tree["args"], tree.value_place("args"), reader)
    returns = None if form.returns is None else read_value(tree["returns"], tree.value_place("returns"), reader)
    script = _Linker(tree, form, place, reader).script()
    if script is None or reader.problems:
        return Linked(None, reader.problems, reader.uses)
    function_type = FunctionType[form.type.upper()] if form.type else None
    return Linked(Function(path, script, place, function_type, args, returns), [], reader.uses)


def check_values(tree: Mapping) -> list[Problem]:
    """Return what is wrong with the values of a function whose form is not sound, so that it is told all the same."""
    reader = ValueReader(tree.source)
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


class _Linker:
    """Links one function; a node of its tree stands beside each part of its form."""

    def __init__(self, tree: Mapping, form: FunctionForm, place: Place, reader: ValueReader) -> None:
        self.tree = tree
        self.place = place
        self.form = form
        self.reader = reader
        self.conditions = ConditionReader(reader)
        self.effects = EffectReader(reader)
        self.streams: dict[str, int] = {}

    def script(self) -> Script | None:
        form, tree = self.form, self.tree
        self.check_conflicts()
        if form.sequence is not None:
            rules = self.rules(form.sequence, tree["sequence"])
            return CallSequence(tuple(rules), repeat=form.repeat)
        if form.rules is not None:
            return FirstMatch(tuple(self.rules(form.rules, tree["rules"])))
        rule = self.rule(form, tree, tree.place)
        return FirstMatch((replace(rule, place=self.place),)) if rule else None

    def check_conflicts(self) -> None:
        given = [key for key in ("rules", "sequence") if getattr(self.form, key) is not None]
        if len(given) > 1:
            self.conflict("sequence", "rules and sequence exclude each other", "keep one of the two")
        if given and self.form.when is not None:
            self.conflict("when", f"when cannot stand beside {given[0]}", "move it into a rule")
        if self.form.repeat and "sequence" not in given:
            self.conflict("repeat", "repeat needs a sequence", "write sequence: with the outcomes to repeat")

    def conflict(self, key: str, message: str, hint: str) -> None:
        self.reader.note(self.tree.key_place(key), "outcome-conflict", message, hint=hint)

    def rules(self, forms: Iterable[OutcomeForm], trees: Tree) -> list[Rule]:
        assert isinstance(trees, Sequence)
        linked = []
        for index, form in enumerate(forms):
            tree = trees[index]
            assert isinstance(tree, Mapping)
            rule = self.rule(form, tree, trees.item_place(index))
            if rule is not None:
                linked.append(rule)
        return linked

    def rule(self, form: OutcomeForm, tree: Mapping, place: Place) -> Rule | None:
        """Link one rule; what it leaves out is taken from the function it belongs to."""
        names = self.reader.names
        when = None
        if isinstance(form, RuleForm):
            when = self.conditions.condition(form.when, tree.get("when"))
        do_form, do_tree = (form, tree) if form.do is not None else (self.form, self.tree)
        effects = () if do_form.do is None else self.effects.effects(do_form.do, do_tree["do"])
        outcome = self.outcome(form, tree, place)
        logs_form, logs_tree = (form, tree) if form.logs else (self.form, self.tree)
        logs = self.effects.logs(logs_form.logs, logs_tree.get("logs"))
        self.reader.names = names
        delay_form, delay_tree = (form, tree) if form.delay is not None else (self.form, self.tree)
        delay = self.delay(delay_form, delay_tree)
        if outcome is None:
            return None
        rule = Rule(outcome, place, when, logs, delay, effects=effects)
        return replace(rule, stream=self.stream(tree)) if self.draws(rule) else rule

    def draws(self, rule: Rule) -> bool:
        """Whether a rule needs a stream of draws: for its delay, or for a function that it calls."""
        if rule.delay is not None and not isinstance(rule.delay, FixedDelay):
            return True
        if rule.when is not None and rule.when.chance is not None:
            return True
        if self.reader.problems:
            return False
        return any(not DRAWING.isdisjoint(each.compiled.calls) for each in rule.computed)

    def stream(self, tree: Mapping) -> str:
        """Name a rule's stream by what the rule says; equal rules are told apart by their order."""
        name = hashlib.blake2b(repr(tree).encode(), digest_size=8).hexdigest()
        number = self.streams.get(name, 0)
        self.streams[name] = number + 1
        return f"{name}.{number}"

    def outcome(self, form: OutcomeForm, tree: Mapping, place: Place) -> Outcome | None:
        given = _given(form)
        if not given and _given(self.form) and (self.form.rules or self.form.sequence):
            form, tree, given = self.form, self.tree, _given(self.form)
        if len(given) > 1:
            second = max(given, key=tree.key_place)
            message = f"{' and '.join(given)} exclude each other"
            self.reader.note(tree.key_place(second), "outcome-conflict", message, hint="keep one of them")
            return None
        if not given and form.do is not None:
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
        return self.thrown(form, tree) if key == "error" else self.failure(form, tree)

    def thrown(self, form: OutcomeForm, tree: Mapping) -> Thrown | None:
        error = form.error
        node, place = tree["error"], tree.value_place("error")
        if not isinstance(error, ErrorForm):
            return Thrown(self.message(node, place))
        assert isinstance(node, Mapping)
        text = self.message(node["message"], node.value_place("message")) if error.message is not None else None
        if "data" not in error.model_fields_set:
            if text is None:
                self.reader.note(place, "missing-key", "error has neither message nor data", "message or data")
                return None
            return Thrown(text, name=error.name or "Error")
        if error.name is not None:
            hint = "remove name, or data"
            self.reader.note(
                node.key_place("name"), "outcome-conflict", "an error with data is a ConvexError", hint=hint
            )
        return Thrown(text, self.reader.written(node["data"], node.value_place("data")), "ConvexError")

    def message(self, node: Tree, place: Place) -> str | Computed:
        written = self.reader.written(node, place)
        return written if isinstance(written, Computed) else str(written.value)

    def failure(self, form: OutcomeForm, _tree: Mapping) -> Failure:
        failure = form.failure
        if isinstance(failure, FailureForm):
            return Failure(failure.status, failure.code, failure.message)
        return _FAILURES[str(failure)]

    def delay(self, form: OutcomeForm, tree: Mapping) -> Delay | None:
        delay = form.delay
        match delay:
            case None:
                return None
            case RangeForm(min=shortest, max=longest):
                self.check_bounds(tree, shortest, longest, "min", "max")
                return UniformDelay(shortest, longest)
            case SkewedForm(median=median, p99=p99):
                self.check_bounds(tree, median, p99, "median", "p99")
                if median == 0:
                    place = place_at(tree, ("delay", "median"))
                    self.reader.note(place, "bad-delay", "median must be longer than 0ms", hint="write delay: 0ms")
                return SkewedDelay(median, p99)
            case int():
                return FixedDelay(delay)
            case _:
                assert_never(delay)

    def check_bounds(self, tree: Mapping, low: int, high: int, low_key: str, high_key: str) -> None:
        if low > high:
            place = place_at(tree, ("delay", low_key))
            message = f"{low_key} is longer than {high_key}"
            self.reader.note(place, "bad-delay", message, hint=f"exchange {low_key} and {high_key}")


def _given(form: OutcomeForm) -> list[str]:
    """Name the outcomes a form gives; null removes an error or a failure, but is a result."""
    given = form.model_fields_set
    return [key for key in _OUTCOMES if key in given and (key == "result" or getattr(form, key) is not None)]

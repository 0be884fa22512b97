"""Scripts: rules, sequences, and what rules of every kind have in common."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from collections.abc import Mapping as AnyMapping
from dataclasses import replace
from typing import Protocol, TypeAlias, TypeVar, assert_never

from emulator.expressions.functions import DRAWING
from emulator.model.effect import Effect
from emulator.model.function import FirstMatch, Script, Variant
from emulator.model.function import Sequence as CallSequence
from emulator.model.place import Place
from emulator.model.rule import (
    Condition,
    Death,
    Delay,
    End,
    Failure,
    FixedDelay,
    Outcome,
    Reply,
    Respond,
    Rule,
    SkewedDelay,
    UniformDelay,
)
from emulator.scenario.forms import DEATHS, DelayForm, RangeForm, SkewedForm
from emulator.scenario.link_effects import EffectReader
from emulator.scenario.link_values import ValueReader
from emulator.scenario.tree import Mapping, Sequence, Tree, place_at
from emulator.scenario.written import DEATH_NAMES, DeathForm, FailedForm, FailureForm, OutcomeForm, VariantForm
from emulator.scenario.written_gateway import ChatOutcomeForm, ChatVariantForm
from emulator.scenario.written_http import HttpOutcomeForm, HttpVariantForm

ScriptForm: TypeAlias = VariantForm | ChatVariantForm | HttpVariantForm
AnswerForm: TypeAlias = OutcomeForm | ChatOutcomeForm | HttpOutcomeForm
Written = TypeVar("Written", bound=ScriptForm)

_VARIANT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_FAILURES = {
    "overloaded": Failure(503),
    "internal": Failure(500),
    "unauthorized": Failure(401),
    "forbidden": Failure(403),
    "not_found": Failure(404),
    "rate_limited": Failure(429),
}


class Kind(Protocol):
    """What one kind of script has of its own."""

    def condition(self, form: AnswerForm, tree: Mapping) -> Condition | None:
        """Return what a rule asks."""

    def outcome(self, form: AnswerForm, tree: Mapping, place: Place) -> Outcome | None:
        """Return what a rule answers with; None where that was noted as a problem."""


def failure_of(failed: FailedForm | None) -> Failure | None:
    """Return what the infrastructure answers, None where it answers nothing of its own."""
    if isinstance(failed, FailureForm):
        return Failure(failed.status, failed.code, failed.message)
    return _FAILURES.get(failed) if isinstance(failed, str) else None


def death_of(failed: FailedForm | None) -> Death | None:
    """Return how the connection dies, None where it does not."""
    if isinstance(failed, str):
        return Death(End(failed)) if failed in DEATH_NAMES else None
    if not isinstance(failed, DeathForm):
        return None
    name = next((each for each in DEATHS if getattr(failed, each) is not None), DEATHS[0])
    after = getattr(failed, name)
    return Death(End(name), after.after_chunks, after.after_bytes) if after else Death(End(name))


def link_delay(delay: DelayForm | None, tree: Mapping, values: ValueReader) -> Delay | None:
    """Return what the key `delay` of `tree` writes."""
    match delay:
        case None:
            return None
        case RangeForm(min=shortest, max=longest):
            _check_bounds(tree, values, ("min", shortest), ("max", longest))
            return UniformDelay(shortest, longest)
        case SkewedForm(median=median, p99=p99):
            _check_bounds(tree, values, ("median", median), ("p99", p99))
            if median == 0:
                place = place_at(tree, ("delay", "median"))
                values.note(place, "bad-delay", "median must be longer than 0ms", hint="write delay: 0ms")
            return SkewedDelay(median, p99)
        case int():
            return FixedDelay(delay)
        case _:
            assert_never(delay)


def _check_bounds(tree: Mapping, values: ValueReader, low: tuple[str, int], high: tuple[str, int]) -> None:
    if low[1] > high[1]:
        place = place_at(tree, ("delay", low[0]))
        message = f"{low[0]} is longer than {high[0]}"
        values.note(place, "bad-delay", message, hint=f"exchange {low[0]} and {high[0]}")


class ScriptLinker:
    """Links one script; a node of its tree stands beside each part of its form."""

    def __init__(self, tree: Mapping, form: ScriptForm, place: Place, reader: ValueReader, kind: Kind) -> None:
        """Link `tree`, whose form is sound; the script stands at `place`."""
        self.tree = tree
        self.place = place
        self.form = form
        self.reader = reader
        self.kind = kind
        self.effects = EffectReader(reader)
        self.streams: dict[str, int] = {}
        self._shared: tuple[tuple[Effect, ...], frozenset[str]] | None = None

    def script(self) -> Script | None:
        """Return the script; None where it has problems."""
        form, tree = self.form, self.tree
        self._check_conflicts()
        if form.sequence is not None:
            rules = self._rules(form.sequence, tree["sequence"])
            return CallSequence(tuple(rules), repeat=form.repeat)
        if form.rules is not None:
            return FirstMatch(tuple(self._rules(form.rules, tree["rules"])))
        rule = self._rule(form, tree, tree.place)
        return FirstMatch((replace(rule, place=self.place),)) if rule else None

    def _check_conflicts(self) -> None:
        given = [key for key in ("rules", "sequence") if getattr(self.form, key) is not None]
        if len(given) > 1:
            self._conflict("sequence", "rules and sequence exclude each other", "keep one of the two")
        if given and self.form.when is not None:
            self._conflict("when", f"when cannot stand beside {given[0]}", "move it into a rule")
        if self.form.repeat and "sequence" not in given:
            self._conflict("repeat", "repeat needs a sequence", "write sequence: with the outcomes to repeat")

    def _conflict(self, key: str, message: str, hint: str) -> None:
        self.reader.note(self.tree.key_place(key), "outcome-conflict", message, hint=hint)

    def _rules(self, forms: Iterable[AnswerForm], trees: Tree) -> list[Rule]:
        assert isinstance(trees, Sequence)
        linked = []
        for index, form in enumerate(forms):
            tree = trees[index]
            assert isinstance(tree, Mapping)
            rule = self._rule(form, tree, trees.item_place(index))
            if rule is not None:
                linked.append(rule)
        return linked

    def _rule(self, form: AnswerForm, tree: Mapping, place: Place) -> Rule | None:
        """Link one rule; what it leaves out is taken from the function it belongs to."""
        names = self.reader.names
        when = self.kind.condition(form, tree)
        effects = self._effects(form, tree)
        outcome = self.kind.outcome(form, tree, place)
        logs_form, logs_tree = (form, tree) if form.logs else (self.form, self.tree)
        logs = self.effects.logs(logs_form.logs, logs_tree.get("logs"))
        self.reader.names = names
        delay_form, delay_tree = (form, tree) if form.delay is not None else (self.form, self.tree)
        delay = link_delay(delay_form.delay, delay_tree, self.reader)
        if outcome is None:
            return None
        rule = Rule(outcome, place, when, logs, delay, effects=effects, death=self._death(form))
        return replace(rule, stream=self._stream(tree)) if self._draws(rule) else rule

    def _effects(self, form: AnswerForm, tree: Mapping) -> tuple[Effect, ...]:
        """Return what a rule does; those who leave it out share what the script says."""
        if form.do is not None:
            return self.effects.effects(form.do, tree["do"])
        if self.form.do is None:
            return ()
        if self._shared is None:
            self._shared = self.effects.effects(self.form.do, self.tree["do"]), self.reader.names
        effects, self.reader.names = self._shared
        return effects

    def _draws(self, rule: Rule) -> bool:
        """Whether a rule needs a stream of draws: for its delay, or for a function that it calls."""
        if rule.delay is not None and not isinstance(rule.delay, FixedDelay):
            return True
        if isinstance(rule.outcome, Reply) or (isinstance(rule.outcome, Respond) and rule.outcome.pace is not None):
            return True
        if rule.when is not None and rule.when.chance is not None:
            return True
        if self.reader.problems:
            return False
        return any(not DRAWING.isdisjoint(each.compiled.calls) for each in rule.computed)

    def _stream(self, tree: Mapping) -> str:
        """Name a rule's stream by what the rule says; equal rules are told apart by their order."""
        name = hashlib.blake2b(repr(tree).encode(), digest_size=8).hexdigest()
        number = self.streams.get(name, 0)
        self.streams[name] = number + 1
        return f"{name}.{number}"

    def _death(self, form: AnswerForm) -> Death | None:
        return death_of(form.failure if form.failure is not None else self.form.failure)


def link_variants(
    forms: AnyMapping[str, Written],
    tree: Mapping,
    reader: ValueReader,
    kind: Callable[[Mapping, Written, ValueReader], Kind],
) -> tuple[Variant, ...]:
    """Return the variants of `tree`, whose form is sound; `kind` is what scripts of the function have of their own."""
    nodes = tree.get("variants")
    variants = []
    for name, node, place, _ in nodes.entries() if isinstance(nodes, Mapping) else ():
        assert isinstance(node, Mapping)
        if not _VARIANT_NAME.fullmatch(name):
            expected = "letters, digits, hyphens and underscores, at most 64, the first a letter"
            reader.note(place, "bad-id", f"{name[:80]!r} cannot be a variant", expected)
        script = ScriptLinker(node, forms[name], place, reader, kind(node, forms[name], reader)).script()
        if script is not None:
            variants.append(Variant(name, script))
    return tuple(variants)

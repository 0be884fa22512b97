"""Chat rules: what a message must have, and what it is answered with."""

from __future__ import annotations

from emulator.model.computed import CHAT_NAMES
from emulator.model.constant import Constant
from emulator.model.function import Function
from emulator.model.gateway import CHAT
from emulator.model.place import Place
from emulator.model.rule import Condition, Outcome, Pace, Reply, Unit
from emulator.scenario.link_conditions import ConditionReader
from emulator.scenario.link_rules import AnswerForm, ScriptLinker, death_of, failure_of, link_variants
from emulator.scenario.link_values import ValueReader
from emulator.scenario.tree import Mapping
from emulator.scenario.written_gateway import ChatForm, ChatOutcomeForm, ChatRuleForm, ChatVariantForm, PaceForm
from emulator.values.paths import FunctionPath


def link_chat(form: ChatForm, node: Mapping, place: Place, values: ValueReader) -> Function | None:
    """Link chat rules whose form is sound; None where they have problems."""
    names, values.names = values.names, CHAT_NAMES
    script = ScriptLinker(node, form, place, values, _Chats(node, form, values)).script()
    variants = link_variants(form.variants, node, values, _Chats)
    values.names = names
    return None if script is None else Function(FunctionPath(CHAT, ""), script, place, variants=variants)


class _Chats:
    """What chat scripts have of their own: messages are asked, replies given."""

    def __init__(self, tree: Mapping, form: ChatVariantForm, values: ValueReader) -> None:
        self._tree = tree
        self._form = form
        self._values = values
        self._conditions = ConditionReader(values)

    def condition(self, form: AnswerForm, tree: Mapping) -> Condition | None:
        """Return what a rule asks."""
        if not isinstance(form, ChatRuleForm):
            return None
        return self._conditions.chat_condition(form.when, tree.get("when"))

    def outcome(self, form: AnswerForm, tree: Mapping, place: Place) -> Outcome | None:
        """Return what a rule answers with; what it leaves out is taken from the chat it belongs to."""
        assert isinstance(form, ChatOutcomeForm)
        if not _answers(form) and _answers(self._form):
            form, tree = self._form, self._tree
        failure = failure_of(form.failure)
        has_reply = "reply" in form.model_fields_set
        if failure is not None and has_reply:
            message, hint = "reply and failure exclude each other", "keep one of them"
            self._values.note(tree.key_place("failure"), "outcome-conflict", message, hint=hint)
        if failure is not None:
            return failure
        if not has_reply and death_of(form.failure) is None and form.do is None:
            hint = "write reply: with what the agent says"
            self._values.note(place, "no-outcome", "nothing says what this answers", "reply or failure", hint)
            return None
        return self._reply(form, tree)

    def _reply(self, form: ChatOutcomeForm, tree: Mapping) -> Reply:
        values = self._values
        text = values.written(tree["reply"], tree.value_place("reply")) if "reply" in tree else Constant("")
        if isinstance(text, Constant) and not _is_text(text.value):
            place = tree.value_place("reply")
            values.note(
                place, "wrong-type", "reply: neither a text nor texts", "a text, or a list of texts, its pieces"
            )
        tokens = None
        if tree.get("tokens") is not None:
            tokens = values.written(tree["tokens"], tree.value_place("tokens"))
            if isinstance(tokens, Constant) and not (isinstance(tokens.value, float) and tokens.value >= 0):
                values.note(tree.value_place("tokens"), "wrong-type", "tokens: no count", "a number from 0 upward")
        pace = form.stream or self._form.stream
        return Reply(text, tokens, None if pace is None else self._pace(pace, tree))

    def _pace(self, form: PaceForm, tree: Mapping) -> Pace:
        if form.every is not None and form.rate is not None:
            owner = tree if "stream" in tree else self._tree
            message, hint = "every and rate exclude each other", "keep one of them"
            self._values.note(owner.value_place("stream"), "outcome-conflict", message, hint=hint)
        return Pace(Unit(form.by), form.first, form.every, form.rate)


def _answers(form: ChatOutcomeForm) -> bool:
    return "reply" in form.model_fields_set or form.failure is not None


def _is_text(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value))

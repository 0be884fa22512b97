"""The section `gateway` of the written form to the model's."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from collections.abc import Mapping as AnyMapping
from functools import partial
from typing import TypeVar

from emulator.model.gateway import (
    DEFAULT_AGENT,
    Access,
    Agent,
    Channel,
    ChannelStatus,
    CronJob,
    Gateway,
    Json,
    Message,
    Node,
    Pairing,
    Reconnect,
    Scope,
    Session,
)
from emulator.model.place import Place
from emulator.model.schedule import InvalidScheduleError, check_schedule
from emulator.scenario.forms import Written
from emulator.scenario.link_chat import link_chat
from emulator.scenario.link_values import ValueReader
from emulator.scenario.problem import did_you_mean
from emulator.scenario.tree import Mapping, Tree
from emulator.scenario.written_gateway import (
    AccessForm,
    AgentForm,
    ChannelForm,
    CronForm,
    GatewayForm,
    NodeForm,
    SessionForm,
)
from emulator.values.instants import InvalidInstantError, parse_instant
from emulator.values.session_keys import MAX_LENGTH, InvalidSessionKeyError, is_id, parse_session_key

Form = TypeVar("Form", bound=Written)
Part = TypeVar("Part")

_MAX_DEPTH = 64


def link_gateway(form: GatewayForm, node: Mapping, values: ValueReader) -> Gateway:
    """Link a gateway whose form is sound; what is wrong goes to the reader of values."""
    reader = _Reader(values)
    agents = reader.parts(node, "agents", form.agents, reader.agent)
    if DEFAULT_AGENT not in agents:
        agents = {DEFAULT_AGENT: Agent(DEFAULT_AGENT, "Main"), **agents}
    chat_node = node.get("chat")
    chat = None
    if form.chat is not None and isinstance(chat_node, Mapping):
        chat = link_chat(form.chat, chat_node, node.key_place("chat"), values)
    return Gateway(
        version=form.version,
        health=form.health,
        access=_access(form.auth),
        origins=tuple(form.cors.origins),
        agents=agents,
        sessions=reader.parts(node, "sessions", form.sessions, reader.session),
        channels=reader.parts(node, "channels", form.channels, reader.channel),
        chat=chat,
        nodes=reader.parts(node, "nodes", form.nodes, reader.node),
        pairing=Pairing(form.pairing.code, form.pairing.ttl),
        config=reader.json(node["config"], node.value_place("config")) if "config" in node else {},
        config_place=node.value_place("config") if "config" in node else None,
        cron=reader.parts(node, "cron", form.cron, partial(reader.job, agents)),
    )


def _access(form: AccessForm | None) -> Access:
    if form is None:
        return Access()
    tokens = {token: frozenset(Scope(each) for each in entry.scopes) for token, entry in form.tokens.items()}
    return Access(form.password, tokens)


class _Reader:
    """Reads the parts of a gateway."""

    def __init__(self, values: ValueReader) -> None:
        self._values = values

    def parts(
        self,
        node: Mapping,
        key: str,
        forms: AnyMapping[str, Form],
        read: Callable[[str, Form, Mapping, Place], Part],
    ) -> dict[str, Part]:
        """Read every part of a section."""
        return {name: read(name, forms[name], inner, place) for name, inner, place in _entries(node.get(key))}

    def agent(self, name: str, form: AgentForm, _node: Mapping, place: Place) -> Agent:
        self._check_id(name, place, "an agent")
        return Agent(name, form.name or name.title(), form.model, form.status, form.workspace, form.error)

    def session(self, key: str, form: SessionForm, node: Mapping, place: Place) -> Session:
        try:
            parse_session_key(key)
        except InvalidSessionKeyError as error:
            hint = "write agent:main:telegram:dm:123, in quotes"
            self._values.note(place, "bad-session-key", f"{key!r}: {error}", hint=hint)
        messages = []
        nodes = node.get("messages")
        for index, each in enumerate(form.messages):
            inner = nodes[index] if isinstance(nodes, list) else node
            at = self._instant(each.at, inner, "at") if isinstance(inner, Mapping) else None
            messages.append(Message(each.role, each.content, at))
        return Session(key, tuple(messages), self._instant(form.last_active, node, "last_active"))

    def channel(self, name: str, form: ChannelForm, node: Mapping, place: Place) -> Channel:
        self._check_id(name, place, "a channel")
        way = form.reconnect
        status = ChannelStatus(form.status)
        if form.error is not None and status is ChannelStatus.CONNECTED:
            message, hint = "a connected channel has no error", "write status: disconnected, or remove error"
            self._values.note(node.key_place("error"), "outcome-conflict", message, hint=hint)
        if way.error is not None and "becomes" in way.model_fields_set and way.becomes == "connected":
            message, hint = "error stands beside becomes: connected", "keep one of them"
            self._values.note(node.value_place("reconnect"), "outcome-conflict", message, hint=hint)
        reconnect = Reconnect(way.takes, ChannelStatus(way.becomes), way.error)
        return Channel(name, status, self._instant(form.last_activity, node, "last_activity"), form.error, reconnect)

    def node(self, name: str, form: NodeForm, node: Mapping, _place: Place) -> Node:
        seen = self._instant(form.last_seen, node, "last_seen")
        return Node(name, form.name or name, form.platform, form.status, tuple(form.capabilities), seen)

    def job(self, agents: Collection[str], name: str, form: CronForm, node: Mapping, place: Place) -> CronJob:
        if not name.strip() or len(name) > MAX_LENGTH:
            self._values.note(place, "bad-id", f"{name[:80]!r} cannot be a job", f"1 to {MAX_LENGTH} characters")
        if form.agent not in agents:
            expected, hint = f"one of: {', '.join(agents)}", did_you_mean(form.agent, agents)
            at = node.value_place("agent")
            self._values.note(at, "unknown-choice", f"there is no agent {form.agent!r}", expected, hint)
        try:
            check_schedule(form.schedule, form.timezone)
        except InvalidScheduleError as error:
            expected = 'five fields: minute, hour, day, month, day of the week, such as "0 9 * * 1-5"'
            self._values.note(node.value_place("schedule"), "bad-schedule", str(error), expected)
        run = form.run
        error_text = run.error or ("the run failed" if run.result == "error" else None)
        return CronJob(
            id=name,
            schedule=form.schedule,
            place=place,
            enabled=form.enabled,
            prompt=form.prompt,
            agent=form.agent,
            target=self.json(node["target"], node.value_place("target")) if "target" in node else None,
            timezone=form.timezone,
            single_instance=form.single_instance,
            takes=run.takes,
            reply=run.reply,
            error=error_text,
            fires=form.fires,
        )

    def json(self, tree: Tree, place: Place, depth: int = 0) -> Json:
        """Return plain JSON."""
        if depth > _MAX_DEPTH:
            self._values.note(place, "too-deep", f"nested more than {_MAX_DEPTH} levels deep")
            return None
        if isinstance(tree, Mapping):
            return {each.key: self.json(each.value, each.value_place, depth + 1) for each in tree.entries()}
        if isinstance(tree, list):
            places = (tree.item_place(index) for index in range(len(tree)))
            return [self.json(each, at, depth + 1) for each, at in zip(tree, places, strict=True)]
        if isinstance(tree, float) and not math.isfinite(tree):
            self._values.note(place, "bad-value", "JSON has no such number")
            return None
        return tree

    def _instant(self, text: str | None, node: Mapping, key: str) -> int | None:
        if text is None:
            return None
        try:
            return parse_instant(text)
        except InvalidInstantError as error:
            expected = "a moment such as 2024-02-08T12:00:00Z"
            self._values.note(node.value_place(key), "bad-instant", str(error), expected)
            return None

    def _check_id(self, name: str, place: Place, what: str) -> None:
        if not is_id(name):
            expected = "letters, digits, dots, hyphens and underscores, at most 64"
            self._values.note(place, "bad-id", f"{name[:80]!r} cannot be {what}", expected)


def _entries(node: object) -> Iterator[tuple[str, Mapping, Place]]:
    for entry in node.entries() if isinstance(node, Mapping) else ():
        assert isinstance(entry.value, Mapping)
        yield entry.key, entry.value, entry.key_place

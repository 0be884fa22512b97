"""Sessions, channels, agents and nodes: what is there, and what can be done to it (contract openclaw §1.6-§1.9)."""

from __future__ import annotations

from collections import deque

from emulator.engine.draw import hex_digits
from emulator.engine.gateway import channels, nodes, sessions
from emulator.engine.gateway.config import value_at
from emulator.engine.gateway.pairing import draw_code, normal_code, pairing_url
from emulator.engine.gateway.settings import config
from emulator.engine.transaction import Transaction
from emulator.model.gateway import DEFAULT_MODEL, Agent, Channel, ChannelStatus, Gateway, Json, Node
from emulator.runtime.chat import Chats
from emulator.runtime.emulator import Emulator
from emulator.surfaces.openclaw.asked import Answer, Asked, json_answer
from emulator.surfaces.openclaw.codec import (
    DEFAULT_LIMIT,
    channel_row,
    history_page,
    node_row,
    read_count,
    read_object,
    read_optional_object,
    session_row,
)
from emulator.surfaces.openclaw.failures import forbidden, invalid_request, not_found, rate_limited
from emulator.surfaces.openclaw.qr import qr_data_uri
from emulator.values.durations import SECOND
from emulator.values.instants import format_instant
from emulator.values.session_keys import InvalidSessionKeyError, parse_session_key

_PLATFORMS = ("ios", "android", "macos", "linux", "windows")
_MAX_NAME = 100
_MAX_HOST = 255
_MAX_CAPABILITIES = 50
_TOKEN_DIGITS = 32
_MAX_MISSES = 10
_MISSES_WINDOW = 60 * SECOND


class ResourceEndpoints:
    """One method for each route."""

    def __init__(self, emulator: Emulator, chats: Chats) -> None:
        """Answer by the state of `emulator` and the runs of `chats`."""
        self._emulator = emulator
        self._chats = chats
        self._misses = _Misses()

    @property
    def _gateway(self) -> Gateway:
        return self._emulator.revision.scenario.gateway

    async def list_sessions(self, asked: Asked) -> Answer:
        """Answer GET /api/sessions."""
        query = asked.query
        limit, offset = read_count(query, "limit", None), read_count(query, "offset", 0, 0)
        rows = sessions.sessions(self._emulator.reading())
        if "agent" in query:
            rows = [row for row in rows if parse_session_key(row.key).agent == query["agent"]]
        if "channel" in query:
            rows = [row for row in rows if parse_session_key(row.key).channel == query["channel"]]
        rows = rows[offset or 0 :]
        return json_answer({"sessions": [session_row(row) for row in (rows if limit is None else rows[:limit])]})

    async def history(self, asked: Asked) -> Answer:
        """Answer GET /api/sessions/:key/history."""
        limit = read_count(asked.query, "limit", DEFAULT_LIMIT)
        key = asked.parameters["key"]
        messages = sessions.history(self._emulator.reading(), key)
        if messages is None:
            raise not_found(f"no session with key {key}")
        return json_answer(history_page(key, messages, limit or DEFAULT_LIMIT, asked.query.get("before")))

    async def delete_session(self, asked: Asked) -> Answer:
        """Answer DELETE /api/sessions/:key."""
        key = asked.parameters["key"]
        try:
            is_main = parse_session_key(key).is_main
        except InvalidSessionKeyError as error:
            raise not_found(f"no session with key {key}") from error
        if is_main:
            raise forbidden(f"the main session {key} cannot be deleted")
        if not self._chats.delete(key):
            raise not_found(f"no session with key {key}")
        return json_answer({"ok": True, "key": key, "deleted": True})

    async def list_channels(self, _asked: Asked) -> Answer:
        """Answer GET /api/channels."""
        return json_answer({"channels": [channel_row(row) for row in self.channel_rows()]})

    async def reconnect(self, asked: Asked) -> Answer:
        """Answer POST /api/channels/:id/reconnect."""
        name = asked.parameters["id"]
        rows = {row.id: row for row in self.channel_rows()}
        if name not in rows:
            raise not_found(f"no channel with id {name}")
        if rows[name].status is ChannelStatus.DISABLED:
            raise invalid_request(f"channel {name} is disabled", "id")
        defined = self._gateway.channels.get(name) or Channel(name)
        before = self._emulator.transact(lambda transaction: channels.reconnect(transaction, defined))
        assert before is not None
        status = ChannelStatus.CONNECTING.value
        return json_answer({"ok": True, "id": name, "status": status, "previousStatus": before.status.value})

    async def list_agents(self, _asked: Asked) -> Answer:
        """Answer GET /api/agents."""
        rows = []
        for place, agent in enumerate(self._gateway.agents.values()):
            row: dict[str, Json] = {"id": agent.id, "name": agent.name}
            if place == 0:
                row["default"] = True
            rows.append({**row, "status": self.status(agent), "model": self.model(agent), "workspace": agent.workspace})
        return json_answer({"agents": rows})

    async def agent_status(self, asked: Asked) -> Answer:
        """Answer GET /api/agents/:id/status."""
        name = asked.parameters["id"]
        agent = self._gateway.agents.get(name)
        if agent is None:
            raise not_found(f"no agent with id {name}")
        own = [row for row in sessions.sessions(self._emulator.reading()) if row.agent == name]
        answer: dict[str, Json] = {
            "id": name,
            "status": self.status(agent),
            "model": self.model(agent),
            "activeRuns": self._chats.active_runs(name),
            "queuedRuns": self._chats.queued_runs(name),
            "sessions": len(own),
        }
        if own:
            answer["lastActive"] = format_instant(own[0].last_active)
        if agent.error is not None and answer["status"] == "error":
            answer["error"] = agent.error
        return json_answer(answer)

    async def list_nodes(self, _asked: Asked) -> Answer:
        """Answer GET /api/nodes."""
        return json_answer({"nodes": [node_row(each) for each in nodes.nodes(self._emulator.reading())]})

    async def pair(self, asked: Asked) -> Answer:
        """Answer POST /api/nodes/pair."""
        read_optional_object(await asked.body())
        pairing = self._gateway.pairing
        seed = self._emulator.revision.scenario.seed

        def begin(transaction: Transaction) -> tuple[str, int]:
            code = pairing.code or draw_code(seed, nodes.codes_made(transaction))
            expires = transaction.now + pairing.ttl
            transaction.count_call(nodes.CODES)
            nodes.open_code(transaction, code, expires)
            return code, expires

        code, expires = self._emulator.transact(begin)
        host = (asked.request.headers.get("Host") or "localhost")[:_MAX_HOST]
        qr_code = qr_data_uri(pairing_url(f"http://{host}", code))
        return json_answer({"code": code, "qrCode": qr_code, "expiresAt": format_instant(expires)})

    async def redeem(self, asked: Asked) -> Answer:
        """Answer POST /api/nodes/pair/redeem; the code is the credential."""
        fields = read_object(await asked.body())
        code = fields.get("code")
        if not isinstance(code, str) or not code.strip():
            raise invalid_request("expected a pairing code", "code")
        name, platform, capabilities = _device(fields)

        def pair(transaction: Transaction) -> Node | None:
            number = transaction.count(nodes.NODES) + 1
            while transaction.read(nodes.NODES, f"node-{number}") is not None:
                number += 1
            node_id = f"node-{number}"
            node = Node(node_id, name or node_id, platform, "online", capabilities, transaction.now)
            redeemed = nodes.redeem(transaction, normal_code(code), node)
            if redeemed is not None:
                transaction.count_call(nodes.NODES)
            return redeemed

        self._misses.check(self._emulator.clock.now())
        node = self._emulator.transact(pair)
        if node is None:
            self._misses.count(self._emulator.clock.now())
            raise not_found("no pairing code like this; it may be used up or expired")
        token = hex_digits(self._emulator.revision.scenario.seed, "node token", node.id, _TOKEN_DIGITS)
        return json_answer({"node": node_row(node), "token": f"node_{token}"})

    async def delete_node(self, asked: Asked) -> Answer:
        """Answer DELETE /api/nodes/:id."""
        name = asked.parameters["id"]
        if not self._emulator.transact(lambda transaction: nodes.delete_node(transaction, name)):
            raise not_found(f"no node with id {name}")
        return json_answer({"ok": True, "id": name, "deleted": True})

    def status(self, agent: Agent) -> str:
        """Return what an agent is doing."""
        return "running" if self._chats.active_runs(agent.id) else agent.status

    def model(self, agent: Agent) -> Json:
        """Return the model an agent has, its own or the default of the config."""
        if agent.model is not None:
            return agent.model
        try:
            return value_at(config(self._emulator.reading()), "agents.defaults.model")
        except KeyError:  # it was removed
            return DEFAULT_MODEL

    def channel_rows(self) -> list[channels.Row]:
        """Return the channels in the order of the scenario; one that the config switches off is disabled."""
        tree = config(self._emulator.reading()).get("channels")
        order = {name: place for place, name in enumerate(self._gateway.channels)}
        known = channels.channels(self._emulator.reading())
        rows = []
        for row in sorted(known, key=lambda each: order.get(each.id, len(order))):
            written = tree.get(row.id) if isinstance(tree, dict) else None
            is_off = isinstance(written, dict) and written.get("enabled") is False
            rows.append(row._replace(status=ChannelStatus.DISABLED, error=None) if is_off else row)
        return rows


class _Misses:
    """The newest pairing codes that were no good: after ten of them in a minute, none is looked at for its rest."""

    def __init__(self) -> None:
        self._instants: deque[int] = deque(maxlen=_MAX_MISSES)

    def check(self, now: int) -> None:
        """Raise GatewayError while codes are not looked at."""
        if len(self._instants) == _MAX_MISSES and 0 <= now - self._instants[0] < _MISSES_WINDOW:
            rest = self._instants[0] + _MISSES_WINDOW - now
            raise rate_limited(-(-rest // SECOND), "too many wrong pairing codes; try again later")

    def count(self, now: int) -> None:
        """Take note of a code that is no good."""
        self._instants.append(now)


def _device(fields: Json) -> tuple[str | None, str, tuple[str, ...]]:
    """Return the name, platform and capabilities that a device says it has."""
    name, platform, capabilities = fields.get("name"), fields.get("platform"), fields.get("capabilities")
    if name is not None and not (isinstance(name, str) and 0 < len(name) <= _MAX_NAME):
        raise invalid_request(f"expected 1 to {_MAX_NAME} characters", "name")
    if platform is not None and platform not in _PLATFORMS:
        raise invalid_request(f"expected one of {', '.join(_PLATFORMS)}", "platform")
    given = [] if capabilities is None else capabilities
    if (
        not isinstance(given, list)
        or len(given) > _MAX_CAPABILITIES
        or not all(isinstance(each, str) for each in given)
    ):
        raise invalid_request("expected a list of texts", "capabilities")
    return name, platform or "ios", tuple(given)

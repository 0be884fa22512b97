"""Logging in and out, and the pages for people (contract openclaw §1.2, §1.3)."""

from __future__ import annotations

from urllib.parse import parse_qs

from emulator.model.gateway import Json
from emulator.runtime.emulator import Emulator
from emulator.surfaces.http import Reply
from emulator.surfaces.openclaw.asked import Answer, Asked, json_answer
from emulator.surfaces.openclaw.authorization import Cookie, check_origin, scopes_of
from emulator.surfaces.openclaw.codec import channel_row, read_object
from emulator.surfaces.openclaw.failures import GatewayError, invalid_request, wrong_secret
from emulator.surfaces.openclaw.logins import (
    CLEARING_COOKIE,
    FailedLogins,
    Logins,
    LoginSession,
    cookie_header,
    session_cookie,
)
from emulator.surfaces.openclaw.pages import (
    PAGE_HEADERS,
    AgentRow,
    ChannelRow,
    chat_page,
    login_page,
    overview_page,
    safe_next,
)
from emulator.surfaces.openclaw.resources import ResourceEndpoints
from emulator.values.instants import format_instant

_FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 100
_SEE_OTHER = 303


class DoorEndpoints:
    """Who comes in by cookie, and what browsers show."""

    def __init__(self, emulator: Emulator, logins: Logins, failed: FailedLogins, resources: ResourceEndpoints) -> None:
        """Keep the sessions of browsers in `logins`, and count wrong secrets in `failed`."""
        self._emulator = emulator
        self._logins = logins
        self._failed = failed
        self._resources = resources

    async def log_in(self, asked: Asked) -> Answer:
        """Answer POST /api/auth/login."""
        body = await asked.body()
        is_form = asked.request.headers.get("Content-Type", "").partition(";")[0].strip().lower() == _FORM
        is_json = body.lstrip().startswith(b"{")  # curl -d calls whatever it sends a form
        fields = _form(body) if is_form and not is_json else read_object(body)
        session = self._begin(asked, fields.get("password"))
        headers = {} if session is None else {"Set-Cookie": cookie_header(session.value)}
        answer: dict[str, Json] = {"ok": True}
        if session is not None:
            answer["expiresAt"] = format_instant(session.expires)
        return json_answer(answer, headers)

    async def log_out(self, asked: Asked) -> Answer:
        """Answer POST /api/auth/logout; a page of another origin must not log anybody out."""
        headers = asked.request.headers
        if "Cookie" in headers:
            origins = self._emulator.revision.scenario.gateway.origins
            check_origin(headers.get("Origin"), headers.get("Host"), origins)
        self._logins.end(_session_of(asked))
        return json_answer({"ok": True}, {"Set-Cookie": CLEARING_COOKIE})

    async def session(self, asked: Asked) -> Answer:
        """Answer GET /api/auth/session."""
        identity = asked.identity
        assert identity is not None
        answer: dict[str, Json] = {"authenticated": True, "method": identity.method}
        if isinstance(identity, Cookie):
            answer["expiresAt"] = format_instant(identity.session.expires)
        return json_answer(answer)

    async def login_form(self, asked: Asked) -> Answer:
        """Answer GET /login."""
        return _page(login_page(asked.query.get("next")))

    async def submit_login(self, asked: Asked) -> Answer:
        """Answer POST /login: onward, or the form again."""
        fields = _form(await asked.body())
        onward = fields.get("next")
        try:
            session = self._begin(asked, fields.get("password"))
        except GatewayError as error:
            return _page(login_page(onward, error.message), error.status)
        headers = {"Location": safe_next(onward)}
        if session is not None:
            headers["Set-Cookie"] = cookie_header(session.value)
        return Reply(_SEE_OTHER, b"", headers)

    async def overview(self, asked: Asked) -> Answer:
        """Answer GET /."""
        if self._is_stranger(asked):
            return _to_login("/")
        scenario = self._emulator.revision.scenario
        rows = [channel_row(row) for row in self._resources.channel_rows()]
        shown = [
            ChannelRow(row["id"], row["status"], row.get("lastActivity", ""), row.get("error", "")) for row in rows
        ]
        return _page(overview_page(scenario.gateway.version, scenario.name, self._agents(), shown))

    async def chat(self, asked: Asked) -> Answer:
        """Answer GET /chat."""
        if self._is_stranger(asked):
            return _to_login("/chat")
        return _page(chat_page(self._agents()))

    def _is_stranger(self, asked: Asked) -> bool:
        """Whether a browser has to log in before it sees anything."""
        if self._emulator.revision.scenario.gateway.access.is_open:
            return False
        return self._logins.find(_session_of(asked), self._emulator.clock.now()) is None

    def _agents(self) -> list[AgentRow]:
        agents = self._emulator.revision.scenario.gateway.agents.values()
        model, status = self._resources.model, self._resources.status
        return [AgentRow(each.id, each.name, status(each), str(model(each))) for each in agents]

    def _begin(self, asked: Asked, password: Json) -> LoginSession | None:
        """Begin a session for a secret that is right; a gateway that is open to everybody needs none."""
        if not isinstance(password, str) or not password:
            raise invalid_request("expected the password", "password")
        access = self._emulator.revision.scenario.gateway.access
        now = self._emulator.clock.now()
        if access.is_open:
            return self._logins.begin(now)
        address = asked.request.remote
        self._failed.check(address, now)
        scopes = scopes_of(access, password)
        if scopes is None:
            self._failed.count(address, now)
            raise wrong_secret("wrong password")
        return self._logins.begin(now, scopes)


def _session_of(asked: Asked) -> str | None:
    return session_cookie("; ".join(asked.request.headers.getall("Cookie", [])))


def _to_login(path: str) -> Reply:
    return Reply(_SEE_OTHER, b"", {"Location": f"/login?next={path}", "Cache-Control": "no-store"})


def _form(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise invalid_request(f"the form has more than {_MAX_FIELDS} fields") from error
    return {name: values[0] for name, values in fields.items()}


def _page(text: str, status: int = 200) -> Reply:
    return Reply(status, text.encode("utf-8", "replace"), dict(PAGE_HEADERS))

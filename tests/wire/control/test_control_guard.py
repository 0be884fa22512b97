"""Who may use the control API, and how it refuses."""

from __future__ import annotations

import asyncio
import json
import logging
import sys

import pytest

from emulator.app import GATEWAY, LOOPBACK, Listener
from emulator.surfaces.control.failures import ControlError
from emulator.surfaces.control.guard import check_caller, has_token
from tests.support.control import BEARER, PREFIX, TOKEN, Control
from tests.support.raw import connected, exchange, request_bytes
from tests.support.serving import world_of

OWN = frozenset({"127.0.0.1"})


async def routes_of(control: Control) -> list[tuple[str, str, bool]]:
    """Return method, path and whether it changes something, of every route."""
    described = await control.get("/openapi.json")
    return [
        (method.upper(), path.removeprefix(PREFIX).replace("{", "").replace("}", ""), "security" in operation)
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    ]


async def test_whatever_changes_something_needs_the_token(control: Control) -> None:
    routes = await routes_of(control)
    before = await control.get("/status")

    for method, path, changes in routes:
        body = {"timeout": "0ms"} if path == "/journal/wait" else None
        told = await control.ask(method, path, body) if path != "/journal/follow" else None
        if changes:
            assert told is not None
            assert told.error[:2] == (401, "needs_token"), (method, path)
            assert told.headers["WWW-Authenticate"] == "Bearer"
            assert "Authorization: Bearer" in told.hint
        else:
            assert told is None or told.status in {200, 400, 404}, (method, path)
    needing = {f"{method} {path}" for method, path, changes in routes if changes}
    assert {each for each in needing if each.startswith("GET ")} == {"GET /snapshot"}
    assert {each.partition(" ")[0] for each in needing} == {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert await control.get("/status") == before


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x"]
)
async def test_a_wrong_token_is_no_token(control: Control, given: str) -> None:
    told = await control.ask("POST", "/undo", headers={"Authorization": given})

    assert told.error[:2] == (401, "needs_token")


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER   {TOKEN} "])
def test_a_token_is_taken_in_any_spelling_of_its_scheme(header: str) -> None:
    assert has_token(header, TOKEN)
    assert not has_token("Bearer \udcff", TOKEN)


@pytest.mark.parametrize("headers", [{}, BEARER])
@pytest.mark.parametrize(
    "foreign",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:3210"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_web_page_is_refused_whatever_it_has(
    control: Control, headers: dict[str, str], foreign: dict[str, str]
) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        told = await control.ask(
            method, "/clock/pause" if method == "POST" else "/journal", None, {**headers, **foreign}
        )

        assert told.error[:2] == (403, "foreign")
        assert [name for name in told.headers if name.startswith("Access-Control")] == []


async def test_no_answer_has_headers_for_other_origins(control: Control) -> None:
    for told in (await control.ask("GET", "/health"), await control.ask("OPTIONS", "/health")):
        assert [name for name in told.headers if name.startswith("Access-Control")] == []
        assert told.headers["X-Content-Type-Options"] == "nosniff"
        assert told.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3210", "127.0.0.1.evil.example", "", "[::2]:80", "a:b:c"]
)
async def test_a_name_that_is_none_of_ours_is_refused(control: Control, host: str) -> None:
    request = request_bytes("GET", f"{PREFIX}/journal", headers={"Host": host})

    assert (await exchange(control.url, request, to="GET")).status == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:3210", "[::1]:3210", "[::1]"])
async def test_this_machine_may_read_by_any_of_its_names(control: Control, host: str) -> None:
    request = request_bytes("GET", f"{PREFIX}/journal", headers={"Host": host})

    assert (await exchange(control.url, request, to="GET")).status == 200


async def test_who_has_the_token_may_come_by_any_name(control: Control) -> None:
    request = request_bytes("GET", f"{PREFIX}/journal", headers={"Host": "emulator", **BEARER})

    assert (await exchange(control.url, request, to="GET")).status == 200


@pytest.mark.parametrize(("address", "may"), [("127.0.0.9", True), ("::1", True), ("::ffff:127.0.0.1", True)])
def test_loopback_may_read_without_a_token(address: str, may: bool) -> None:  # noqa: FBT001
    assert _reads(address) is may


@pytest.mark.parametrize("address", ["192.168.1.5", "10.0.0.1", "fe80::1%eth0", "::ffff:10.0.0.1", "nonsense", None])
def test_others_may_not_even_read_without_a_token(address: str | None) -> None:
    assert not _reads(address)
    check_caller({"Host": "x", **BEARER}, address, TOKEN, OWN, changes=True)


def _reads(address: str | None) -> bool:
    try:
        check_caller({"Host": "127.0.0.1:1"}, address, TOKEN, OWN, changes=False)
    except ControlError as error:
        return error.code != "needs_token"
    return True


async def test_what_is_not_there_is_told_with_what_to_do(control: Control) -> None:
    told = await control.ask("GET", "/nothing")

    assert told.error == (404, "not_found", f"nothing is at {PREFIX}/nothing")
    assert f"{PREFIX}/openapi.json" in told.hint
    assert (await control.ask("GET", "/")).error[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/status", "GET, HEAD"),
        ("DELETE", "/metrics", "GET, HEAD"),
        ("PUT", "/openapi.json", "GET, HEAD"),
        ("POST", "/journal/follow", "GET, HEAD"),
        ("GET", "/journal/verify", "POST"),
        ("GET", "/undo", "POST"),
        ("PURGE", "/journal", "DELETE, GET, HEAD"),
    ],
)
async def test_a_method_that_a_path_does_not_have_is_told_with_those_it_has(
    control: Control, method: str, path: str, allowed: str
) -> None:
    told = await control.ask(method, path, None, BEARER)

    assert told.error == (405, "method_not_allowed", f"{method} is not for {PREFIX}{path}")
    assert (told.headers["Allow"], told.hint) == (allowed, f"use {allowed}")


async def test_heads_have_no_body(control: Control) -> None:
    for path in ("/status", "/metrics", "/journal/follow", "/openapi.json"):
        told = await control.ask("HEAD", path)
        assert (told.status, told.body) == (200, b""), path


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "the body is not JSON"),
        (b"\xff", "the body is not JSON"),
        ([], "the body: expected an object"),
        (None, "enabled: this is missing"),
        ({"enabled": "yes"}, "enabled: input should be a valid boolean"),
        ({"enabled": True, "x": 1}, "x: there is no such key"),
    ],
)
async def test_a_body_that_cannot_be_understood_says_why(control: Control, body: object, message: str) -> None:
    status, code, told = await control.refusal("PUT", "/faults/outage", body)

    assert (status, code) == (400, "bad_request")
    assert told.startswith(message)


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(control: Control) -> None:
    head = request_bytes("POST", f"{PREFIX}/journal/verify", b"", {"Host": "localhost", "Content-Length": "99999999"})
    async with connected(control.url) as connection:
        await connection.send(head)
        answer = await connection.answer()

    assert (answer.status, answer.json["error"]["code"]) == (413, "too_large")


async def test_a_parameter_that_is_not_there_is_refused(control: Control) -> None:
    told = await control.ask("GET", "/journal?opertaion=x")

    assert told.error == (400, "bad_request", "there is no parameter 'opertaion'")
    assert told.hint == "did you mean 'operation'?"
    assert (await control.ask("GET", "/clock?x=1")).error[0] == 400


async def test_a_path_that_is_not_percent_encoded_as_it_should_be_is_refused(control: Control) -> None:
    for path in (b"/tables/%zz", b"/tables/%ff"):
        request = request_bytes("GET", PREFIX.encode() + path, headers={"Host": "localhost"})
        assert (await exchange(control.url, request, to="GET")).status == 400


async def test_both_listeners_have_it(control: Control) -> None:
    for name in ("convex", GATEWAY):
        async with control.client.get(f"{control.app.url(name)}{PREFIX}/health") as answer:
            assert (await answer.json())["status"] == "ok"


async def test_two_first_requests_at_once_are_both_answered(control: Control) -> None:
    for name in [each for each in sys.modules if each.startswith("emulator.surfaces.control.surface")]:
        del sys.modules[name]

    answers = await asyncio.gather(*(control.get("/health") for _ in range(8)))

    assert answers == [answers[0]] * 8
    assert world_of(control.app)._control is not None


async def test_a_bug_is_told_as_one(
    control: Control, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await control.get("/health")
    assert world_of(control.app)._control is not None
    monkeypatch.setattr("emulator.surfaces.control.surface.json_bytes", lambda _: 1 / 0)

    told = await control.ask("GET", "/health")

    assert told.error == (500, "internal", "a bug in the emulator; its log says more")
    assert "a bug in the emulator: GET /__emulator/health failed" in caplog.text
    caplog.clear()
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


def test_a_listener_for_everybody_is_called_by_its_own_name() -> None:
    check_caller({"Host": "0.0.0.0:1"}, "127.0.0.1", TOKEN, {Listener("x", "0.0.0.0", 0).host}, changes=False)  # noqa: S104
    assert json.loads(ControlError(400, "bad_request", "\udcff").body)["error"]["message"] == "?"
    assert LOOPBACK in OWN

"""What a failed function answers: always 200, its text, its data, its log lines (contract convex §4.3, §5)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.demo import DEMO
from tests.support.functions import query
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving

HEAD = re.compile(r"\[Request ID: [0-9a-f]{16}\] Server Error")


@pytest.fixture
async def production(tmp_path: Path) -> AsyncIterator[Served]:
    """Serve the scenario as a production deployment."""
    text = DEMO.replace("deployment: {", "deployment: {type: prod, ")
    async with serving(load_text(tmp_path, text)) as served:
        yield served


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("errors:plain", "Uncaught Error: out of tea"),
        ("errors:named", "Uncaught TypeError: no"),
        ("errors:text", "Uncaught ConvexError: Sign in"),
        ("errors:data", 'Uncaught ConvexError: {"code":"NO_TEA","left":"0n"}'),
        ("errors:both", "Uncaught ConvexError: Empty"),
    ],
)
async def test_a_thrown_error_says_what_was_thrown_under_its_request_id(served: Served, name: str, error: str) -> None:
    answer = await query(served, name)

    assert answer.error == error
    assert HEAD.match(answer.json["errorMessage"])
    assert answer.json["errorMessage"].endswith("\n")


@pytest.mark.parametrize(
    ("name", "data"),
    [("errors:text", "Sign in"), ("errors:data", {"code": "NO_TEA", "left": "0"}), ("errors:both", [1.0, None])],
)
async def test_a_convex_error_carries_its_data(served: Served, name: str, data: object) -> None:
    assert (await query(served, name)).json["errorData"] == data


@pytest.mark.parametrize("name", ["errors:plain", "errors:named", "no:such"])
async def test_any_other_error_carries_none(served: Served, name: str) -> None:
    assert "errorData" not in (await query(served, name)).json


async def test_log_lines_come_with_results_and_with_errors(served: Served) -> None:
    assert (await query(served, "logs:some")).json["logLines"] == ["[LOG] 'hi'", "[WARN] 'low stock' { left: 2 }"]
    assert (await query(served, "errors:plain")).json["logLines"] == ["[ERROR] 'soon'"]


@pytest.mark.parametrize("name", ["jobs/nightly", "errors:data", "jobs:status"])
async def test_log_lines_are_there_even_when_there_are_none(served: Served, name: str) -> None:
    assert (await query(served, name)).json["logLines"] == []


@pytest.mark.parametrize(
    ("name", "told"),
    [("no:such", "no:such is not scripted"), ("messages:send", "messages:send (")],
)
async def test_a_call_that_nothing_answers_says_why_in_the_console_of_its_client(
    served: Served, name: str, told: str
) -> None:
    answer = await query(served, name)
    (line,) = answer.json["logLines"]
    assert line.startswith(f"[WARN] '{told}")
    assert line[len("[WARN] '") : -1] == answer.headers["X-Emulator-Miss"]


async def test_a_call_that_no_rule_wants_is_an_error_that_says_why(tmp_path: Path) -> None:
    text = "functions: {f:g: {when: {args: {channel: general}}, result: 1}}"
    async with serving(load_text(tmp_path, text)) as served:
        error = (await query(served, "f:g", {"channel": "random"})).error

    assert "f:g" in error
    assert 'args.channel: expected "general", got "random"' in error


async def test_the_clients_request_id_is_shown(served: Served) -> None:
    answer = await query(served, "errors:plain", headers={"Convex-Request-Id": "my-own-id"})

    assert answer.json["errorMessage"].startswith("[Request ID: my-own-id] Server Error\nUncaught Error: out of tea\n")


@pytest.mark.parametrize("headers", [{}, {"Convex-Request-Id": ""}])
async def test_without_one_each_request_has_an_id_of_its_own(served: Served, headers: dict[str, str]) -> None:
    texts = [(await query(served, "errors:plain", headers=headers)).json["errorMessage"] for _ in range(3)]

    assert all(HEAD.match(text) for text in texts)
    assert len(set(texts)) == 3


async def test_a_very_long_request_id_is_not_repeated_in_full(served: Served) -> None:
    answer = await query(served, "errors:plain", headers={"Convex-Request-Id": "x" * 5000})

    assert len(answer.json["errorMessage"]) < 1000


@pytest.mark.parametrize("name", ["errors:plain", "errors:data", "no:such", "messages:send", "_system/x:y"])
async def test_production_hides_the_text_of_every_error(production: Served, name: str) -> None:
    answer = await query(production, name)

    assert answer.status == 200
    assert HEAD.fullmatch(answer.json["errorMessage"])
    assert answer.json["logLines"] == []


async def test_production_hides_the_text_of_bad_arguments_and_of_a_miss(production: Served) -> None:
    for name, args in [("messages:list", [1]), ("only:admins", {"x": {"$x": 1}})]:
        assert HEAD.fullmatch((await query(production, name, args)).json["errorMessage"])


async def test_production_hides_log_lines_of_results(production: Served) -> None:
    assert (await query(production, "logs:some")).json == {"status": "success", "value": 1.0, "logLines": []}


async def test_production_never_hides_error_data(production: Served) -> None:
    answer = await query(production, "errors:data", headers={"Convex-Request-Id": "abc"})

    assert answer.json["errorData"] == {"code": "NO_TEA", "left": "0"}
    assert answer.json["errorMessage"] == "[Request ID: abc] Server Error"


async def test_production_hides_nothing_from_admins(production: Served, admin: dict[str, str]) -> None:
    failed = await query(production, "errors:plain", headers=admin)
    logged = await query(production, "logs:some", headers=admin)

    assert failed.error == "Uncaught Error: out of tea"
    assert failed.json["logLines"] == ["[ERROR] 'soon'"]
    assert len(logged.json["logLines"]) == 2


async def test_a_user_is_no_admin_to_production(production: Served) -> None:
    user = {"Authorization": "Bearer e30.eyJpc3MiOiJ4Iiwic3ViIjoieSJ9."}

    assert HEAD.fullmatch((await query(production, "errors:plain", headers=user)).json["errorMessage"])

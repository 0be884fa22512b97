"""Routes for the holders of an admin key: who is let in, and that limits and faults reach them (contract §3.2)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emulator.engine.plan import Passed
from emulator.surfaces.convex.late_routes import FOR_ADMINS
from tests.support.clocks import WatchedClock
from tests.support.functions import Answer, send
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving

DEPLOYMENT = 'deployment: {name: demo-otter, admin_keys: ["demo-otter|s3cret"]}\n'
GOOD = {"Authorization": "Convex demo-otter|s3cret"}
PATH = "/api/test_streaming_export_connection"
ROUTES = [(method, path) for _, rows in FOR_ADMINS for method, path, _ in rows]
DOUBLE_CHECK = "Double check that the environment this key was generated for matches the desired deployment."
REFUSALS = {
    "none": (None, 403, "BadDeployKey", f"The provided deploy key was invalid for this deployment. {DOUBLE_CHECK}"),
    "a user": (
        "Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJhIiwic3ViIjoiYiJ9.YQ",
        403,
        "BadDeployKey",
        f"The provided deploy key was invalid for this deployment. {DOUBLE_CHECK}",
    ),
    "of another deployment": (
        "Convex other-otter|s3cret",
        403,
        "BadDeployKey",
        f"The provided deploy key was invalid for deployment 'demo-otter'. {DOUBLE_CHECK}",
    ),
    "wrong": (
        "Convex demo-otter|wrong",
        401,
        "BadAdminKey",
        "The provided admin key was invalid for this instance",
    ),
    "another scheme": ("Basic dXNlcjpwYXNz", 400, "InvalidAdminKey", "Invalid admin key"),
    "too short": ("Conv", 400, "InvalidHeaderFailure", "Invalid authentication header"),
}


async def ask(served: Served, headers: dict[str, str] = GOOD, path: str = PATH, by: str = "GET") -> Answer:
    return await send(served, path, None, headers, by=by)


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_only_an_admin_key_of_this_deployment_opens_a_route(served: Served, method: str, path: str) -> None:
    for given, (header, *refusal) in REFUSALS.items():
        answer = await ask(served, {"Authorization": header} if header else {}, path, method)

        assert list(answer.refusal) == refusal, given
        assert answer.headers["Vary"].startswith("origin")


@pytest.mark.parametrize("key", ["demo-otter|s3cret", "prod:demo-otter|s3cret", "dev:demo-otter|s3cret"])
async def test_the_key_opens_it_with_and_without_the_kind_of_its_deployment(served: Served, key: str) -> None:
    assert (await ask(served, {"Authorization": f"Convex {key}"})).json is None
    assert (await send(served, f"{PATH}?adminKey={key}", by="GET")).json is None


async def test_a_preflight_needs_no_key(served: Served) -> None:
    asked = {"Origin": "http://a.example", "Access-Control-Request-Method": "GET"}

    answer = await ask(served, asked, by="OPTIONS")

    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "http://a.example"


async def test_another_method_is_not_allowed(served: Served) -> None:
    answer = await ask(served, by="DELETE")

    assert (answer.status, answer.body, answer.headers["Allow"]) == (405, b"", "GET,HEAD")


async def test_what_is_let_in_is_in_the_journal_and_what_is_not_is_not(served: Served) -> None:
    await ask(served, {})
    answer = await ask(served)

    (entry,) = served.emulator.journal
    assert entry.call.operation == f"GET {PATH}"
    assert isinstance(entry.decision.plan[-1].ending, Passed)  # type: ignore[union-attr]
    assert answer.headers["X-Emulator-Call"] == str(entry.number)


@pytest.mark.parametrize("on", [f'"GET {PATH}"', '"*"', '"GET /api/*"'])
async def test_faults_and_limits_are_laid_over_it(tmp_path: Path, on: str) -> None:
    clock = WatchedClock()
    text = f"""
faults:
  - {{name: down, on: {on}, times: 1, failure: {{status: 503, code: WorkerOverloaded, message: later}}}}
  - {{name: torn, on: {on}, after: 1, times: 1, failure: malformed}}
limits: [{{on: {on}, allow: 3, per: 10s}}]
"""
    async with serving(load_text(tmp_path, DEPLOYMENT + text), clock) as served:
        answers: list[Any] = [await ask(served) for _ in range(4)]

    assert answers[0].refusal == (503, "WorkerOverloaded", "later")
    assert answers[1].body != b"null"
    assert answers[2].body == b"null"
    assert answers[3].refusal[:2] == (429, "TooManyConcurrentRequests")
    assert len(served.emulator.journal) == 4


async def test_a_key_without_the_permission_is_what_a_fault_makes_of_any(tmp_path: Path) -> None:
    async with serving(
        load_text(tmp_path, f'{DEPLOYMENT}faults: [{{name: f, on: "*", failure: forbidden}}]')
    ) as served:
        answer = await ask(served)

    message = "You do not have permission to perform this operation."
    assert answer.refusal == (403, "OperationNotPermitted", message)


def test_starting_an_emulator_imports_none_of_it() -> None:
    modules = sorted({module for module, _ in FOR_ADMINS})
    code = f"import sys, emulator.app; print([each for each in {[each[0] for each in modules]} if each in sys.modules])"

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert shown.stdout.strip() == "[]"

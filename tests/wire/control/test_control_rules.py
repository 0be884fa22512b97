"""Rules added over the control API: in force at once, told like any other, and taken back."""

from __future__ import annotations

import pytest

from tests.support.control import Control


async def add(control: Control, operation: str, **rule: object) -> int:
    """Add a rule and return its id."""
    return int((await control.send("POST", "/rules", {"operation": operation, **rule}))["id"])


async def value(control: Control, name: str, **args: object) -> object:
    """Return what a function returns."""
    return (await control.call(name, args))["value"]


async def test_a_rule_is_in_force_once_it_is_added_and_until_it_is_removed(control: Control) -> None:
    told = await control.send("POST", "/rules", {"operation": "never:called", "result": 2})
    assert told == {"id": 1, "place": "added rule 1:1:1"}
    assert await value(control, "never:called") == 2
    assert await control.send("DELETE", "/rules/1") == {"ok": True}
    assert await value(control, "never:called") == 1


async def test_rules_are_listed_and_functions_tell_of_them(control: Control) -> None:
    await add(control, "jobs:steps", sequence=[{"result": "a"}])
    await add(control, "new:one", type="query", result={"n": 1})
    assert await control.get("/rules") == {
        "rules": [
            {
                "id": 2,
                "operation": "new:one",
                "place": "added rule 2:1:1",
                "rule": {"type": "query", "result": {"n": 1}},
            },
            {"id": 1, "operation": "jobs:steps", "place": "added rule 1:1:1", "rule": {"sequence": [{"result": "a"}]}},
        ]
    }
    rows = {each["path"]: each for each in (await control.get("/functions"))["functions"]}
    assert rows["jobs:steps"]["added"] == ["added rule 1:1:13"]
    assert rows["jobs:steps"]["rules"][0] == "added rule 1:1:13"
    assert rows["new:one"]["type"] == "query"
    assert rows["never:called"]["added"] == []


async def test_the_journal_and_the_headers_name_the_place_of_an_added_rule(control: Control) -> None:
    await add(control, "never:called", rules=[{"result": 2}])
    async with control.client.post(f"{control.url}/api/run/never/called", json={"args": {}}) as answer:
        assert answer.headers["X-Emulator-Rule"] == "added rule 1:1:10"
    (row,) = (await control.get("/journal"))["calls"]
    assert row["rule"] == "added rule 1:1:10"


async def test_an_error_that_is_added_has_its_place_in_the_stack(control: Control) -> None:
    await add(control, "never:called", error="out of milk")
    told = (await control.call("never:called"))["errorMessage"]
    assert "Uncaught Error: out of milk\n    at handler (added rule 1:1:1)" in told


async def test_what_does_not_link_is_refused_with_all_that_is_wrong(control: Control) -> None:
    told = await control.ask(
        "POST",
        "/rules",
        {"operation": "notes:list", "query": {"table": "nots"}, "when": {"identity": "Eda"}},
        {"Authorization": "Bearer token-of-the-tests"},
    )
    assert told.error == (400, "has_problems", "added rule 1:1:17: there is no table 'nots' (and 1 more)")
    assert told.hint == "did you mean 'notes'?"
    problems = told.json["error"]["problems"]
    assert [(each["slug"], each["place"], each["hint"]) for each in problems] == [
        ("unknown-table", "added rule 1:1:17", "did you mean 'notes'?"),
        ("unknown-identity", "added rule 1:1:43", "did you mean 'Ada'?"),
    ]
    assert await control.get("/rules") == {"rules": []}


async def test_a_reset_takes_back_what_was_added(control: Control) -> None:
    await add(control, "never:called", result=2)
    await control.send("POST", "/reset", {"levels": ["state", "counts"]})
    assert await value(control, "never:called") == 2
    await control.send("POST", "/reset", {"levels": ["rules"]})
    assert await value(control, "never:called") == 1
    await add(control, "never:called", result=2)
    await control.send("POST", "/reset")
    assert await control.get("/rules") == {"rules": []}


async def test_all_rules_are_taken_back_at_once(control: Control) -> None:
    for result in (2, 3):
        await add(control, "never:called", result=result)
    assert await control.send("DELETE", "/rules") == {"ok": True}
    assert await value(control, "never:called") == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("DELETE", "/rules/1", None, (404, "not_found", "nothing is added under the id 1")),
        ("POST", "/rules", {}, (400, "bad_request", "operation: this is missing")),
        ("POST", "/rules", {"operation": 1}, (400, "bad_request", "operation: input should be a valid string")),
        (
            "POST",
            "/rules",
            {"operation": "notes:list"},
            (400, "has_problems", "added rule 1:1:1: nothing says what this answers"),
        ),
    ],
)
async def test_what_cannot_be_is_refused(
    control: Control, method: str, path: str, body: object, told: tuple[int, str, str]
) -> None:
    assert await control.refusal(method, path, body) == told


async def test_rules_need_the_token(control: Control) -> None:
    told = await control.ask("POST", "/rules", {"operation": "never:called", "result": 2})
    assert told.error[:2] == (401, "needs_token")

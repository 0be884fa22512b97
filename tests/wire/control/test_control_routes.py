"""Rules for HTTP actions that are added over the control API."""

from __future__ import annotations

from tests.support.control import BEARER, Control


async def asked(control: Control, path: str = "/hook") -> tuple[int, str]:
    """Return what a route answers."""
    async with control.client.post(f"{control.url}/http{path}") as answer:
        return answer.status, await answer.text()


async def test_a_route_that_the_files_lack_is_there_until_it_is_removed(control: Control) -> None:
    before = await asked(control)
    told = await control.send("POST", "/rules", {"operation": "POST /http/hook", "status": 201, "body": "taken"})
    during, other = await asked(control), await asked(control, "/other")
    await control.send("DELETE", f"/rules/{told['id']}")

    assert before == (404, "This Convex deployment does not have HTTP actions enabled.")
    assert (during, other) == ((201, "taken"), (404, "No matching routes found"))
    assert await asked(control) == before


async def test_the_newest_rule_is_asked_first_and_leaves_the_rest_to_those_before(control: Control) -> None:
    await control.send("POST", "/rules", {"operation": "POST /http/hook", "body": "old"})
    await control.send("POST", "/rules", {"operation": "POST /hook", "when": {"query": {"a": "1"}}, "body": "new"})

    assert [await asked(control, f"/hook{query}") for query in ("", "?a=1")] == [(200, "old"), (200, "new")]


async def test_routes_are_listed_among_functions(control: Control) -> None:
    await control.send("POST", "/rules", {"operation": "POST /http/hook", "body": "taken"})
    await asked(control)

    rows = {each["path"]: each for each in (await control.get("/functions"))["functions"]}
    assert (rows["POST /http/hook"]["type"], rows["POST /http/hook"]["calls"]) == ("http", 1)


async def test_what_is_no_route_is_refused_with_a_hint(control: Control) -> None:
    told = await control.ask("POST", "/rules", {"operation": "FETCH /hook", "body": "x"}, BEARER)

    assert told.error[:2] == (400, "has_problems")
    assert told.json["error"]["problems"][0]["slug"] == "bad-route"

"""What becomes of HTTP actions, and of what they write, when a scenario is saved or begun anew."""

from __future__ import annotations

from pathlib import Path

from emulator.engine.call import Call
from emulator.engine.plan import Ending, Finish, Responded, Uncomputable
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.values.convex import Value
from tests.support.scenarios import load_text

STEPS = "{sequence: [{body: one}, {body: two}, {body: three}]}"
SCENARIO = f"""
state: {{kept: null}}
tables: {{events: {{}}}}
http:
  GET /a: {STEPS}
  GET /b: {STEPS}
  GET /draw: {{body: "${{uuid()}}"}}
  POST /keep: {{do: [{{insert: {{into: events, document: "${{request.body}}"}}}}], body: kept}}
  POST /set: {{do: [{{set: {{kept: "${{request.body}}"}}}}], body: kept}}
"""


def started(folder: Path, text: str = SCENARIO) -> Emulator:
    """Return an emulator of a text."""
    return Emulator(load_text(folder, text), VirtualClock(1_700_000_000_000_000_000))


def ask(emulator: Emulator, route: str, body: Value = None) -> Ending:
    """Return how a request ends."""
    method, path = route.split(" ")
    args: dict[str, Value] = {"method": method, "path": path, "query": {}, "body": body}
    last = emulator.handle(Call(f"{method} /http{path}", None, args)).decision.plan[-1]
    assert isinstance(last, Finish)
    return last.ending


def body_of(emulator: Emulator, route: str) -> bytes:
    """Return the body of an answer."""
    ending = ask(emulator, route)
    assert isinstance(ending, Responded)
    return ending.body


def test_a_route_that_was_edited_begins_anew_and_the_others_go_on(tmp_path: Path) -> None:
    emulator = started(tmp_path)
    first = [body_of(emulator, f"GET /{name}") for name in "ab"]

    emulator.swap(load_text(tmp_path, SCENARIO.replace(f"GET /a: {STEPS}", f"GET /a: {STEPS.replace('one', 'uno')}")))

    assert first == [b"one", b"one"]
    assert [body_of(emulator, f"GET /{name}") for name in "ab"] == [b"uno", b"two"]


def test_a_route_that_is_gone_is_not_there_any_more(tmp_path: Path) -> None:
    emulator = started(tmp_path)
    emulator.swap(load_text(tmp_path, "http: {}"))

    assert not isinstance(ask(emulator, "GET /a"), Responded)


def test_draws_are_the_same_from_the_same_beginning_and_differ_from_call_to_call(tmp_path: Path) -> None:
    emulator = started(tmp_path)
    drawn = [body_of(emulator, "GET /draw") for _ in range(2)]
    emulator.reset()

    assert [body_of(emulator, "GET /draw") for _ in range(2)] == drawn
    assert len(set(drawn)) == 2


def test_json_with_names_that_no_document_has_is_not_kept(tmp_path: Path) -> None:
    emulator = started(tmp_path)
    reasons = []
    for route in ("POST /keep", "POST /set"):
        ending = ask(emulator, route, {"a": [{"$ref": 1.0}]})
        assert isinstance(ending, Uncomputable)
        reasons.append(ending.reason)

    assert reasons == ["Field name $ref starts with '$', which is reserved."] * 2
    assert emulator.reading().documents("events") == []
    assert isinstance(ask(emulator, "POST /keep", {"a": [{"ref": 1.0}]}), Responded)

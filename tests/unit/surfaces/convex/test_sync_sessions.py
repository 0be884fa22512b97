"""Sockets of live clients, where what they are told follows from more than the conversation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.engine.call import Call
from emulator.model.function import FunctionType
from emulator.surfaces.convex.codec import read_ts
from emulator.surfaces.convex.sync import query_set, runs
from emulator.surfaces.convex.sync.outcomes import Outcomes
from tests.support.clocks import settle
from tests.support.engine import value_of
from tests.support.scenarios import load_text
from tests.transcripts.live_conversations import Stage

TEXT = """
deployment: {name: demo-otter, admin_keys: ["demo-otter|s3cret"]}
identities:
  ada: {token: token-of-ada, claims: {subject: "user|1", name: Ada}}
state: {n: 0}
tables: {notes: {documents: [{t: a}, {t: b}, {t: c}]}}
functions:
  q:fixed: {type: query, result: 1}
  q:n: {type: query, result: "${state.n}", logs: [reading]}
  q:page: {type: query, query: {table: notes, order: {by: t}, paginate: true}}
  q:who: {type: query, result: "${identity.name ?? 'nobody'}"}
  q:fails: {type: query, error: {data: {code: NO}}, logs: [sad]}
  m:set: {type: mutation, do: [{set: {n: "${args.n}"}}], result: done, logs: [setting]}
  m:slow: {type: mutation, delay: 1s, result: slow}
  m:add: {type: mutation, do: [{insert: {into: notes, document: {t: "${args.t}"}}}], result: null}
  a:slow: {type: action, delay: 1s, result: slow}
"""
PROD = TEXT.replace("admin_keys", "type: prod, admin_keys")


def stage_of(folder: Path, text: str = TEXT) -> Stage:
    return Stage(load_text(folder, text))


def add(query_id: int, path: str, args: object = None, **more: object) -> dict[str, object]:
    return {"type": "Add", "queryId": query_id, "udfPath": path, "args": [args or {}], **more}


def say(stage: Stage, name: str = "a", **frame: object) -> None:
    stage.open(name).receive(json.dumps(frame))


def watch(stage: Stage, *modifications: object, base: int = 0, name: str = "a") -> None:
    say(stage, name, type="ModifyQuerySet", baseVersion=base, newVersion=base + 1, modifications=modifications)


def mutate(stage: Stage, request_id: int, path: str, args: object = None, name: str = "a") -> None:
    say(stage, name, type="Mutation", requestId=request_id, udfPath=path, args=[args or {}])


def heard(stage: Stage, name: str = "a") -> list[Any]:
    """Return what a socket was sent since this was asked last."""
    socket = stage.sockets[name]
    return [socket.take() for _ in list(socket.said)]


def values(frame: dict[str, Any]) -> list[object]:
    return [each.get("value", each.get("errorMessage")) for each in frame["modifications"]]


def texts(frame: dict[str, Any]) -> list[str]:
    """Return what is on the one page that a Transition tells."""
    [page] = values(frame)
    assert isinstance(page, dict)
    return [each["t"] for each in page["page"]]


async def test_a_production_deployment_says_little_and_everything_to_admins(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, PROD)
    watch(stage, add(0, "q:n"), add(1, "q:fails"))
    mutate(stage, 0, "m:set", {"n": 1})
    mutate(stage, 1, "m:nothing")

    first, done, second, failed, _ = heard(stage)
    assert first["modifications"] == [
        {"type": "QueryUpdated", "queryId": 0, "value": 0.0},
        {"type": "QueryFailed", "queryId": 1, "errorMessage": "RID Server Error", "errorData": {"code": "NO"}},
    ]
    assert done == {"type": "MutationResponse", "requestId": 0, "success": True, "result": "done"}
    assert values(second) == [1.0]
    assert failed["result"] == "RID Server Error"

    say(stage, type="Authenticate", baseVersion=0, tokenType="Admin", value="demo-otter|s3cret")
    [frame] = heard(stage)
    assert frame["modifications"][0]["logLines"] == ["[LOG] 'reading'"]
    assert frame["modifications"][1]["errorMessage"].startswith("RID Server Error\nUncaught ConvexError")
    mutate(stage, 2, "m:set", {"n": 2})
    assert heard(stage)[0]["logLines"] == ["[LOG] 'setting'"]


async def test_a_deployment_that_becomes_one_of_production_hides_what_it_told(tmp_path: Path) -> None:
    stage = stage_of(tmp_path)
    watch(stage, add(0, "q:n"), add(1, "q:fails"), add(2, "q:fixed"))
    heard(stage)

    stage.emulator.swap(load_text(tmp_path, PROD))
    stage.open("a").revise()

    [frame] = heard(stage)
    assert values(frame) == [0.0, "RID Server Error"]
    assert all("logLines" not in each for each in frame["modifications"])


async def test_who_a_token_stands_for_follows_a_reload(tmp_path: Path) -> None:
    stage = stage_of(tmp_path)
    say(stage, type="Authenticate", baseVersion=0, tokenType="User", value="token-of-ada")
    watch(stage, add(0, "q:who"), add(1, "q:fixed"))
    assert values(heard(stage)[1]) == ["Ada", 1.0]

    stage.emulator.swap(load_text(tmp_path, TEXT.replace("name: Ada", "name: Ida")))
    stage.open("a").revise()
    [frame] = heard(stage)
    assert values(frame) == ["Ida"]

    stage.emulator.swap(load_text(tmp_path, TEXT.replace("token-of-ada", "another")))
    stage.open("a").revise()
    assert heard(stage) == []


async def test_a_page_gives_its_journal_and_takes_it_back(tmp_path: Path) -> None:
    stage = stage_of(tmp_path)
    options = {"paginationOpts": {"numItems": 2, "cursor": None}}
    watch(stage, add(0, "q:page", options))
    [frame] = heard(stage)
    journal = frame["modifications"][0]["journal"]
    assert journal == frame["modifications"][0]["value"]["continueCursor"]
    mutate(stage, 0, "m:add", {"t": "aa"})
    _, frame = heard(stage)
    assert texts(frame) == ["a", "aa", "b"]
    assert frame["modifications"][0]["journal"] == journal

    watch(stage, add(0, "q:page", options, journal=journal), name="b")
    assert texts(heard(stage, "b")[0]) == ["a", "aa", "b"]
    watch(stage, add(0, "q:page", options, journal=None), name="c")
    assert texts(heard(stage, "c")[0]) == ["a", "aa"]
    watch(stage, add(0, "q:page", options, journal="00"), name="d")
    [failed] = values(heard(stage, "d")[0])
    assert "InvalidCursor: Tried to run a query starting from a cursor" in str(failed)


async def test_a_warning_is_one_more_log_line_of_a_query_and_only_once(tmp_path: Path) -> None:
    stage = stage_of(tmp_path)
    stage.open("idle").warn("it's broken")
    watch(stage, add(0, "q:n"), add(1, "q:fixed"))
    heard(stage)

    stage.open("a").warn("it's broken")
    [frame] = heard(stage)
    assert frame["modifications"] == [
        {
            "type": "QueryUpdated",
            "queryId": 0,
            "value": 0.0,
            "logLines": ["[LOG] 'reading'", '[WARN] "it\'s broken"'],
        }
    ]
    mutate(stage, 0, "m:set", {"n": 1})
    assert heard(stage)[1]["modifications"][0]["logLines"] == ["[LOG] 'reading'"]
    assert heard(stage, "idle") == []


async def test_a_production_deployment_warns_nobody(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, PROD)
    watch(stage, add(0, "q:n"))
    heard(stage)

    stage.open("a").warn("broken")

    assert heard(stage) == []


async def test_queries_mutations_and_actions_have_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_set, "MAX_QUERIES", 2)
    monkeypatch.setattr(runs, "MAX_MUTATIONS", 2)
    monkeypatch.setattr(runs, "MAX_ACTIONS", 2)
    stage = stage_of(tmp_path)

    watch(stage, add(0, "q:n"), add(1, "q:n"), add(2, "q:n"))
    for number in range(4):
        mutate(stage, number, "m:slow", name="b")
    for number in range(3):
        say(stage, "c", type="Action", requestId=number, udfPath="a:slow", args=[{}])

    assert heard(stage) == ["! close 1011 InternalServerError"]
    assert heard(stage, "b") == ["! close 1013 TooManyConcurrentMutations"]
    assert heard(stage, "c") == ["! close 1013 TooManyConcurrentActions"]


async def test_many_mutations_that_waited_are_all_answered_at_once(tmp_path: Path) -> None:
    stage = stage_of(tmp_path)
    mutate(stage, 0, "m:slow")
    for number in range(1, 900):
        mutate(stage, number, "m:set", {"n": number})

    await stage.clock.advance(1_000_000_000)

    frames = heard(stage)
    assert [each["requestId"] for each in frames if each["type"] == "MutationResponse"] == [*range(900)]


LIMITED = f"""{TEXT}
limits:
  - {{name: few, on: "q:n", allow: 2, per: 1m}}
faults:
  - {{name: one, on: "q:fixed", times: 1, failure: disconnect}}
  - {{name: two, on: "q:who", times: 1, failure: overloaded}}
  - {{name: three, on: "q:page", times: 1, failure: timeout}}
  - {{name: four, on: "q:fails", times: 1, delay: 2s}}
  - {{name: five, on: "m:set", times: 1, failure: disconnect}}
  - {{name: six, on: "m:add", times: 1, failure: overloaded}}
"""


async def test_limits_and_faults_hit_each_who_asks_though_the_query_is_watched_already(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, LIMITED)
    for name in ("a", "b"):
        watch(stage, add(0, "q:n"), name=name)
        assert values(heard(stage, name)[0]) == [0.0]

    watch(stage, add(0, "q:n"), name="c")

    assert heard(stage, "c") == ["! close 1013 TooManyConcurrentRequests"]
    stage.emulator.state.meters.forget()
    mutate(stage, 1, "m:slow", name="b")
    assert heard(stage, "a") == []


@pytest.mark.parametrize(("function", "end"), [("q:fixed", "! disconnect"), ("q:who", "! close 1013 ExecuteFullError")])
async def test_a_fault_hits_the_first_and_not_the_next(tmp_path: Path, function: str, end: str) -> None:
    stage = stage_of(tmp_path, LIMITED)

    watch(stage, add(0, function))
    watch(stage, add(0, function), name="b")

    assert heard(stage) == [end]
    assert len(values(heard(stage, "b")[0])) == 1


async def test_a_first_result_that_a_fault_withholds_comes_with_the_next_change(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, LIMITED)
    watch(stage, add(0, "q:page", {"paginationOpts": {"numItems": 2, "cursor": None}}))
    assert values(heard(stage)[0]) == []

    stage.emulator.undo()
    stage.emulator.transact(lambda transaction: transaction.insert("notes", {"t": "0"}))
    await settle()

    [frame] = heard(stage)
    assert texts(frame)[0] == "0"


async def test_a_fault_delays_a_first_result(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, LIMITED)
    watch(stage, add(0, "q:fails"))
    assert heard(stage) == []

    await stage.clock.advance(2_000_000_000)

    assert len(heard(stage)) == 1


async def test_an_answer_that_a_fault_took_is_told_again_and_a_call_that_it_refused_is_run_again(
    tmp_path: Path,
) -> None:
    stage = stage_of(tmp_path, LIMITED)
    answers = []
    for request_id, function in enumerate(["m:set", "m:set", "m:add", "m:add"]):
        say(stage, type="Connect", sessionId="s", clientTs=0)
        mutate(stage, request_id // 2, function, {"n": 5, "t": "z"})
        answers.append(heard(stage)[0])
        stage.sessions.pop("a").leave()

    lost, told, refused, run = answers
    assert (lost, refused) == ("! disconnect", "! close 1013 ExecuteFullError")
    assert (told["result"], run["success"]) == ("done", True)
    assert [each.call.operation for each in stage.emulator.journal] == ["m:set", "m:add", "m:add"]


async def test_what_a_transition_tells_is_what_was_there_at_its_timestamp(tmp_path: Path) -> None:
    stage = stage_of(tmp_path)
    watch(stage, add(0, "q:n"))
    told = {}
    for number in range(1, 5):
        heard(stage)
        stage.emulator.handle(Call("m:set", FunctionType.MUTATION, {"n": float(number)}))
        watch(stage, base=number)  # before the change is pushed by itself
        [frame] = heard(stage)
        told[read_ts(stage.sockets["a"].version["ts"])] = values(frame)

    for ts, [value] in told.items():
        entry = stage.emulator.handle(Call("q:n", FunctionType.QUERY, {}), ts)
        assert value_of(entry) == value
    assert [*told.values()] == [[1.0], [2.0], [3.0], [4.0]]


def test_outcomes_are_forgotten_oldest_first_by_number_and_by_weight() -> None:
    outcomes = Outcomes(most=3, most_bytes=10)
    for number in range(4):
        outcomes.end(outcomes.begin(("s", number)), b"x")
    assert [outcomes.find(("s", number)) is None for number in range(4)] == [True, False, False, False]

    outcomes.end(outcomes.begin(("s", 9)), b"x" * 9)
    assert len(outcomes) == 2
    outcomes.end(outcomes.begin(("s", 10)), b"x" * 100)
    assert len(outcomes) == 1


def test_who_waits_for_an_outcome_that_is_forgotten_is_told_all_the_same() -> None:
    outcomes = Outcomes(most=1)
    waited = outcomes.begin(("s", 0))
    told: list[bytes] = []
    waited.then(told.append)
    outcomes.begin(("s", 1))

    outcomes.end(waited, b"done")

    assert told == [b"done"]
    assert outcomes.find(("s", 0)) is None

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
import requests

from emulator.testing import Emulator, ScenarioError, UsageError, serve, serve_in_thread
from tests.support.nested import ask

SCENARIO = """
tables:
  messages: {fields: {body: string, likes: "int64?"}}
state: {quota: 3, mood: calm}
clock: {start: "2024-02-08T12:00:00Z"}
faults:
  - {name: outage, on: "messages:*", enabled: false, failure: {status: 503}}
gateway:
  auth: {password: secret}
  channels: {whatsapp: {status: connected}}
identities: {ada: {token: token-of-ada}}
functions:
  messages:list: {type: query, query: {table: messages}}
  messages:send:
    type: mutation
    args: {body: string}
    rules:
      - when: {args: {body: ""}}
        error: {message: Empty, data: {code: EMPTY}}
      - when: {args: {body: {$regex: "^[A-Z]"}}}
        delay: 2s
        do:
          - insert: {into: messages, document: {body: "${args.body}"}}
          - after: 5m
            do: [{set: {mood: bored}}]
        result: null
"""


@pytest.fixture(scope="module")
def served() -> Iterator[Emulator]:
    with serve_in_thread(SCENARIO) as emulator:
        yield emulator


@pytest.fixture
def emulator(served: Emulator) -> Emulator:
    served.load(SCENARIO, clock="paused")
    return served


def test_where_it_is_and_the_keys_to_it(emulator: Emulator) -> None:
    urls = {emulator.convex_url, emulator.gateway_url, emulator.site_url}

    assert len(urls) == 3
    assert emulator.env["CONVEX_URL"] == emulator.env["VITE_CONVEX_URL"] == emulator.convex_url
    assert emulator.env["OPENCLAW_GATEWAY_URL"] == emulator.gateway_url
    assert (emulator.token, emulator.password) == ("secret", "secret")
    assert emulator.admin_key == emulator.env["CONVEX_SELF_HOSTED_ADMIN_KEY"] != ""
    assert emulator.control_url.startswith(emulator.convex_url)
    assert emulator.control_token == emulator.env["EMULATOR_TOKEN"]
    assert emulator.scenario == "<text>"
    assert emulator.problems == ()


def test_documents_are_listed_inserted_patched_deleted_and_cleared(emulator: Emulator) -> None:
    table = emulator.table("messages")
    first = table.insert({"body": "one", "likes": 1})
    second, third = table.insert_all([{"body": "two"}, {"body": "three"}])
    table.patch(second, {"body": "TWO"})
    table.delete(third)

    listed = ask(emulator, "messages:list")["value"]

    assert [each["body"] for each in table] == ["one", "TWO"]
    assert isinstance(listed, list)
    assert [each["body"] for each in listed] == ["one", "TWO"]
    assert table.get(first) == table.list()[0]
    assert table.get(third) is None
    assert (table.count(), len(table)) == (2, 2)
    table.clear()
    assert table.list() == []


def test_what_a_table_gives_is_a_copy(emulator: Emulator) -> None:
    table = emulator.table("messages")
    table.insert({"body": "one"})
    table.list()[0]["body"] = "changed"

    assert [each["body"] for each in table] == ["one"]


def test_state_variables_are_read_and_changed(emulator: Emulator) -> None:
    emulator.state["quota"] = 0
    emulator.state.update(mood="glad")

    assert dict(emulator.state) == {"quota": 0, "mood": "glad"}
    assert len(emulator.state) == 2
    assert emulator.undo()
    assert emulator.state["mood"] == "calm"


def test_faults_are_switched_and_on_within_a_block(emulator: Emulator) -> None:
    with emulator.fault("outage") as fault:
        assert fault.is_on
        failed = ask(emulator, "messages:list")

    assert "status" not in failed
    assert not emulator.fault("outage").is_on
    assert [each.outcome for each in emulator.calls("messages:list")] == ["failed"]


def test_a_channel_does_something_else(emulator: Emulator) -> None:
    channel = emulator.channel("whatsapp")
    channel.set("disconnected", "Session expired")

    assert channel.status == "disconnected"


def test_time_passes_in_jumps_with_all_that_happens_in_it(emulator: Emulator) -> None:
    began = emulator.clock.now
    sender = threading.Thread(target=ask, args=(emulator, "messages:send", "mutation"), kwargs={"body": "Hello"})
    sender.start()
    emulator.wait_for_call("messages:send")
    emulator.clock.advance("2s")
    sender.join()

    assert emulator.clock.advance(timedelta(minutes=4)) == began + timedelta(minutes=4, seconds=2)
    assert emulator.state["mood"] == "calm"
    emulator.clock.advance(60)
    assert emulator.state["mood"] == "bored"
    assert emulator.clock.now == datetime(2024, 2, 8, 12, 5, 2, tzinfo=UTC)


def test_a_clock_goes_on_and_at_another_rate(emulator: Emulator) -> None:
    emulator.clock.set_rate(1_000)
    emulator.clock.resume()

    assert not emulator.clock.is_paused
    assert ask(emulator, "messages:send", "mutation", body="Hello") == {
        "status": "success",
        "value": None,
        "logLines": [],
    }


def test_calls_tell_what_became_of_them(emulator: Emulator) -> None:
    ask(emulator, "messages:send", "mutation", body="")
    ask(emulator, "messages:send", "mutation", body="lower")
    ask(emulator, "messages:list")

    threw, unmatched, returned = emulator.calls()

    assert (threw.operation, threw.type, threw.args, threw.outcome) == (
        "messages:send",
        "mutation",
        {"body": ""},
        "threw",
    )
    assert threw.detail is not None
    assert (threw.number, threw.at, threw.identity) == (1, emulator.clock.now, None)
    assert threw.rule is not None
    assert threw.rule.startswith("<text>:") or "/<text>:" in threw.rule
    assert [len(each.reasons) for each in unmatched.near_misses] == [1, 1]
    assert unmatched.suggestion is not None
    assert 'when: {args: {body: "lower"}}' in unmatched.suggestion
    assert (returned.outcome, returned.result, returned.duration) == ("returned", [], 0.0)
    assert emulator.calls("messages:*", outcome="threw") == [threw]
    assert emulator.calls(args={"body": "lower"}) == [unmatched]
    emulator.clear_calls()
    assert emulator.calls() == []


def test_assertions_say_what_came_instead(emulator: Emulator) -> None:
    ask(emulator, "messages:send", "mutation", body="")
    emulator.assert_called("messages:send", times=1, args={"body": ""}, outcome="threw")
    emulator.assert_not_called("messages:list")

    with pytest.raises(AssertionError, match=r"expected messages:send to be called 2 times, but it was called once$"):
        emulator.assert_called("messages:send", times=2)
    with pytest.raises(
        AssertionError,
        match=r'expected messages:send with \{body: "x"\} to be called at least once, but it was called 0 times; '
        r'nearest: call 1 of messages:send, where args.body: expected "x", got ""$',
    ):
        emulator.assert_called("messages:send", args={"body": "x"})
    with pytest.raises(AssertionError, match="expected messages:send to be called 0 times, but it was called once"):
        emulator.assert_not_called("messages:send")


def test_whole_numbers_in_arguments_stand_for_both_kinds(emulator: Emulator) -> None:
    emulator.load({"functions": {"add": {"result": None}}})
    ask(emulator, "add", by=3, big={"$integer": "BAAAAAAAAAA="})

    emulator.assert_called("add", args={"by": 3, "big": 4})
    emulator.assert_not_called("add", args={"by": True})


def test_waiting_counts_what_came_before(emulator: Emulator) -> None:
    ask(emulator, "messages:list")
    later = threading.Timer(0.01, ask, (emulator, "messages:list"))
    later.start()

    assert emulator.wait_for_call("messages:list").number == 1
    assert emulator.wait_for_call("messages:list", count=2, timeout="10s").number == 2
    later.join()


def test_a_wait_in_vain_says_what_came_instead(emulator: Emulator) -> None:
    ask(emulator, "messages:send", "mutation", body="")

    with pytest.raises(
        TimeoutError, match=r"called once, but it was called 0 times; nearest: call 1 .* within 0.01 s$"
    ):
        emulator.wait_for_call("messages:send", args={"body": "x"}, timeout=0.01)


async def test_a_wait_in_vain_within_a_loop_names_the_cause(emulator: Emulator) -> None:
    with pytest.raises(TimeoutError, match=r"this loop stood still meanwhile.*asyncio\.to_thread"):
        emulator.wait_for_call("messages:list", timeout=0.01)


@pytest.mark.parametrize(
    ("misuse", "sentence"),
    [
        (lambda emulator: emulator.table("mesages"), "no table 'mesages'; did you mean 'messages'?"),
        (lambda emulator: emulator.table("users"), "no table 'users'; there are: messages"),
        (lambda emulator: emulator.channel("whatsap"), "no channel 'whatsap'; did you mean 'whatsapp'?"),
        (lambda emulator: emulator.channel("whatsapp").set("off"), "'off' is no status of a channel; there are: conn"),
        (lambda emulator: emulator.fault("outtage"), "no fault 'outtage'; did you mean 'outage'?"),
        (lambda emulator: emulator.state["quotas"], "no state variable 'quotas'; did you mean 'quota'?"),
        (lambda emulator: emulator.state.pop("quota"), "a state variable cannot be deleted, only changed: quota"),
        (lambda emulator: emulator.state.update(quota=object()), "is no value of Convex, which has None"),
        (lambda emulator: emulator.state.update(quota={1: 2}), "a field of an object is named by a text, not by 1"),
        (lambda emulator: emulator.state.update(quota={"$x": 2, "y": 1}), "is no value of Convex: Field name \\$x"),
        (lambda emulator: emulator.calls("mesages:send"), "mesages:send is not .*; did you mean 'messages:send'?"),
        (lambda emulator: emulator.calls(None), "an operation is a text such as 'messages:send', not None"),
        (lambda emulator: emulator.calls(args=["body"]), "args are a mapping such as {'body': 'Hello'}, not"),
        (lambda emulator: emulator.table("messages").insert("x"), "a document is a mapping such as"),
        (lambda emulator: emulator.table("messages").insert({"body": 1}), "does not match the schema"),
        (lambda emulator: emulator.table("messages").insert({"_x": 1}), "starts with an underscore"),
        (lambda emulator: emulator.table("messages").patch("x", {}), "the table messages has no document 'x'"),
        (lambda emulator: emulator.table("messages").delete(None), "the table messages has no document None"),
        (lambda emulator: emulator.clock.advance("5 minutes"), "advance: '5 minutes' is not a duration"),
        (lambda emulator: emulator.clock.advance(-1), "advance: time does not go back: -1"),
        (lambda emulator: emulator.clock.advance(None), "advance: expected a text such as '5m', seconds or"),
        (lambda emulator: emulator.clock.advance(1e12), "advance: there is no time after the year 9999"),
        (lambda emulator: emulator.clock.set_rate(0), "the rate of a clock is a number above 0, not 0"),
        (lambda emulator: emulator.wait_for_call("a", timeout="x"), "timeout: 'x' is not a duration"),
    ],
)
def test_misuse_names_the_fix(emulator: Emulator, misuse: object, sentence: str) -> None:
    assert callable(misuse)
    with pytest.raises(UsageError, match=sentence.replace("?", r"\?").replace("{", r"\{").replace("}", r"\}")):
        misuse(emulator)


def test_a_scenario_that_cannot_begin_leaves_the_one_before_in_force(emulator: Emulator) -> None:
    with pytest.raises(ScenarioError, match="bad-seed") as raised:
        emulator.load("tables: {a: {count: 1, document: {x: '${1 / 0}'}}}")

    assert [each.slug for each in raised.value.problems] == ["bad-seed"]
    assert ask(emulator, "messages:list")["value"] == []


def test_further_emulators_of_a_test_end_with_it(emulator: Emulator) -> None:
    headers = {"Authorization": f"Bearer {emulator.control_token}"}
    made = requests.post(f"{emulator.control_url}instances", json={}, headers=headers, timeout=10).json()
    url = f"{made['convex_url']}/version"
    assert requests.get(url, timeout=10).ok

    emulator.load(SCENARIO)

    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=10)


def test_an_emulator_that_stopped_says_so() -> None:
    with serve_in_thread() as emulator:
        url = emulator.convex_url
    emulator.stop()

    with pytest.raises(UsageError, match="the emulator has stopped"):
        _ = emulator.convex_url
    with pytest.raises(UsageError, match="the emulator has stopped"):
        emulator.clock.advance("1s")
    assert url.startswith("http://127.0.0.1:")


def test_a_scenario_with_problems_starts_no_thread() -> None:
    before = threading.active_count()

    with pytest.raises(ScenarioError, match="unknown-key"), serve_in_thread("functons: {}"):
        pass
    with (
        pytest.raises(ScenarioError, match="bad-seed"),
        serve_in_thread("tables: {a: {count: 1, document: {x: '${1/0}'}}}"),
    ):
        pass

    assert threading.active_count() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_process_is_told_that_the_fixture_stays_behind(emulator: Emulator) -> None:
    child = os.fork()
    if child == 0:  # an exception must not run the rest of the tests twice
        try:
            emulator.calls()
        except UsageError as error:
            os._exit(0 if "forked" in str(error) else 1)
        os._exit(2)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert emulator.calls() == []


async def test_one_serves_in_the_loop_of_a_test_without_a_thread() -> None:
    before = [each.name for each in threading.enumerate()]
    async with serve(SCENARIO, clock="2024-02-08T12:00:00Z", seed=7) as emulator, aiohttp.ClientSession() as client:
        assert [each.name for each in threading.enumerate()].count("emulator") == before.count("emulator")
        url = f"{emulator.convex_url}/api/query"
        async with client.post(url, json={"path": "messages:list", "args": {}}) as response:
            assert (await response.json())["value"] == []
        assert (await emulator.wait_for_call("messages:list")).outcome == "returned"
        with pytest.raises(TimeoutError, match="messages:send to be called once"):
            await emulator.wait_for_call("messages:send", timeout=0.01)
        assert (await emulator.clock.advance("5m")).minute == 5
        emulator.table("messages").insert({"body": "Hello"})
        await emulator.load("functions: {which: {result: other}}")
        async with client.post(url, json={"path": "which", "args": {}}) as response:
            assert (await response.json())["value"] == "other"

    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.get(url)

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from emulator.testing import Emulator, UsageError, serve_in_thread
from emulator.values.convex import Int64
from tests.support.nested import ask

SCENARIO = """
identities: {ada: {token: token-of-ada}}
functions: {which: {type: query, result: file}}
"""


@pytest.fixture(scope="module")
def served() -> Iterator[Emulator]:
    with serve_in_thread(SCENARIO) as emulator:
        yield emulator


@pytest.fixture
def emulator(served: Emulator) -> Emulator:
    served.load(SCENARIO)
    return served


def value(emulator: Emulator, path: str, **args: object) -> object:
    return ask(emulator, path, "query", **args)["value"]


def test_the_last_answer_counts_until_it_is_taken_back(emulator: Emulator) -> None:
    first = emulator.function("which").returns(1)
    second = emulator.function("which").returns(2)
    assert value(emulator, "which") == 2
    second.returns(3)
    assert value(emulator, "which") == 3
    second.remove()
    assert value(emulator, "which") == 1
    first.remove()
    first.remove()
    assert value(emulator, "which") == "file"


def test_a_reset_takes_answers_back(emulator: Emulator) -> None:
    emulator.function("which").returns(1)
    emulator.function("other").returns(1)
    emulator.reset()

    assert value(emulator, "which") == "file"
    assert "Could not find public function for 'other'" in str(ask(emulator, "other")["errorMessage"])
    assert [each.outcome for each in emulator.calls()] == ["returned", "unscripted"]


def test_a_function_that_the_scenario_lacks_is_there_and_of_any_type(emulator: Emulator) -> None:
    emulator.function("added").returns(None)
    emulator.function("typed", type="mutation").returns(None)

    assert [ask(emulator, "added", kind)["status"] for kind in ("query", "mutation", "action")] == ["success"] * 3
    assert ask(emulator, "typed", "query")["status"] == "error"


def test_values_of_all_kinds_are_returned(emulator: Emulator) -> None:
    emulator.function("all").returns({"big": Int64(4), "bytes": b"\1", "tuple": (1, None), "text": "no ${args.x}"})

    ask(emulator, "all", x="y")

    (call,) = emulator.calls("all")
    assert call.result == {"big": Int64(4), "bytes": b"\1", "tuple": [1, None], "text": "no y"}
    assert isinstance(call.result["big"], Int64)


def test_conditions_are_on_arguments_identity_and_number(emulator: Emulator) -> None:
    function = emulator.function("which")
    function.when(args={"n": {"$gt": 3}}).returns("many")
    function.when(identity="ada").returns("ada")
    function.when(call=5).returns("fifth")
    headers = {"Authorization": "Bearer token-of-ada"}
    body = {"path": "which", "args": {}}
    by_ada = requests.post(f"{emulator.convex_url}/api/query", json=body, headers=headers, timeout=10).json()

    assert by_ada["value"] == "ada"
    assert [value(emulator, "which", n=n) for n in (4, 3)] == ["many", "file"]
    assert [value(emulator, "which") for _ in range(3)] == ["file", "fifth", "file"]


def test_answers_follow_one_another(emulator: Emulator) -> None:
    emulator.function("jobs").returns("queued").then("running").then_fails("Gone")

    assert [ask(emulator, "jobs").get("value") for _ in range(4)] == ["queued", "running", None, None]
    assert [each.outcome for each in emulator.calls("jobs")] == ["returned", "returned", "threw", "threw"]


def test_an_answer_is_delayed_on_the_clock_of_the_scenario(emulator: Emulator) -> None:
    emulator.function("slow").returns(1, delay="2s")
    emulator.clock.set_rate(10_000)

    assert value(emulator, "slow") == 1
    assert emulator.calls()[0].duration == 2.0


def test_agents_reply_fail_and_reply_otherwise(emulator: Emulator) -> None:
    def chat(message: str) -> requests.Response:
        return requests.post(f"{emulator.gateway_url}/api/chat", json={"message": message}, timeout=10)

    emulator.chat().replies("first", every="1ms", tokens=7).then("second")
    emulator.chat("break").fails(failure={"status": 502, "message": "No model"})

    assert [chat("Hello").json()["response"] for _ in range(3)] == ["first", "second", "second"]
    assert chat("break").status_code == 502
    emulator.assert_called("POST /api/chat", times=4)
    assert emulator.calls(outcome="replied")[0].result == "first"


def test_a_variant_answers_until_it_is_stopped(emulator: Emulator) -> None:
    with emulator.use("which=empty"):
        assert value(emulator, "which") == ""
    emulator.use("wh*=empty", identity="ada")
    assert value(emulator, "which") == "file"
    chosen = emulator.use("which=error")
    assert ask(emulator, "which")["status"] == "error"
    chosen.stop()
    assert value(emulator, "which") == "file"
    emulator.use("which=empty")
    emulator.reset()
    assert value(emulator, "which") == "file"


@pytest.mark.parametrize(
    ("misuse", "sentence"),
    [
        (lambda emulator: emulator.use("which=emtpy"), "which has no variant 'emtpy', only .*; did you mean 'empty'"),
        (lambda emulator: emulator.use("wich=empty"), "wich is not scripted; nearest: which"),
        (lambda emulator: emulator.use("which"), "write messages:list=empty"),
        (lambda emulator: emulator.use(""), "needs an operation and its variant, such as 'messages:list=empty'"),
        (lambda emulator: emulator.use("which=empty", identity="adda"), "no identity 'adda'; did you mean 'ada'"),
        (lambda emulator: emulator.function("a b").returns(1), "a b cannot answer so: .* not a valid path"),
        (lambda emulator: emulator.function(None), "a function is named by a text such as 'messages:send', not None"),
        (
            lambda emulator: emulator.function("a").returns(object()),
            "object cannot be in a scenario",
        ),
        (lambda emulator: emulator.function("a").returns("${nope}"), "a cannot answer so: .*nope"),
        (lambda emulator: emulator.function("a").fails(), "needs a message, data=… for a ConvexError, or failure="),
        (lambda emulator: emulator.function("a").fails("m", failure="reset"), "either a message, .* or failure="),
        (lambda emulator: emulator.function("a").fails(failure="overload"), "did you mean 'overloaded'"),
        (lambda emulator: emulator.function("which", type="action").returns(1), "which is a query"),
        (lambda emulator: emulator.function("a").when(args=3), "args are a mapping such as"),
        (lambda emulator: emulator.function("a").when(identity="bob").returns(1), "there is no identity 'bob'"),
        (lambda emulator: emulator.function("a").when(args={}).returns(1).then(2), "are for all calls alike"),
        (lambda emulator: emulator.function("a").returns(1, delay="soon"), "delay: 'soon' is not a duration"),
    ],
)
def test_answers_that_cannot_be_name_the_fix(emulator: Emulator, misuse: object, sentence: str) -> None:
    assert callable(misuse)
    with pytest.raises(UsageError, match=sentence):
        misuse(emulator)

    assert value(emulator, "which") == "file"

"""npm `convex`'s ConvexClient, unmodified, in Node: queries that stay up to date whatever happens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.clients.chat import unsigned_jwt
from tests.clients.live import FILE, LiveClient, LiveClients
from tests.clients.npm_live.said import RECONNECTED, Open, bodies, said_like
from tests.clients.scripts import save
from tests.support.process import EmulatorProcess, emulator_process


def test_a_watched_query_answers_at_once_with_its_values(client: LiveClient) -> None:
    [message] = client.watch("messages:list", {"channel": "tea"}).next()

    assert message["likes"] == {"int64": "3"}
    assert (message["author"], message["body"]) == ("민지", "안녕하세요!")


def test_a_write_is_told_to_all_queries_that_read_it_together_and_to_no_other(
    client: LiveClient, clients: LiveClients
) -> None:
    watches = [bodies(client, "all"), client.watch("messages:count", {"channel": "all"}), bodies(client, "other")]
    assert [watch.next() for watch in watches] == [[], 0, []]

    client.send("all", "one")
    assert clients.order(*watches) == watches[:2]
    client.send("all", "two")
    assert clients.order(*watches) == watches[:2] * 2

    assert [watches[0].next(), watches[1].next()] == [["one"], 1]
    assert [watches[0].next(), watches[1].next()] == [["one", "two"], 2]


def test_a_result_of_many_megabytes_comes_whole(client: LiveClient) -> None:
    assert client.watch("notes:long").next() == [word * 300_000 for word in ("한글 ", "두울 ", "세엣 ")]


def test_the_same_query_twice_is_answered_twice(client: LiveClient) -> None:
    one = bodies(client, "twice")
    assert one.next() == []
    other = bodies(client, "twice")
    assert other.next() == []
    client.send("twice", "hello")
    assert [one.next(), other.next()] == [["hello"], ["hello"]]


def test_clients_see_what_the_others_and_plain_callers_write(connect: Open, emulator: EmulatorProcess) -> None:
    one, other = connect(), connect()
    seen_by_one, seen_by_other = bodies(one, "shared"), bodies(other, "shared")
    assert (seen_by_one.next(), seen_by_other.next()) == ([], [])

    one.send("shared", "from one")
    assert (seen_by_one.next(), seen_by_other.next()) == (["from one"], ["from one"])
    args = {"channel": "shared", "body": "from curl"}
    requests.post(f"{emulator.url}/api/mutation", json={"path": "messages:send", "args": args}, timeout=10)
    assert seen_by_one.next() == seen_by_other.next() == ["from one", "from curl"]


def test_the_answer_of_a_mutation_comes_after_what_it_wrote_is_seen(client: LiveClient) -> None:
    watch = bodies(client, "order")
    watch.next()
    sent = client.begin("mutation", "messages:send", {"channel": "order", "body": "hello"})
    assert re.fullmatch("[a-z0-9]{32}", sent.result())
    assert watch.has_more()
    assert watch.do("current") == ["hello"]


def test_an_optimistic_update_is_shown_at_once_and_dropped_for_what_was_written(client: LiveClient) -> None:
    watch = bodies(client, "eager")
    assert watch.next() == []
    args = {"channel": "eager", "body": "written"}
    appends = {"query": "messages:bodies", "with": {"channel": "eager"}, "value": "guessed"}
    sent = client.begin("mutation", "messages:slow", args, appends=appends)
    assert watch.next() == ["guessed"]
    assert sent.result() == "written"
    assert watch.next() == ["written"]
    assert not watch.has_more()


def test_an_optimistic_update_of_a_mutation_that_throws_is_taken_back(client: LiveClient, clients: LiveClients) -> None:
    watch = bodies(client, "rash")
    assert watch.next() == []
    appends = {"query": "messages:bodies", "with": {"channel": "rash"}, "value": "guessed"}
    sent = client.begin("mutation", "messages:send", {"channel": "rash", "body": ""}, appends=appends)
    assert watch.next() == ["guessed"]
    assert watch.next() == []
    assert sent.result()["error"]["data"] == {"code": "EMPTY", "left": {"int64": "7"}}
    said_like(clients, r"error: \[CONVEX M\(messages:send\)\] .*")


def test_mutations_of_one_client_run_one_after_the_other(client: LiveClient) -> None:
    watch = bodies(client, "queue")
    watch.next()
    sent = [
        client.begin("mutation", "messages:slow", {"channel": "queue", "body": "slow"}),
        client.begin("mutation", "messages:send", {"channel": "queue", "body": "quick"}),
    ]
    assert watch.until(["slow", "quick"]) == [["slow"], ["slow", "quick"]]
    assert sent[0].result() == "slow"
    sent[1].result()


def test_an_action_returns_and_writes_nothing(client: LiveClient) -> None:
    answer = client.do("action", "ai/replies:generate", {"prompt": "tea?"})
    assert answer == {"text": "무엇을 도와드릴까요?", "tokens": {"int64": "42"}}


@pytest.mark.parametrize(
    ("op", "path", "args", "text"),
    [
        ("mutation", "messages:send", {"channel": "tea", "body": ""}, "Uncaught ConvexError: Message is empty"),
        ("mutation", "messages:send", {"channel": "tea", "body": "crash"}, "Uncaught Error: the kettle is broken"),
        (
            "mutation",
            "messages:send",
            {"channel": 3, "body": ""},
            "ArgumentValidationError: Value does not match validator.\nPath: .channel\nValue: 3.0",
        ),
        ("action", "ai/replies:broken", {}, 'Uncaught ConvexError: {"code":"OVERLOADED"}'),
        ("mutation", "messages:sendd", {}, "Could not find public function for 'messages:sendd'."),
    ],
)
def test_what_a_function_throws_rejects_the_promise_and_is_printed_once(
    client: LiveClient, clients: LiveClients, op: str, path: str, args: dict[str, Any], text: str
) -> None:
    function = re.escape(f"{op[0].upper()}({path})")
    prefix = rf"\[CONVEX {function}\] \[Request ID: [0-9a-f]{{16}}\] Server Error\n{re.escape(text)}"

    error = client.do(op, path, args)["error"]

    assert re.fullmatch(rf"{prefix}\n.*  Called by client", error["message"], re.DOTALL), error
    assert error["isConvexError"] is ("ConvexError" in text)
    why = [rf"log: %c\[CONVEX {function}\] \[WARN\] .* is not scripted; .*"] if "public function" in text else []
    said_like(clients, *why, rf"error: {prefix}\n.*")


@pytest.mark.parametrize(
    ("path", "args", "text"),
    [
        ("messages:lst", {}, "Could not find public function for 'messages:lst'."),
        ("messages:count", {}, "ArgumentValidationError: Object is missing the required field `channel`."),
        ("messages:broken", {}, "Uncaught Error: out of tea"),
    ],
)
def test_what_a_query_throws_is_handed_to_whoever_watches(
    client: LiveClient, clients: LiveClients, path: str, args: dict[str, Any], text: str
) -> None:
    error = client.watch(path, args).next()["error"]
    assert f"[CONVEX Q({path})] [Request ID: " in error["message"]
    assert f"] Server Error\n{text}" in error["message"]
    assert client.do("query", path, args)["error"] == error
    why = [r"log: %c\[CONVEX Q\(messages:lst\)\] \[WARN\] .* is not scripted; .*"] if "public function" in text else []
    said_like(clients, *why)


def test_log_lines_of_queries_mutations_and_actions_are_printed(client: LiveClient, clients: LiveClients) -> None:
    client.watch("logs:query").next()
    client.do("mutation", "logs:mutation")
    client.do("action", "logs:action")
    assert clients.said() == [
        "log: %c[CONVEX Q(logs:query)] [LOG] color:rgb(0, 145, 255) 'listing'",
        "log: %c[CONVEX M(logs:mutation)] [WARN] color:rgb(0, 145, 255) 'low stock'",
        "log: %c[CONVEX A(logs:action)] [INFO] color:rgb(0, 145, 255) 'fetched'",
    ]


def test_a_query_is_asked_once_and_watched_no_more(client: LiveClient) -> None:
    assert client.do("query", "messages:count", {"channel": "once"}) == 0
    client.send("once", "hello")
    assert client.do("query", "messages:count", {"channel": "once"}) == 1


def test_nobody_hears_of_a_query_that_is_watched_no_more(client: LiveClient) -> None:
    left, kept = bodies(client, "left"), bodies(client, "left")
    assert (left.next(), kept.next()) == ([], [])
    left.do("unwatch")
    client.send("left", "hello")
    assert kept.next() == ["hello"]
    kept.do("unwatch")
    client.send("left", "anybody?")
    assert not left.has_more()
    assert not kept.has_more()
    assert client.do("query", "messages:count", {"channel": "left"}) == 2


def test_the_state_of_a_connection(client: LiveClient) -> None:
    slow = client.begin("mutation", "messages:slow", {"channel": "state", "body": "slow"})
    state = client.do("state")
    assert (state["inflightMutations"], state["hasInflightRequests"]) == (1, True)
    slow.result()
    assert client.do("state") == {
        "hasInflightRequests": False,
        "isWebSocketConnected": True,
        "hasEverConnected": True,
        "connectionCount": 1,
        "connectionRetries": 0,
        "inflightMutations": 0,
        "inflightActions": 0,
    }


def test_pages_are_loaded_and_stay_live_without_gap_or_double(client: LiveClient) -> None:
    for number in range(5):
        client.send("pages", str(number))
    watch = client.watch("messages:page", {"channel": "pages"}, "page", size=2)

    def page() -> Any:
        answer = watch.next()
        return "".join(each["body"] for each in answer["results"]), answer["status"]

    first = page()
    assert first == ("43", "CanLoadMore") or (first, page()) == (("", "LoadingFirstPage"), ("43", "CanLoadMore"))
    watch.do("more", size=2)
    assert [page(), page()] == [("43", "LoadingMore"), ("4321", "CanLoadMore")]
    client.send("pages", "5")
    assert page() == ("54321", "CanLoadMore")
    watch.do("more", size=9)
    assert [page(), page()] == [("54321", "LoadingMore"), ("543210", "Exhausted")]
    client.send("pages", "6")
    assert page() == ("6543210", "Exhausted")
    assert not watch.has_more()


def test_a_scripted_identity_signs_in(client: LiveClient) -> None:
    me = client.watch("users:me")
    assert me.next() == "nobody"
    client.do("setAuth", tokens=["token-of-ada"])
    assert client.is_signed_in()
    assert me.next() == "Ada"
    assert [client.was_forced(), client.was_forced()] == [False, True]
    client.do("mutation", "messages:send", {"channel": "signed", "body": "hello"})
    [message] = client.do("query", "messages:list", {"channel": "signed"})
    assert message["author"] == "Ada"


def test_another_identity_or_none_runs_the_queries_again(client: LiveClient) -> None:
    client.do("setAuth", tokens=["token-of-ada"])
    me, tea = client.watch("users:me"), bodies(client, "tea")
    assert (me.next(), tea.next()) == ("Ada", ["안녕하세요!"])
    client.do("setAuth", tokens=["token-of-minji"])
    assert me.next() == "민지"
    client.do("clearAuth")
    assert me.next() == "nobody"
    assert [client.is_signed_in(), client.is_signed_in()] == [True, True]
    assert not tea.has_more()


def test_a_rejected_token_signs_out_and_the_queries_go_on(client: LiveClient, clients: LiveClients) -> None:
    client.do("setAuth", tokens=["nonsense"])
    assert client.is_signed_in() is False
    assert [client.was_forced(), client.was_forced()] == [False, True]
    assert client.watch("users:me").next() == "nobody"
    client.do("setAuth", tokens=["token-of-ada"])
    assert client.is_signed_in()
    said_like(clients, RECONNECTED)


def test_a_rejected_token_is_replaced_by_a_fresh_one(client: LiveClient, clients: LiveClients) -> None:
    me = client.watch("users:me")
    assert me.next() == "nobody"
    client.do("setAuth", tokens=["nonsense", "token-of-minji"])
    assert me.until("민지")
    assert client.is_signed_in()
    said_like(clients, RECONNECTED, "error: Auth token is not a valid JWT, cannot refetch the token")


def test_an_admin_acts_as_a_user(client: LiveClient, emulator: EmulatorProcess) -> None:
    me = client.watch("users:me")
    assert me.next() == "nobody"
    identity = {"subject": "user|3", "issuer": "https://id.example", "name": "지훈"}
    client.do("setAdminAuth", key=emulator.facts["admin_key"], identity=identity)
    assert me.next() == "지훈"


def test_a_token_of_ones_own_is_read_and_refreshed(connect: Open, tmp_path: Path) -> None:
    soon = 4_000_000_000  # in 2096; the client takes a token to be of an hour
    claims = {"iss": "https://id.example", "sub": "user|9", "iat": soon - 3600, "exp": soon}
    tokens = [unsigned_jwt({**claims, "name": name}) for name in ("Jihun", "Jihun, refreshed")]
    save(tmp_path, FILE, "functions: {'users:me': {type: query, result: \"${identity.name ?? 'nobody'}\"}}")
    with emulator_process(tmp_path, FILE) as emulator:
        client = connect(emulator)
        me = client.watch("users:me")
        assert me.next() == "nobody"
        client.do("setAuth", tokens=tokens)
        assert me.next() == "Jihun"
        assert me.next() == "Jihun, refreshed"
        assert client.is_signed_in()
        client.do("close")

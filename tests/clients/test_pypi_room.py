"""A chat room played through by PyPI `convex`, unmodified: its HTTP client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from convex import ConvexError, ConvexInt64
from convex.http_client import ConvexExecutionError, ConvexHttpClient

from tests.clients.chat import after_head
from tests.clients.room import FILE, FIRST, SCENARIO, SECOND, TEA, place_of
from tests.support.process import EmulatorProcess, emulator_process
from tests.support.scenarios import write_files

UNKNOWN = "j97fzzzzzzzzzzzzzzzzzzzzzzzzzm7a"
ORDER: dict[str, Any] = {"kind": "gift", "amount": ConvexInt64(1), "lines": []}


@pytest.fixture
def ada(room: EmulatorProcess) -> ConvexHttpClient:
    client = ConvexHttpClient(room.url)
    client.set_auth("token-of-ada")
    return client


@pytest.fixture
def minji(room: EmulatorProcess) -> ConvexHttpClient:
    client = ConvexHttpClient(room.url)
    client.set_auth("token-of-minji")
    return client


@pytest.fixture
def channel(request: pytest.FixtureRequest) -> str:
    """Return a channel that no other test writes to."""
    return str(request.node.name)


def send(client: ConvexHttpClient, channel: str, body: str, **more: Any) -> Any:
    return client.mutation("messages:send", {"channel": channel, "body": body, **more})


def bodies(messages: list[dict[str, Any]]) -> list[str]:
    return [each["body"] for each in messages]


def pages(
    client: ConvexHttpClient, path: str, channel: str, size: int, after_first: Callable[[], object] = lambda: None
) -> Iterator[list[str]]:
    """Read page after page to the end."""
    cursor, is_done = None, False
    while not is_done:
        options: Any = {"numItems": size, "cursor": cursor}
        answer = client.query(path, {"channel": channel, "paginationOpts": options})
        yield bodies(answer["page"])
        if cursor is None:
            after_first()
        cursor, is_done = answer["continueCursor"], answer["isDone"]


def refusal(client: ConvexHttpClient, args: dict[str, Any]) -> str:
    """Return why an order is refused."""
    with pytest.raises(ConvexExecutionError) as raised:
        client.mutation("orders:place", args)
    return after_head(str(raised.value))


def test_the_first_documents_arrive_with_the_types_of_their_fields(ada: ConvexHttpClient) -> None:
    one, other = (ada.query("messages:get", {"id": each}) for each in (FIRST, SECOND))
    assert type(one.pop("_creationTime")) is float
    fields = {"_id": FIRST, "author": "Ada", "body": "Hello", "channel": "tea", "likes": ConvexInt64(3), "reply": None}
    assert one == fields
    assert (other["likes"], other["picture"]) == (ConvexInt64(0), b"\x01\x02\x03")


def test_what_one_client_sends_another_sees(ada: ConvexHttpClient, minji: ConvexHttpClient, channel: str) -> None:
    sent = send(ada, channel, "kettle on", likes=ConvexInt64(-(2**63)), picture=b"\x00\xff", reply=FIRST)
    answered = send(minji, channel, "차 드실래요?", reply=None)

    one, other = minji.query("messages:list", {"channel": channel})

    assert (one["_id"], one["author"], one["body"], one["reply"]) == (sent, "Ada", "kettle on", FIRST)
    assert (one["likes"], one["picture"]) == (ConvexInt64(-(2**63)), b"\x00\xff")
    assert (other["_id"], other["author"], other["likes"]) == (answered, "민지", ConvexInt64(0))
    assert one["_creationTime"] < other["_creationTime"]


def test_a_field_that_is_null_is_there_and_a_field_that_was_left_out_is_not(
    ada: ConvexHttpClient, channel: str
) -> None:
    nulled, plain = send(ada, channel, "null", reply=None), send(ada, channel, "none")

    assert ada.query("messages:get", {"id": nulled})["reply"] is None
    assert "reply" not in ada.query("messages:get", {"id": plain})


@pytest.mark.parametrize("key", [UNKNOWN, TEA, "nonsense", "안녕", "", 7, None])
def test_an_id_that_nothing_has_gives_null(ada: ConvexHttpClient, key: Any) -> None:
    assert ada.query("messages:get", {"id": key}) is None


@pytest.mark.parametrize(("size", "lengths"), [(1, [1, 1, 1]), (2, [2, 1]), (3, [3]), (1_000_000, [3])])
def test_pages_of_any_size_make_up_the_whole(
    ada: ConvexHttpClient, channel: str, size: int, lengths: list[int]
) -> None:
    for body in "abc":
        send(ada, channel, body)

    found = list(pages(ada, "messages:page", channel, size))

    assert [len(page) for page in found] == lengths
    assert [each for page in found for each in page] == ["c", "b", "a"]


def test_what_arrives_between_two_pages_is_on_the_side_of_the_newest(
    ada: ConvexHttpClient, minji: ConvexHttpClient, channel: str
) -> None:
    for body in "abc":
        send(ada, channel, body)

    down = list(pages(ada, "messages:page", channel, 2, lambda: send(minji, channel, "d")))
    up = list(pages(ada, "messages:pageFromFirst", channel, 2, lambda: send(minji, channel, "e")))

    assert down == [["c", "b"], ["a"]]
    assert up == [["a", "b"], ["c", "d"], ["e"]]


def test_a_cursor_of_another_query_is_refused(ada: ConvexHttpClient, channel: str) -> None:
    send(ada, channel, "a")
    options: Any = {"numItems": 1, "cursor": None}
    cursor = ada.query("messages:page", {"channel": "tea", "paginationOpts": options})["continueCursor"]

    with pytest.raises(ConvexExecutionError, match="\nInvalidCursor: Tried to run a query starting from a cursor, "):
        ada.query("messages:page", {"channel": channel, "paginationOpts": {**options, "cursor": cursor}})


def test_every_fifth_call_fails_and_the_client_can_go_on(ada: ConvexHttpClient) -> None:
    seen = []
    for _ in range(6):
        try:
            seen.append(ada.mutation("messages:flaky"))
        except Exception as error:  # noqa: BLE001 - the client raises nothing more special
            seen.append(str(error).partition(":")[0])
    assert seen == [1, 2, 3, 4, "503 ExecuteFullError", 6]


def test_arguments_that_do_not_fit_are_refused_in_the_words_of_a_deployment(ada: ConvexHttpClient) -> None:
    lines: Any = [{"name": "cup", "count": 1}, {"name": "pot", "count": "two"}]
    assert ada.mutation("orders:place", {**ORDER, "lines": lines[:1]}) == "placed"
    head = "ArgumentValidationError: "
    missing = refusal(ada, {"kind": "gift", "lines": []})
    assert missing.startswith(f"{head}Object is missing the required field `amount`. Consider wrapping ")
    assert '\n\nObject: {kind: "gift", lines: []}\nValidator: v.object({amount: v.int64(), ' in missing
    extra = refusal(ada, {**ORDER, "colour": "red"})
    assert extra.startswith(f"{head}Object contains extra field `colour` that is not in the validator.\n\nObject: ")
    mismatch = f"{head}Value does not match validator.\nPath: "
    assert refusal(ada, {**ORDER, "amount": 1}) == f"{mismatch}.amount\nValue: 1.0\nValidator: v.int64()"
    wrong = f'{mismatch}.lines[1].count\nValue: "two"\nValidator: v.float64()'
    assert refusal(ada, {**ORDER, "lines": lines}) == wrong
    literal = f'{head}`"coffee"` does not match literal validator `v.literal("tea")`.Path: .only'
    assert refusal(ada, {**ORDER, "only": "coffee"}) == literal
    foreign = f'{head}Found ID "{FIRST}" from table `messages`, which does not match the table name in validator '
    assert refusal(ada, {**ORDER, "channel": FIRST}) == f'{foreign}`v.id("channels")`.Path: .channel'


def test_a_result_that_does_not_fit_is_refused(ada: ConvexHttpClient) -> None:
    with pytest.raises(ConvexExecutionError) as raised:
        ada.query("messages:broken")
    assert after_head(str(raised.value)).startswith(
        "ReturnsValidationError: Value does not match validator.\nPath: [0]"
    )


def test_a_convex_error_of_a_rule_with_effects_carries_what_its_data_compute(
    ada: ConvexHttpClient, channel: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ada.set_debug(value=True)
    with pytest.raises(ConvexError) as raised:
        send(ada, channel, "")
    assert raised.value.data == {"code": "EMPTY", "channel": channel, "likes": {"$integer": "BwAAAAAAAAA="}}
    assert capsys.readouterr().out == "[WARN] 'Ada said nothing'\n"


def test_whoever_is_not_signed_in_is_refused_by_the_rule_for_it(room: EmulatorProcess, channel: str) -> None:
    nobody = ConvexHttpClient(room.url)
    with pytest.raises(ConvexError) as raised:
        send(nobody, channel, "hello?")
    assert raised.value.data == {"code": "SIGN_IN"}
    assert nobody.query("messages:list", {"channel": channel}) == []


def test_log_lines_show_what_they_compute(
    ada: ConvexHttpClient, channel: str, capsys: pytest.CaptureFixture[str]
) -> None:
    send(ada, channel, "hi")
    ada.set_debug(value=True)
    ada.query("messages:list", {"channel": channel})
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"[LOG] 'listing {channel}'"
    assert out[1].startswith(f"[DEBUG] {{ channel: '{channel}' }} ")


def test_a_step_that_fails_names_its_place_and_writes_nothing(ada: ConvexHttpClient, channel: str) -> None:
    sent = send(ada, channel, "hi")
    wrong: Any = {"body": 1}
    with pytest.raises(ConvexExecutionError) as raised:
        ada.mutation("messages:rename", {"id": sent, "document": wrong})
    text = after_head(str(raised.value))
    assert 'insert or update a document in table "messages" because it does not match the schema: ' in text
    step, rule = place_of("messages:rename", "{replace:"), place_of("messages:rename")
    assert text.endswith(f"\n    at scenario ({step})\n    at handler ({rule})")
    assert bodies(ada.query("messages:list", {"channel": channel})) == ["hi"]


def test_a_document_that_one_client_changed_or_removed_is_so_for_the_other(
    ada: ConvexHttpClient, minji: ConvexHttpClient, channel: str
) -> None:
    sent = send(ada, channel, "hi")
    minji.mutation("messages:like", {"id": sent})
    assert ada.query("messages:get", {"id": sent})["likes"] == ConvexInt64(7)
    minji.mutation("messages:remove", {"id": sent})
    assert ada.query("messages:get", {"id": sent}) is None
    with pytest.raises(ConvexExecutionError, match=f"Update on nonexistent document ID {sent}"):
        minji.mutation("messages:like", {"id": sent})


def test_two_emulators_of_one_file_give_the_same_ids_to_the_same_writes(tmp_path: Path) -> None:
    found = []
    for name in ("one", "other"):
        write_files(tmp_path / name, {FILE: SCENARIO})
        with emulator_process(tmp_path / name, FILE) as emulator:
            client = ConvexHttpClient(emulator.url)
            client.set_auth("token-of-ada")
            found.append([send(client, "tea", body) for body in "ab"])
    assert found[0] == found[1]
    assert len({*found[0]}) == 2

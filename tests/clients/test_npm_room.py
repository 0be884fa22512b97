"""A chat room played through by npm `convex`, unmodified: documents written, read page by page, and refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from convex.http_client import ConvexHttpClient

from tests.clients.chat import after_head
from tests.clients.room import FIRST, SECOND, TEA, place_of
from tests.clients.scripts import asking, run_script, save
from tests.support.process import EmulatorProcess, emulator_process

WRITTEN = ["Hello", "안녕하세요!", "kettle on", "차 드실래요?", "yes"]
NEWEST_FIRST = WRITTEN[::-1]
ORDER = (
    'v.object({amount: v.int64(), channel: v.optional(v.id("channels")), '
    'kind: v.union(v.literal("gift"), v.literal("sale")), '
    'lines: v.array(v.object({count: v.float64(), name: v.string()})), only: v.optional(v.literal("tea"))})'
)
MESSAGE = (
    "v.object({author: v.string(), body: v.string(), channel: v.string(), likes: v.int64(), "
    "picture: v.optional(v.bytes()), reply: v.optional(v.union(v.string(), v.null()))})"
)
REFUSED = {
    "missing": "Object is missing the required field `kind`. Consider wrapping the field validator in "
    f"`v.optional(...)` if this is expected.\n\nObject: {{amount: 1, lines: []}}\nValidator: {ORDER}",
    "extra": "Object contains extra field `colour` that is not in the validator.\n\n"
    f'Object: {{amount: 1, colour: "red", kind: "gift", lines: []}}\nValidator: {ORDER}',
    "number": "Value does not match validator.\nPath: .amount\nValue: 1.0\nValidator: v.int64()",
    "literals": 'Value does not match validator.\nPath: .kind\nValue: "loan"\n'
    'Validator: v.union(v.literal("gift"), v.literal("sale"))',
    "literal": '`"coffee"` does not match literal validator `v.literal("tea")`.Path: .only',
    "nested": "Value does not match validator.\nPath: .lines[1].count\nValue: 2\nValidator: v.float64()",
    "otherTable": f'Found ID "{FIRST}" from table `messages`, '
    'which does not match the table name in validator `v.id("channels")`.Path: .channel',
    "noId": 'Value does not match validator.\nPath: .channel\nValue: "tea"\nValidator: v.id("channels")',
}
POTS = """
tables:
  cups: {documents: [{name: mug}]}
  pots: {documents: [{name: iron}]}
functions:
  all:list: {result: {cups: "${[each.name for each in tables.cups]}", pots: "${[each.name for each in tables.pots]}"}}
  cups:add: {do: [{insert: {into: cups, document: "${args}"}}], result: "${call}"}
  pots:add: {do: [{insert: {into: pots, document: "${args}"}}], result: null}
"""


@pytest.fixture(scope="module")
def seen(room: EmulatorProcess) -> Any:
    """Play the room through, once, and return what the clients saw."""
    return run_script("room", room.url, FIRST=FIRST, SECOND=SECOND, TEA=TEA)


def test_the_first_documents_arrive_with_the_types_of_their_fields(seen: Any) -> None:
    one = {"_id": FIRST, "author": "Ada", "body": "Hello", "channel": "tea", "likes": {"int64": "3"}, "reply": None}
    other = {"_id": SECOND, "author": "민지", "body": "안녕하세요!", "channel": "tea", "likes": {"int64": "0"}}
    assert seen["atFirst"] == [one, {**other, "picture": {"bytes": [1, 2, 3]}}]


def test_what_was_sent_is_there_with_its_author_and_its_values(seen: Any) -> None:
    assert seen["sent"] == {
        "_creationTime": "number",
        "_id": seen["ids"][0],
        "author": "Ada",
        "body": "kettle on",
        "channel": "tea",
        "likes": {"int64": str(2**62)},
        "picture": {"bytes": [255, 0, 1]},
        "reply": FIRST,
    }


def test_ids_of_one_table_look_alike_and_are_all_different(seen: Any) -> None:
    assert {(len(each), each[:3]) for each in seen["ids"]} == {(32, "j97")}
    assert len({*seen["ids"], FIRST, SECOND}) == 5


def test_a_field_that_is_null_is_there_and_a_field_that_was_left_out_is_not(seen: Any) -> None:
    required = "_creationTime _id author body channel likes"
    assert seen["fields"] == [f"{required} picture reply", f"{required} reply", required]
    assert seen["replies"] == [None, True]


def test_every_client_sees_what_all_of_them_sent(seen: Any) -> None:
    assert seen["list"] == [WRITTEN, WRITTEN, WRITTEN[:1]]


def test_creation_times_grow(seen: Any) -> None:
    times = seen["times"]
    assert all(isinstance(each, float) for each in times)
    assert times == sorted(set(times))
    assert len(times) == 5


def test_an_id_that_nothing_has_gives_null(seen: Any) -> None:
    assert seen["unknown"] == [None] * 5


@pytest.mark.parametrize(("size", "lengths"), [("1", [1, 1, 1, 1, 1]), ("2", [2, 2, 1]), ("5", [5]), ("100", [5])])
def test_pages_of_any_size_make_up_the_whole(seen: Any, size: str, lengths: list[int]) -> None:
    pages = seen["pages"][size]
    assert [len(page) for page in pages] == lengths
    assert [each for page in pages for each in page] == NEWEST_FIRST


def test_what_arrives_while_reading_from_the_newest_moves_no_page(seen: Any) -> None:
    assert seen["newestFirst"] == [NEWEST_FIRST[:2], NEWEST_FIRST[2:4], NEWEST_FIRST[4:]]


def test_what_arrives_while_reading_from_the_oldest_is_read_in_the_end(seen: Any) -> None:
    assert seen["oldestFirst"] == [WRITTEN[:4], [WRITTEN[4], "while reading", "at the end"]]


def test_a_page_asked_for_up_to_its_own_end_is_the_same_page(seen: Any) -> None:
    assert len(seen["sameTwice"]["page"]) == 2
    assert seen["upToItsEnd"] == seen["sameTwice"]


def test_a_page_of_nothing_is_the_last_one(seen: Any) -> None:
    page = seen["emptyChannel"]
    assert (page["page"], page["isDone"], type(page["continueCursor"])) == ([], True, str)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "foreignCursor",
            "InvalidCursor: Tried to run a query starting from a cursor, but it looks like this cursor is from a ",
        ),
        ("noItems", "Must request at least 1 document while paginating"),
        ("noOptions", "Uncaught Error: this function is scripted to paginate; it needs the argument paginationOpts "),
    ],
)
def test_a_page_that_cannot_be_is_an_error_that_says_why(seen: Any, name: str, text: str) -> None:
    assert seen[name]["isConvexError"] is False
    assert after_head(seen[name]["message"]).startswith(text)


def test_every_fifth_call_fails_and_the_others_are_answered(seen: Any) -> None:
    assert seen["flaky"] == [1, 2, 3, 4, "ExecuteFullError", 6, 7, 8, 9, "ExecuteFullError", 11]


@pytest.mark.parametrize("name", REFUSED)
def test_arguments_that_do_not_fit_are_refused_in_the_words_of_a_deployment(seen: Any, name: str) -> None:
    assert seen["refused"][name]["isConvexError"] is False
    assert after_head(seen["refused"][name]["message"]) == f"ArgumentValidationError: {REFUSED[name]}"


def test_arguments_that_fit_are_taken(seen: Any) -> None:
    assert seen["placed"] == ["placed", "placed"]


def test_a_result_that_does_not_fit_is_refused(seen: Any) -> None:
    text = after_head(seen["broken"]["message"])
    assert text.startswith(
        "ReturnsValidationError: Value does not match validator.\nPath: [0]\nValue: {_creationTime: "
    )
    assert text.endswith(f"\nValidator: v.float64()\n    at handler ({place_of('messages:broken')})")


def test_whoever_is_not_signed_in_is_refused_by_the_rule_for_it(seen: Any) -> None:
    assert (seen["signIn"]["isConvexError"], seen["signIn"]["data"]) == (True, {"code": "SIGN_IN"})


def test_a_convex_error_of_a_rule_with_effects_carries_what_its_data_compute(seen: Any) -> None:
    empty = seen["empty"]
    assert empty["isConvexError"] is True
    assert empty["data"] == {"code": "EMPTY", "channel": "tea", "likes": {"int64": "7"}}
    assert after_head(empty["message"]).startswith("Uncaught ConvexError: Message is empty\n")


def test_the_client_prints_what_log_lines_compute(seen: Any) -> None:
    prefix = "%c[CONVEX M(messages:send)]"
    assert seen["printed"] == [[f"{prefix} [INFO]", "'Ada said kettle on'"], [f"{prefix} [INFO]", "'Ada said yes'"]]
    assert seen["emptyPrinted"] == [[f"{prefix} [WARN]", "'Ada said nothing'"]]


def test_a_document_that_does_not_fit_its_table_is_refused_with_the_step_that_wrote_it(seen: Any) -> None:
    step = place_of("messages:rename", "{replace:")
    assert after_head(seen["misfit"]["message"]) == (
        'Uncaught Error: Failed to insert or update a document in table "messages" because it does not match the '
        "schema: Object is missing the required field `author`. Consider wrapping the field validator in "
        f"`v.optional(...)` if this is expected.\n\nObject: {{body: 1.0}}\nValidator: {MESSAGE}"
        f"\n    at scenario ({step})\n    at handler ({place_of('messages:rename')})"
    )


def test_a_document_that_is_not_there_cannot_be_deleted(seen: Any) -> None:
    text = after_head(seen["gone"]["message"])
    assert text.startswith("Uncaught Error: Delete on nonexistent document ID j97fzzzzzzzzzzzzzzzzzzzzzzzzzm7a\n")


def test_a_document_that_one_client_changed_or_removed_is_so_for_the_other(seen: Any) -> None:
    assert (seen["liked"], seen["removed"]) == ({"int64": "7"}, None)


def test_what_clients_wrote_outlasts_every_edit_that_leaves_their_table_as_it_was(tmp_path: Path) -> None:
    save(tmp_path, "pots.yaml", POTS)
    with emulator_process(tmp_path, "pots.yaml") as emulator, asking(emulator, "all:list") as ask:
        client = ConvexHttpClient(emulator.url)
        client.mutation("cups:add", {"name": "bowl"})
        client.mutation("pots:add", {"name": "clay"})
        assert ask()["value"] == {"cups": ["mug", "bowl"], "pots": ["iron", "clay"]}
        typed = POTS.replace('result: "${call}"', "result: added").replace("cups: {", "cups: {fields: {name: string}, ")
        save(tmp_path, "pots.yaml", typed)
        emulator.wait_for_log("revision 2 in force")
        assert ask()["value"] == {"cups": ["mug", "bowl"], "pots": ["iron", "clay"]}
        assert client.mutation("cups:add", {"name": "glass"}) == "added"
        save(tmp_path, "pots.yaml", typed.replace("{name: mug}", "{name: 3}"))
        emulator.wait_for_log("revision 2 stays in force")
        save(tmp_path, "pots.yaml", typed.replace("{name: iron}", "{name: iron}, {name: steel}"))
        emulator.wait_for_log("revision 3 in force")
        assert ask()["value"] == {"cups": ["mug", "bowl", "glass"], "pots": ["iron", "steel"]}


def test_calls_are_counted_anew_when_their_function_was_edited_and_only_then(tmp_path: Path) -> None:
    save(tmp_path, "pots.yaml", POTS)
    with emulator_process(tmp_path, "pots.yaml") as emulator:
        client = ConvexHttpClient(emulator.url)
        counted = [client.mutation("cups:add", {"name": "bowl"}) for _ in range(2)]
        save(tmp_path, "pots.yaml", POTS.replace("result: null", "result: added"))
        emulator.wait_for_log("revision 2 in force")
        counted.append(client.mutation("cups:add", {"name": "bowl"}))
        save(tmp_path, "pots.yaml", POTS.replace('"${call}"', '"${call * 10}"'))
        emulator.wait_for_log("revision 3 in force")
        counted.append(client.mutation("cups:add", {"name": "bowl"}))
    assert counted == [1, 2, 3, 10]

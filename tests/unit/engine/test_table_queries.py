"""Table queries: which documents a function returns, in which order and shape."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.engine.plan import Rejected, Uncomputable, Unmatched
from emulator.values.convex import Value
from tests.support.engine import call, emulator_of, ending_of, value_of
from tests.support.tables import documents

TABLES = """
tables:
  notes:
    documents:
      - {text: a, n: 3, tags: [x, y], meta: {deep: {k: 1}}}
      - {text: b, n: 1, flag: true}
      - {text: c, n: 2, flag: null}
      - {text: d, n: 1}
      - {text: e, flag: false, n: {$int64: 1}}
"""


def found(folder: Path, query: str, args: dict[str, Value] | None = None) -> Value:
    """Return what a query gives for these arguments, each document by its text."""
    emulator = emulator_of(folder, f"{TABLES}\nfunctions: {{n:q: {{type: query, query: {query}}}}}")
    value = value_of(call(emulator, "n:q", args))
    return [each["text"] for each in value if isinstance(each, dict)] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{table: notes}", "abcde"),
        ("{table: notes, order: asc}", "abcde"),
        ("{table: notes, order: desc}", "edcba"),
        ("{table: notes, where: {}}", "abcde"),
        ("{table: notes, where: {text: b}}", "b"),
        ("{table: notes, where: {n: 1}}", "bd"),
        ("{table: notes, where: {n: {$int64: 1}}}", "e"),
        ("{table: notes, where: {n: 1}, order: desc}", "db"),
        ("{table: notes, where: {flag: null}}", "c"),
        ("{table: notes, where: {flag: {$exists: false}}}", "ad"),
        ("{table: notes, where: {flag: false}}", "e"),
        ("{table: notes, where: {n: {$gt: 1}}}", "ac"),
        ("{table: notes, where: {tags: [x, y]}}", "a"),
        ("{table: notes, where: {tags: {$contains: y}}}", "a"),
        ("{table: notes, where: {meta: {deep: {k: 1}}}}", "a"),
        ("{table: notes, where: {meta: {deep: {k: 2}}}}", ""),
        ("{table: notes, where: {text: b, n: 2}}", ""),
        ("{table: notes, where: {text: {$in: [e, a]}}}", "ae"),
        ("{table: notes, where: {$any: [{text: a}, {n: 2}]}}", "ac"),
        ("{table: notes, where: {_id: nothing}}", ""),
        ("{table: notes, order: {by: n}}", "ebdca"),
        ("{table: notes, order: {by: n, order: desc}}", "acdbe"),
        ("{table: notes, order: {by: flag}}", "adceb"),
        ("{table: notes, order: {by: flag, order: desc}}", "becda"),
        ("{table: notes, order: {by: nothing}}", "abcde"),
        ("{table: notes, order: {by: nothing, order: desc}}", "edcba"),
        ("{table: notes, order: {by: _creationTime, order: desc}}", "edcba"),
        ("{table: notes, limit: 2}", "ab"),
        ("{table: notes, limit: 2, order: desc}", "ed"),
        ("{table: notes, limit: 2, order: {by: n}}", "eb"),
        ("{table: notes, limit: 0}", ""),
        ("{table: notes, limit: 2.9}", "ab"),
        ("{table: notes, limit: 99}", "abcde"),
        ("{table: notes, limit: .inf}", "abcde"),
        ("{table: notes, limit: 1.0e+300}", "abcde"),
        ("{table: notes, limit: '${int64(1)}'}", "a"),
        ("{table: notes, limit: null}", "abcde"),
    ],
)
def test_a_query_gives_the_documents_that_are_like_where_in_order(tmp_path: Path, query: str, expected: str) -> None:
    assert found(tmp_path, query) == list(expected)


def test_documents_come_whole_and_with_their_system_fields(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, f"{TABLES}\nfunctions: {{n:q: {{query: {{table: notes, where: {{text: b}}}}}}}}")
    (document,) = documents(emulator, "notes")[1:2]

    assert value_of(call(emulator, "n:q")) == [document]
    assert set(document) == {"_creationTime", "_id", "flag", "n", "text"}


@pytest.mark.parametrize(
    ("args", "expected"),
    [({"n": 1.0}, "bd"), ({"n": 2.0}, "c"), ({}, ""), ({"n": None}, ""), ({"n": True}, ""), ({"n": "1"}, "")],
)
def test_where_may_be_computed_and_a_missing_argument_is_null(
    tmp_path: Path, args: dict[str, Value], expected: str
) -> None:
    assert found(tmp_path, "{table: notes, where: {n: '${args.n}'}}", args) == list(expected)


def test_a_limit_may_be_computed(tmp_path: Path) -> None:
    assert found(tmp_path, "{table: notes, limit: '${args.limit ?? 3}'}") == ["a", "b", "c"]
    assert found(tmp_path, "{table: notes, limit: '${args.limit ?? 3}'}", {"limit": 1.0}) == ["a"]


@pytest.mark.parametrize(
    ("limit", "shown"), [(-1.0, "-1"), (float("nan"), ".nan"), (None, "null"), ("5", '"5"'), (True, "true")]
)
def test_a_limit_that_is_no_number_from_zero_upward_has_no_result(tmp_path: Path, limit: Value, shown: str) -> None:
    text = f"{TABLES}\nfunctions: {{n:q: {{query: {{table: notes, limit: '${{args.limit}}'}}}}}}"

    ending = ending_of(call(emulator_of(tmp_path, text), "n:q", {"limit": limit}))

    assert isinstance(ending, Uncomputable)
    assert ending.reason == f"limit is {shown}, and must be a number from 0 upward"
    assert ending.place.line == 11


def test_first_gives_the_first_document_or_null(tmp_path: Path) -> None:
    text = f"""{TABLES}
functions:
  n:first: {{query: {{table: notes, where: {{n: "${{args.n}}"}}, order: desc, first: true}}}}
  n:none: {{query: {{table: notes, first: true, limit: 0}}}}
"""
    emulator = emulator_of(tmp_path, text)

    document = value_of(call(emulator, "n:first", {"n": 1.0}))
    assert isinstance(document, dict)
    assert document["text"] == "d"
    assert value_of(call(emulator, "n:first", {"n": 9.0})) is None
    assert value_of(call(emulator, "n:none")) is None


def test_unique_gives_the_only_document_or_null_and_refuses_two(tmp_path: Path) -> None:
    text = f'{TABLES}\nfunctions: {{n:u: {{query: {{table: notes, where: {{n: "${{args.n}}"}}, unique: true}}}}}}'
    emulator = emulator_of(tmp_path, text)
    ids = [each["_id"] for each in documents(emulator, "notes") if each["n"] == 1.0 and each["text"] != "e"]

    document = value_of(call(emulator, "n:u", {"n": 2.0}))
    assert isinstance(document, dict)
    assert document["text"] == "c"
    assert value_of(call(emulator, "n:u", {"n": 9.0})) is None
    ending = ending_of(call(emulator, "n:u", {"n": 1.0}))
    assert isinstance(ending, Rejected)
    assert ending.message == (
        f"Uncaught Error: unique() query returned more than one result from table notes:\n [{ids[0]!s}, {ids[1]!s}]"
    )


def test_a_document_is_found_by_its_id_and_nothing_else_is(tmp_path: Path) -> None:
    functions = "functions: {n:get: {query: {table: notes, id: '${args.id}'}}}"
    text = f"{TABLES}  others: {{documents: [{{text: z}}]}}\n{functions}"
    emulator = emulator_of(tmp_path, text)
    first, other = documents(emulator, "notes")[0], documents(emulator, "others")[0]

    assert value_of(call(emulator, "n:get", {"id": first["_id"]})) == first
    others: list[Value] = [other["_id"], "", "nothing", None, 5.0, [first["_id"]]]
    for key in others:
        assert value_of(call(emulator, "n:get", {"id": key})) is None


def test_a_query_is_answered_by_the_rule_whose_condition_holds(tmp_path: Path) -> None:
    text = f"""{TABLES}
functions:
  n:q:
    rules:
      - {{when: {{args: {{text: {{$type: string}}}}}}, query: {{table: notes, where: {{text: "${{args.text}}"}}}}}}
"""
    emulator = emulator_of(tmp_path, text)

    value = value_of(call(emulator, "n:q", {"text": "b"}))
    assert isinstance(value, list)
    assert len(value) == 1
    assert isinstance(ending_of(call(emulator, "n:q")), Unmatched)


def test_more_documents_than_an_array_holds_are_refused_in_the_services_words(tmp_path: Path) -> None:
    functions = "functions: {a:all: {query: {table: t}}, a:n: {result: '${len(tables.t)}'}}"
    text = f"tables: {{t: {{count: 8193, document: {{}}}}}}\n{functions}"
    emulator = emulator_of(tmp_path, text)

    ending = ending_of(call(emulator, "a:all"))

    assert isinstance(ending, Rejected)
    assert ending.message == "Array length is too long (8193 > maximum length 8192)"
    assert value_of(call(emulator, "a:n")) == 8193.0

"""What becomes of table queries and of conditions."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.model.computed import Computed
from emulator.model.constant import Constant
from emulator.model.function import Function
from emulator.model.pattern import AllOf, AnyOf, Compares, Equals, Fields, IsType, Later, Not, Order, Pattern
from emulator.model.place import Place
from emulator.model.query import Shape, TableQuery
from emulator.model.rule import CallNumber, Condition, Read
from tests.support.scenarios import load_files, load_text

HERE = Place("", 0, 0)
BEFORE = "tables: {users: {}}\nstate: {mode: normal, count: 0}\nidentities: {ada: {token: t}}\n"


def function(folder: Path, text: str) -> Function:
    return load_text(folder, f"{BEFORE}functions: {{a:b: {text}}}\n").functions["a:b"]


def query(folder: Path, text: str) -> TableQuery:
    outcome = function(folder, f"{{query: {{table: users{text}}}}}").script.rules[0].outcome
    assert isinstance(outcome, Read)
    return outcome.query


def condition(folder: Path, text: str) -> Condition:
    when = function(folder, f"{{when: {{{text}}}, result: 1}}").script.rules[0].when
    assert when is not None
    return when


def told(folder: Path, text: str) -> list[tuple[str, int]]:
    loaded = load_files(folder, {"default.yaml": f"{BEFORE}functions: {{a:b: {text}}}\n"})
    return [(each.slug, each.place.column) for each in loaded.problems]


QUERIES: dict[str, tuple[str, TableQuery]] = {
    "all documents": ("", TableQuery("users", HERE)),
    "the first": (", first: true", TableQuery("users", HERE, Shape.FIRST)),
    "the only one": (", unique: true", TableQuery("users", HERE, Shape.UNIQUE)),
    "pages": (", paginate: true", TableQuery("users", HERE, Shape.PAGE)),
    "nothing of these": (", first: false, unique: false, paginate: false", TableQuery("users", HERE)),
    "descending": (", order: desc", TableQuery("users", HERE, descending=True)),
    "by a field": (", order: {by: age}", TableQuery("users", HERE, by="age")),
    "by a field, descending": (", order: {by: age, order: desc}", TableQuery("users", HERE, by="age", descending=True)),
    "by creation": (", order: {by: _creationTime, order: desc}", TableQuery("users", HERE, descending=True)),
    "by id": (", id: x", TableQuery("users", HERE, id=Constant("x"))),
    "by id, none of the others": (", id: x, first: false", TableQuery("users", HERE, id=Constant("x"))),
    "so many": (", limit: 3", TableQuery("users", HERE, limit=Constant(3.0))),
    "as many as there are": (", limit: null, where: null", TableQuery("users", HERE)),
    "like this": (", where: {a: 1}", TableQuery("users", HERE, where=Fields((("a", Equals(1.0)),)))),
    "like this in many ways": (
        ", where: {a: {$gt: 1}}",
        TableQuery("users", HERE, where=Fields((("a", Compares(Order.GREATER, 1.0)),))),
    ),
}


@pytest.mark.parametrize(("text", "expected"), QUERIES.values(), ids=QUERIES)
def test_a_query_is_what_is_written(text: str, expected: TableQuery, tmp_path: Path) -> None:
    assert query(tmp_path, text) == expected


def test_what_a_query_computes_is_found(tmp_path: Path) -> None:
    found = query(tmp_path, ", where: {a: '${args.a}', b: {$lt: '${args.b}', $in: '${args.c}'}}, limit: '${args.n}'")
    assert isinstance(found.limit, Computed)
    assert len(found.computed) == 1
    rule = function(tmp_path, "{query: {table: users, where: {a: '${args.a}'}, limit: '${args.n}'}}").script.rules[0]
    assert len(rule.computed) == 2
    (_, later), (_, both) = found.where.fields if isinstance(found.where, Fields) else ()
    assert isinstance(later, Later)
    assert isinstance(both, AllOf)
    assert [(each.order, each.is_choice) for each in both.patterns if isinstance(each, Later)] == [
        (Order.LESS, False),
        (None, True),
    ]


@pytest.mark.parametrize("limit", ["0", "2.5", "1e9", ".inf", "'${args.n}'"])
def test_a_limit_is_any_number_from_zero_or_an_expression(limit: str, tmp_path: Path) -> None:
    assert told(tmp_path, f"{{query: {{table: users, limit: {limit}}}}}") == []


MODE = Fields((("mode", Equals("a")),))
CONDITIONS: dict[str, tuple[str, Condition]] = {
    "state": ("state: {mode: a}", Condition(state=MODE)),
    "one of several states": ("state: {$any: [{mode: a}, {mode: a}]}", Condition(state=AnyOf((MODE, MODE)))),
    "headers": ("headers: {X-Test: '1'}", Condition(headers=Fields((("x-test", Equals("1")),)))),
    "headers that are not": (
        "headers: {$not: {X-Test: '1'}}",
        Condition(headers=Not(Fields((("x-test", Equals("1")),)))),
    ),
    "headers in several ways": (
        "headers: {$any: [{X-A: '1'}, {$all: [{X-B: '1'}]}]}",
        Condition(
            headers=AnyOf((Fields((("x-a", Equals("1")),)), AllOf((Fields((("x-b", Equals("1")),)),)))),
        ),
    ),
    "one call": ("call: 3", Condition(call=CallNumber(3, 3))),
    "one call, with a point": ("call: 3.0", Condition(call=CallNumber(3, 3))),
    "calls from": ("call: {from: 3}", Condition(call=CallNumber(3))),
    "calls from, to": ("call: {from: 3, to: 3}", Condition(call=CallNumber(3, 3))),
    "every so many": ("call: {every: 5}", Condition(call=CallNumber(every=5))),
    "chance": ("chance: 0.5", Condition(chance=0.5)),
    "no chance": ("chance: 0", Condition(chance=0.0)),
    "everything at once": (
        "args: {a: 1}, identity: ada, call: 1, chance: 1",
        Condition(args=Fields((("a", Equals(1.0)),)), identity_name="ada", call=CallNumber(1, 1), chance=1.0),
    ),
}


@pytest.mark.parametrize(("text", "expected"), CONDITIONS.values(), ids=CONDITIONS)
def test_a_condition_asks_what_is_written(text: str, expected: Condition, tmp_path: Path) -> None:
    assert condition(tmp_path, text) == expected


@pytest.mark.parametrize("text", ["state: {}", "headers: {}", "call: null", "chance: null", "if: null"])
def test_a_condition_that_says_nothing_is_none(text: str, tmp_path: Path) -> None:
    assert function(tmp_path, f"{{when: {{{text}}}, result: 1}}").script.rules[0].when is None


def test_the_test_of_a_condition_is_one_expression(tmp_path: Path) -> None:
    asked = condition(tmp_path, "if: '${args.n > 3 and identity.name == null}'")
    assert asked.test is not None
    assert set(asked.test.compiled.names) == {"args", "identity"}


def test_a_chance_needs_a_stream_and_a_plain_condition_none(tmp_path: Path) -> None:
    assert function(tmp_path, "{when: {chance: 0.5}, result: 1}").script.rules[0].stream is not None
    assert function(tmp_path, "{when: {call: 5}, result: 1}").script.rules[0].stream is None
    assert function(tmp_path, "{when: {if: '${random.int(1, 6) == 6}'}, result: 1}").script.rules[0].stream is not None


def test_state_variables_that_a_condition_asks_for_are_known_inside_of_operators_too(tmp_path: Path) -> None:
    text = "{when: {state: {$any: [{mode: a}, {modus: b}], $not: {cuont: 1}}}, result: 1}"
    whole = f"functions: {{a:b: {text}}}"
    assert told(tmp_path, text) == [
        ("unknown-state", whole.index("modus") + 1),
        ("unknown-state", whole.index("cuont") + 1),
    ]


def test_what_stands_inside_of_a_state_variable_is_no_state_variable(tmp_path: Path) -> None:
    assert told(tmp_path, "{when: {state: {mode: {inner: 1, $nothing: 1}}}, result: 1}")[0][0] == "outcome-conflict"
    assert told(tmp_path, "{when: {state: {mode: {inner: 1}}}, result: 1}") == []


def test_a_bad_expression_in_a_test_is_one_problem(tmp_path: Path) -> None:
    text = "{when: {if: '${args.'}, result: 1}"
    assert told(tmp_path, text) == [("bad-expression", f"functions: {{a:b: {text}}}".index("$") + 1)]


@pytest.mark.parametrize("null", ["null", "'null'", "~"])
def test_the_type_null_needs_no_quotes(null: str, tmp_path: Path) -> None:
    assert condition(tmp_path, f"args: {{a: {{$type: {null}}}}}").args == Fields((("a", IsType("null")),))


@pytest.mark.parametrize("operator", ["$gt", "$gte", "$lt", "$lte"])
def test_nothing_has_an_order_to_nan(operator: str, tmp_path: Path) -> None:
    assert [slug for slug, _ in told(tmp_path, f"{{when: {{args: {{a: {{{operator}: .nan}}}}}}, result: 1}}")] == [
        "bad-condition"
    ]
    found = condition(tmp_path, "args: {a: {$ne: .nan}}").args
    assert isinstance(found, Fields)
    pattern: Pattern = found.fields[0][1]
    assert isinstance(pattern, Not)

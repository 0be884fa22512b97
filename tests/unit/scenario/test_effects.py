"""What becomes of `do`: effects, the names they bind, and what they use of other sections."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from emulator.model.computed import Computed
from emulator.model.constant import Constant
from emulator.model.effect import (
    After,
    Assign,
    CallFunction,
    Delete,
    Effect,
    Insert,
    Log,
    LogLine,
    Patch,
    Replace,
    computed_of,
)
from emulator.model.logs import LogLevel
from emulator.model.place import Place
from emulator.model.rule import Result, Rule
from tests.support.scenarios import load_files, load_text

BEFORE = "tables: {users: {}, messages: {}}\nstate: {mode: normal, count: 0}\nvars: {hello: 안녕}\n"
HERE = Place("", 0, 0)
SECOND = 1_000_000_000


def rules(folder: Path, text: str) -> tuple[Rule, ...]:
    return load_text(folder, f"{BEFORE}functions:\n  a:b:\n{indent(text, '    ')}\n").functions["a:b"].script.rules


def effects(folder: Path, *entries: str) -> tuple[Effect, ...]:
    listed = "\n".join(f"  - {each}" for each in entries)
    return rules(folder, f"do:\n{listed}\nresult: null")[0].effects


def told(folder: Path, text: str) -> list[tuple[str, str]]:
    loaded = load_files(folder, {"default.yaml": f"{BEFORE}functions:\n  a:b:\n{indent(text, '    ')}\n"})
    return [(each.slug, each.message) for each in loaded.problems]


KINDS: dict[str, tuple[str, Effect]] = {
    "insert": ("insert: {into: users, document: {a: 1}}", Insert("users", Constant({"a": 1.0}), HERE)),
    "insert with a name": (
        "insert: {into: users, document: {}, as: user}",
        Insert("users", Constant({}), HERE, "user"),
    ),
    "patch": (
        "patch: {table: users, id: x, fields: {a: null}}",
        Patch("users", Constant("x"), Constant({"a": None}), HERE),
    ),
    "replace": (
        "replace: {table: users, id: x, document: {}}",
        Replace("users", Constant("x"), Constant({}), HERE),
    ),
    "delete": ("delete: {table: users, id: x}", Delete("users", Constant("x"), HERE)),
    "set": (
        "set: {mode: slow, count: 1}",
        Assign((("mode", Constant("slow")), ("count", Constant(1.0))), HERE),
    ),
    "call": ("call: {function: a:b}", CallFunction("a:b", Constant({}), HERE)),
    "call in another spelling": (
        "call: {function: a.js:b, args: {x: 1}, as: it}",
        CallFunction("a:b", Constant({"x": 1.0}), HERE, "it"),
    ),
    "log": ("log: hello", Log((LogLine(LogLevel.LOG, Constant(["hello"])),), HERE)),
    "log with a level": ("log: {warn: [a, 1]}", Log((LogLine(LogLevel.WARN, Constant(["a", 1.0])),), HERE)),
    "after": (
        "{after: 2s, do: [{delete: {table: users, id: x}}]}",
        After(2 * SECOND, (Delete("users", Constant("x"), HERE),), HERE),
    ),
}


@pytest.mark.parametrize(("text", "effect"), KINDS.values(), ids=KINDS)
def test_an_effect_is_what_is_written(text: str, effect: Effect, tmp_path: Path) -> None:
    assert effects(tmp_path, text) == (effect,)


def test_effects_keep_their_order_and_their_places(tmp_path: Path) -> None:
    found = effects(tmp_path, "log: one", "log: two", "log: three")
    assert [each.place.line for each in found] == [7, 8, 9]


def test_a_rule_that_only_does_something_returns_null(tmp_path: Path) -> None:
    (rule,) = rules(tmp_path, "do: [{log: x}]")
    assert rule.outcome == Result(Constant(None))


@pytest.mark.parametrize(
    "text",
    [
        "do:\n- insert: {into: users, document: {}, as: user}\n- delete: {table: users, id: '${user}'}\nresult: 1",
        "do: [{insert: {into: users, document: {}, as: user}}]\nresult: ${user}",
        "do: [{insert: {into: users, document: {}, as: user}}]\nlogs: ['${user}']",
        "do: [{call: {function: a:b, as: user}}]\nerror: {data: '${user}'}",
        "do: [{call: {function: a:b, as: user}}]\nquery: {table: users, id: '${user}'}",
        "do: [{call: {function: a:b, as: user}}]\nquery: {table: users, where: {a: '${user}'}, limit: '${user}'}",
        "do:\n- call: {function: a:b, as: user}\n- {after: 1s, do: [{set: {mode: '${user}'}}]}",
        "do: [{after: 1s, do: [{call: {function: a:b, as: user}}, {set: {mode: '${user}'}}]}]",
        "do: [{call: {function: a:b, as: user}}]\nrules: [{result: '${user}'}, {result: 1, logs: ['${user}']}]",
        "rules:\n- {do: [{call: {function: a:b, as: user}}]}\n- {do: [{call: {function: a:b, as: user}}]}",
        "do:\n- {after: 1s, do: [{call: {function: a:b, as: user}}]}\n- call: {function: a:b, as: user}",
        "do: [{call: {function: a:b, as: user}}]\nresult: '${[user for user in [1]]}'",
        "do: [{call: {function: a:b, as: upper}}]\nresult: '${upper} ${upper(upper)}'",
    ],
)
def test_a_name_is_known_to_all_that_comes_after_it_is_bound(text: str, tmp_path: Path) -> None:
    if "result" not in text and "rules" not in text and "error" not in text and "query" not in text:
        text += "\nresult: null"
    assert told(tmp_path, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "do:\n- delete: {table: users, id: '${user}'}\n- insert: {into: users, document: {}, as: user}",
        "do: [{insert: {into: users, document: {me: '${user}'}, as: user}}]",
        "do: [{call: {function: a:b, args: {me: '${user}'}, as: user}}]",
        "do: [{after: 1s, do: [{call: {function: a:b, as: user}}]}]\nresult: ${user}",
        "when: {args: {a: '${user}'}}\ndo: [{call: {function: a:b, as: user}}]",
        "when: {if: '${user}'}\ndo: [{call: {function: a:b, as: user}}]",
        "rules:\n- do: [{call: {function: a:b, as: user}}]\n- result: ${user}",
        "sequence:\n- do: [{call: {function: a:b, as: user}}]\n- result: ${user}",
        "do: [{call: {function: a:b, as: user}}]\nrules: [{do: [{log: x}], result: '${user}'}]",
    ],
)
def test_a_name_is_unknown_before_it_is_bound_and_to_other_rules(text: str, tmp_path: Path) -> None:
    assert told(tmp_path, text) == [("bad-expression", "there is no name 'user'")]


@pytest.mark.parametrize("name", ["args", "state", "tables", "now", "null", "true", "if", "lambda", "None"])
def test_a_name_that_means_something_cannot_be_bound(name: str, tmp_path: Path) -> None:
    text = f"do: [{{call: {{function: a:b, as: '{name}'}}}}]"
    assert told(tmp_path, text) == [("taken-name", f"{name} means something already")]


def test_a_name_can_be_bound_once(tmp_path: Path) -> None:
    bind = "{call: {function: a:b, as: user}}"
    taken = ("taken-name", "user means something already")
    assert told(tmp_path, f"do: [{bind}, {bind}]") == [taken]
    assert told(tmp_path, f"do: [{bind}, {{after: 1s, do: [{bind}]}}]") == [taken]


def test_rules_that_leave_it_out_share_what_their_function_does(tmp_path: Path) -> None:
    text = "do: [{delete: {table: users, id: x}}]\nrules:\n- {result: 1}\n- {do: [{log: x}]}\n- {result: 2}"
    first, own, last = rules(tmp_path, text)
    assert isinstance(first.effects[0], Delete)
    assert first.effects is last.effects
    assert isinstance(own.effects[0], Log)


def test_a_function_may_call_itself_and_those_behind_it(tmp_path: Path) -> None:
    text = "functions:\n  a:b: {do: [{call: {function: a:b}}, {call: {function: c}}]}\n  c:default: {result: 1}\n"
    loaded = load_files(tmp_path, {"default.yaml": text})
    assert loaded.problems == ()


def test_a_call_of_a_function_with_problems_of_its_own_is_no_second_problem(tmp_path: Path) -> None:
    text = "functions:\n  a:b: {do: [{call: {function: c:d}}]}\n  c:d: {resutl: 1}\n"
    loaded = load_files(tmp_path, {"default.yaml": text})
    assert [each.slug for each in loaded.problems] == ["unknown-key"]


def test_what_effects_compute_is_found_delayed_effects_included(tmp_path: Path) -> None:
    found = effects(
        tmp_path,
        "insert: {into: users, document: {a: '${call}'}}",
        "patch: {table: users, id: '${args.id}', fields: {a: '${now}'}}",
        "set: {mode: '${args.mode}', count: 1}",
        "{after: 1s, do: [{replace: {table: users, id: '${args.id}', document: {a: '${now}'}}}, {log: '${now}'}]}",
    )
    assert len(list(computed_of(found))) == 7


def test_a_log_line_is_told_where_its_own_text_stands(tmp_path: Path) -> None:
    text = "do: [{log: '안녕 ${oops}'}]\nlogs:\n- fine\n- \"민지 ${'에이다' + oops}\"\n- {warn: 'x ${oops}'}"
    whole = f"{BEFORE}functions:\n  a:b:\n{indent(text, '    ')}\n"
    loaded = load_files(tmp_path, {"default.yaml": whole})
    lines = whole.splitlines()
    expected = [(number, line.index("oops") + 1) for number, line in enumerate(lines, 1) if "oops" in line]
    assert [(each.place.line, each.place.column) for each in loaded.problems] == expected


def test_every_bad_expression_of_one_text_is_told(tmp_path: Path) -> None:
    problems = told(tmp_path, "result: '${one} ${args.a} ${two} ${vars.three} ${len()}'")
    assert [message for _, message in problems] == [
        "there is no name 'one'",
        "there is no name 'two'",
        "there is no constant 'three'",
        "len: missing a required argument: 'value'",
    ]


def test_a_computed_document_keeps_what_is_constant_in_it(tmp_path: Path) -> None:
    (insert,) = effects(tmp_path, "insert: {into: users, document: {a: {$int64: 1}, b: '${call}'}}")
    assert isinstance(insert, Insert)
    assert isinstance(insert.document, Computed)
    assert list(insert.document.tree) == ["a", "b"]

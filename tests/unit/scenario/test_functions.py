"""What becomes of the written form of a function."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from emulator.engine.settle import settle_once
from emulator.model.constant import Constant
from emulator.model.effect import LogLine
from emulator.model.function import FirstMatch, Function, FunctionType, Sequence
from emulator.model.logs import LogLevel
from emulator.model.pattern import Equals, Fields
from emulator.model.rule import Condition, Failure, FixedDelay, Result, SkewedDelay, Thrown, UniformDelay
from emulator.values.convex import Int64, Value
from tests.support.scenarios import load_files, load_text

MS = 1_000_000


def function(folder: Path, text: str, before: str = "") -> Function:
    return load_text(folder, f"{before}functions:\n  a:b:\n{indent(text, '    ')}\n").functions["a:b"]


def logged(*texts: Value) -> tuple[LogLine, ...]:
    return tuple(LogLine(LogLevel.LOG, Constant([each])) for each in texts)


def result(value: Any) -> Result:
    return Result(Constant(value))


def test_a_short_function_is_one_rule_that_always_answers(tmp_path: Path) -> None:
    found = function(tmp_path, "result: {a: 1}")
    assert isinstance(found.script, FirstMatch)
    (rule,) = found.script.rules
    assert (rule.outcome, rule.when, rule.logs, rule.delay, rule.stream) == (result({"a": 1.0}), None, (), None, None)
    assert found.type is None


@pytest.mark.parametrize("kind", FunctionType)
def test_a_function_has_the_type_it_names(kind: FunctionType, tmp_path: Path) -> None:
    assert function(tmp_path, f"type: {kind.value.lower()}\nresult: 1").type is kind


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("result: null", result(None)),
        ("result:", result(None)),
        ("error: Something broke", Thrown("Something broke")),
        ("error: {message: no}", Thrown("no")),
        ("error: {message: no, name: TypeError}", Thrown("no", name="TypeError")),
        ("error: {message: no, data: {code: 1}}", Thrown("no", Constant({"code": 1.0}), "ConvexError")),
        ("error: {data: null, message: no}", Thrown("no", Constant(None), "ConvexError")),
        ("error: {data: Sign in}", Thrown(None, Constant("Sign in"), "ConvexError")),
        ("error: {data: {a: [1, x]}}", Thrown(None, Constant({"a": [1.0, "x"]}), "ConvexError")),
        ("failure: overloaded", Failure(503)),
        ("failure: internal", Failure(500)),
        ("failure: unauthorized", Failure(401)),
        ("failure: forbidden", Failure(403)),
        ("failure: not_found", Failure(404)),
        ("failure: rate_limited", Failure(429)),
        ("failure: {status: 400}", Failure(400)),
        ("failure: {status: 599, code: Odd, message: Too odd}", Failure(599, "Odd", "Too odd")),
        ("error: null\nresult: 1", result(1.0)),
    ],
)
def test_an_outcome_is_what_is_written(text: str, outcome: object, tmp_path: Path) -> None:
    (rule,) = function(tmp_path, text).script.rules
    assert rule.outcome == outcome


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("250ms", FixedDelay(250 * MS)),
        ("1m30s", FixedDelay(90_000 * MS)),
        ("{min: 20ms, max: 90ms}", UniformDelay(20 * MS, 90 * MS)),
        ("{max: 20ms, min: 20ms}", UniformDelay(20 * MS, 20 * MS)),
        ("{median: 80ms, p99: 0.9s}", SkewedDelay(80 * MS, 900 * MS)),
        ("null", None),
    ],
)
def test_a_delay_is_what_is_written(text: str, delay: object, tmp_path: Path) -> None:
    (rule,) = function(tmp_path, f"result: 1\ndelay: {text}").script.rules
    assert rule.delay == delay
    assert (rule.stream is None) == (delay is None or isinstance(delay, FixedDelay))


def test_log_lines_are_written_as_the_console_writes_them(tmp_path: Path) -> None:
    logs = "[plain, {log: [a, 1]}, {debug: x}, {info: {b: 1}}, {warn: [[1]]}, {error: null}]"
    (rule,) = function(tmp_path, f"result: 1\nlogs: {logs}").script.rules
    finish = settle_once(rule)
    assert finish.logs == (
        "[LOG] 'plain'",
        "[LOG] 'a' 1",
        "[DEBUG] 'x'",
        "[INFO] { b: 1 }",
        "[WARN] [ 1 ]",
        "[ERROR] null",
    )


def test_rules_keep_their_order_and_their_conditions(tmp_path: Path) -> None:
    text = "rules:\n  - {when: {args: {a: 1}}, result: 1}\n  - {when: {identity: null}, result: 2}\n  - result: 3"
    script = function(tmp_path, text).script
    assert isinstance(script, FirstMatch)
    assert [each.outcome for each in script.rules] == [result(1.0), result(2.0), result(3.0)]
    assert [each.when for each in script.rules] == [
        Condition(args=Fields((("a", Equals(1.0)),))),
        Condition(identity=Equals(None)),
        None,
    ]


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("{identity: ada}", Condition(identity_name="ada")),
        ("{identity: {role: admin}}", Condition(identity=Fields((("role", Equals("admin")),)))),
        ("{identity: {}}", Condition(identity=Fields(()))),
        ("{args: {}}", None),
        ("{args: null}", None),
        ("{}", None),
        ("null", None),
    ],
)
def test_a_condition_asks_what_is_written(text: str, when: Condition | None, tmp_path: Path) -> None:
    found = function(tmp_path, f"when: {text}\nresult: 1", "identities: {ada: {token: t}}\n")
    assert found.script.rules[0].when == when


def test_a_sequence_stays_at_its_end_unless_it_repeats(tmp_path: Path) -> None:
    for text, repeat in (("", False), ("repeat: false\n", False), ("repeat: true\n", True)):
        script = function(tmp_path, f"{text}sequence: [{{result: 1}}, {{error: no}}]").script
        assert isinstance(script, Sequence)
        assert script.repeat is repeat
        assert [each.outcome for each in script.rules] == [result(1.0), Thrown("no")]


@pytest.mark.parametrize("key", ["rules", "sequence"])
def test_keys_beside_the_long_forms_are_defaults_for_each_rule(key: str, tmp_path: Path) -> None:
    text = f"result: shared\nlogs: [shared]\ndelay: 5ms\n{key}:\n  - {{}}\n  - {{error: own, logs: [own], delay: 1ms}}"
    one, two = function(tmp_path, text).script.rules
    assert (one.outcome, one.logs, one.delay) == (result("shared"), logged("shared"), FixedDelay(5 * MS))
    assert (two.outcome, two.logs, two.delay) == (Thrown("own"), logged("own"), FixedDelay(MS))


def test_a_delay_that_draws_has_a_stream_that_others_do_not_change(tmp_path: Path) -> None:
    rule = "{result: 1, delay: {min: 1ms, max: 2ms}}"
    alone = function(tmp_path, f"rules: [{rule}]").script.rules
    among = function(tmp_path, f"rules: [{{when: {{args: {{a: 1}}}}, result: 0}}, {rule}, {rule}]").script.rules
    assert alone[0].stream is not None
    assert among[1].stream == alone[0].stream
    assert among[2].stream not in (None, alone[0].stream)


def test_functions_are_keyed_by_their_public_path_in_the_order_of_the_file(tmp_path: Path) -> None:
    scenario = load_text(
        tmp_path, "functions: {z:b: {result: 1}, a.js:c: {result: 1}, m/n:default: {result: 1}, o.js: {result: 1}}"
    )
    assert list(scenario.functions) == ["z:b", "a:c", "m/n", "o"]


def test_identities_have_their_claims_completed(tmp_path: Path) -> None:
    scenario = load_text(
        tmp_path,
        """
        identities:
          ada: {token: t, claims: {sub: "user|1", iss: "https://a.test", name: Ada, level: {$int64: 3}}}
          ben: {token: u}
        """,
    )
    assert scenario.identities is not None
    ada, ben = scenario.identities
    assert ada.attributes == {
        "subject": "user|1",
        "issuer": "https://a.test",
        "name": "Ada",
        "level": Int64(3),
        "tokenIdentifier": "https://a.test|user|1",
    }
    assert ben.attributes == {
        "subject": "ben",
        "issuer": "https://convex.test",
        "tokenIdentifier": "https://convex.test|ben",
    }
    assert [(each.name, each.token) for each in (ada, ben)] == [("ada", "t"), ("ben", "u")]


@pytest.mark.parametrize(("text", "count"), [("", None), ("identities: null", None), ("identities: {}", 0)])
def test_no_identities_and_none_at_all_are_told_apart(text: str, count: int | None, tmp_path: Path) -> None:
    identities = load_text(tmp_path, f"vars: {{}}\n{text}").identities
    assert (None if identities is None else len(identities)) == count


@pytest.mark.parametrize(("text", "redacts"), [("", False), ("type: dev", False), ("type: prod", True)])
def test_a_production_deployment_redacts(text: str, redacts: bool, tmp_path: Path) -> None:  # noqa: FBT001
    deployment = load_text(tmp_path, f"deployment: {{name: demo-1, {text}}}").deployment
    assert (deployment.name, deployment.redacts) == ("demo-1", redacts)


def test_no_admin_keys_are_none_and_omitted_ones_are_made(tmp_path: Path) -> None:
    assert load_text(tmp_path, "deployment: {admin_keys: []}").deployment.admin_keys == ()
    (key,) = load_text(tmp_path, "deployment: {name: x}").deployment.admin_keys
    assert key.startswith("x|")


def test_a_problem_about_a_name_stands_where_the_name_is_written(tmp_path: Path) -> None:
    text = "identities: {ada: {token: t}}\nfunctions:\n  a:b:\n    rules:\n      - {result: 1}\n      - result: 2\n"
    loaded = load_files(tmp_path, {"default.yaml": text + "        when:\n          identity: adda\n"})
    (problem,) = loaded.problems
    assert problem.slug == "unknown-identity"
    assert (problem.place.line, problem.place.column) == (8, 21)

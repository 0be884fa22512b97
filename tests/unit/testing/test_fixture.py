from __future__ import annotations

import threading

import pytest

from tests.support.nested import Run

SCENARIO = """
tables: {messages: {}}
state: {quota: 3}
functions:
  messages:list: {type: query, query: {table: messages}}
  messages:send:
    type: mutation
    args: {body: string}
    do: [{insert: {into: messages, document: {body: "${args.body}"}}}]
    result: null
"""


@pytest.fixture(autouse=True)
def default_scenario(pytester: pytest.Pytester) -> None:
    (pytester.mkdir("scenarios") / "default.yaml").write_text(SCENARIO)


def test_every_test_begins_with_a_clean_state_on_the_same_server(run: Run) -> None:
    text = """
        urls = set()

        @pytest.mark.parametrize("turn", [1, 2, 3])
        def test_it(emulator, turn):
            urls.add((emulator.convex_url, emulator.gateway_url, emulator.site_url))
            assert len(urls) == 1 and len(set(*urls)) == 3
            assert emulator.calls() == [] and len(emulator.table("messages")) == 0
            assert emulator.state["quota"] == 3 and not emulator.clock.is_paused
            assert ask(emulator, "messages:send", "mutation", body="Hello")["status"] == "success"
            emulator.state["quota"] = 0
            emulator.clock.pause()
            assert [each["body"] for each in emulator.table("messages")] == ["Hello"]
            assert [each.number for each in emulator.calls("messages:send")] == [1]
    """

    run(text).assert_outcomes(passed=3)


def test_nothing_is_left_behind(run: Run, pytester: pytest.Pytester) -> None:
    before = set(pytester.path.rglob("*"))

    result = run("def test_it(emulator): ask(emulator, 'messages:list')", "-p", "no:cacheprovider")

    left = {each for each in pytester.path.rglob("*") if "__pycache__" not in str(each)} - before
    result.assert_outcomes(passed=1)
    assert [each.name for each in left] == ["test_nothing_is_left_behind.py"]
    assert [each.name for each in threading.enumerate() if each.name.startswith("emulator")] == []


def test_a_marker_names_a_path_a_text_or_a_dict(run: Run, pytester: pytest.Pytester) -> None:
    folder = pytester.mkdir("others")
    (folder / "one.yaml").write_text("functions: {which: {result: file}}")
    (folder / "_part.yaml").write_text("functions: {which: {result: included}}")
    text = """
        @pytest.mark.parametrize("_", [
            pytest.param("file", marks=pytest.mark.scenario("others/one.yaml")),
            pytest.param("file", marks=pytest.mark.scenario("others", scenario="one")),
            pytest.param("text", marks=pytest.mark.scenario("functions:\\n  which: {result: text}")),
            pytest.param("included", marks=pytest.mark.scenario("include: [others/_part.yaml]")),
            pytest.param("dict", marks=pytest.mark.scenario({"functions": {"which": {"result": "dict"}}})),
        ])
        def test_it(emulator, _):
            assert ask(emulator, "which")["value"] == _
    """

    run(text).assert_outcomes(passed=5)


def test_the_nearest_marker_says_it_and_those_further_out_the_rest(run: Run) -> None:
    text = """
        @pytest.mark.scenario("functions: {which: {result: outer}}", seed=5)
        class TestIt:
            @pytest.mark.scenario(clock="2024-02-08T12:00:00Z")
            def test_clock(self, emulator):
                assert ask(emulator, "which")["value"] == "outer"
                assert emulator.clock.now.isoformat() == "2024-02-08T12:00:00+00:00" and emulator.clock.is_paused

            @pytest.mark.scenario("functions: {which: {result: inner}}")
            def test_source(self, emulator):
                assert ask(emulator, "which")["value"] == "inner" and not emulator.clock.is_paused
    """

    run(text).assert_outcomes(passed=2)


def test_the_default_scenario_is_named_by_the_settings_or_an_option(run: Run, pytester: pytest.Pytester) -> None:
    for name in ("setting", "option"):
        pytester.makefile(".yaml", **{name: f"functions: {{which: {{result: {name}}}}}"})
    pytester.makeini("[pytest]\nemulator_scenario = setting.yaml")
    text = "def test_it(emulator): assert ask(emulator, 'which')['value'] == '{}'"

    run(text.format("setting")).assert_outcomes(passed=1)
    run(text.format("option"), "--emulator-scenario", "option.yaml").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("marker", "sentence"),
    [
        ('"a.yaml", "functions: {}"', "*takes one path, YAML or dict, not 2*"),
        ('sceanrio="x"', "*has no use for sceanrio=*; did you mean 'scenario'?"),
        ("", "*names nothing: give it a path*"),
        ('"nowhere.yaml"', "there is no scenario *nowhere.yaml*"),
        ("42", "a scenario is a path, YAML or a dict, not int"),
        ('{"functions": {"a": {"result": object()}}}', "this scenario cannot be written as YAML: *object*"),
        ('scenario="defualt"', "there is no scenario 'defualt'; did you mean 'default'?*"),
        ('seed="1"', "a seed is a whole number, not '1'"),
        ('clock="noon"', "clock: 'noon' is no moment in ISO 8601, such as 2024-02-08T12:00:00Z; nor is it 'paused'"),
        (
            '"functions:\\n  a:\\n    rsult: 1"',
            "<text>:3:5: error?unknown-key?: functions › a has no use for the key 'rsult'",
        ),
        ('"tables: {t: {documents: [{_id: x}]}}"', "*_id*"),
    ],
)
def test_a_mistake_in_a_marker_is_told_without_a_traceback(run: Run, marker: str, sentence: str) -> None:
    result = run(f"@pytest.mark.scenario({marker})\ndef test_it(emulator): pass")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ERROR at setup of test_it*", sentence])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*emulator/testing*")


def test_a_broken_scenario_spoils_no_test_after_it(run: Run) -> None:
    text = """
        @pytest.mark.scenario("functions: 3")
        def test_broken(emulator): pass

        def test_whole(emulator): assert ask(emulator, "messages:list")["value"] == []
    """

    run(text, "-p", "no:randomly").assert_outcomes(errors=1, passed=1)


def test_a_failed_test_shows_its_calls_and_what_would_answer(run: Run) -> None:
    text = """
        def test_it(emulator):
            for turn in range(21):
                ask(emulator, "messages:send", "mutation", body=f"number {turn}")
            ask(emulator, "messages:lits")
            assert False
    """

    result = run(text)

    result.stdout.fnmatch_lines(
        [
            "*emulator: 22 calls, the newest 20*",
            '   3 messages:send {body: "number 2"} returned (scenarios/default.yaml:*)',
            "  22 messages:lits {} unscripted",
            "*emulator: no rule answered*",
            "  22 messages:lits is not scripted; nearest: messages:list *",
            "to answer it:",
            "functions:",
            "  messages:lits:",
        ]
    )
    result.stdout.no_fnmatch_line("*number 1?*returned*number 1?*")
    result.stdout.no_fnmatch_line('*"number 1"*')


def test_reports_say_nothing_where_there_was_nothing(run: Run) -> None:
    result = run("def test_it(emulator): assert False\ndef test_pass(emulator): ask(emulator, 'messages:list')")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.no_fnmatch_line("*emulator: *")


def test_a_traceback_ends_at_the_line_of_the_test(run: Run) -> None:
    result = run("def test_it(emulator):\n    emulator.assert_called('messages:send')")

    result.stdout.fnmatch_lines(
        [
            ">   *emulator.assert_called('messages:send')",
            "E   *AssertionError: expected messages:send to be called at least once, but it was called 0 times",
        ]
    )
    result.stdout.no_fnmatch_line("*emulator/testing*")


def test_the_marker_and_the_fixtures_are_documented(run: Run) -> None:
    result = run("", "--fixtures", "--markers")

    result.stdout.fnmatch_lines(["@pytest.mark.scenario(source=None, *"])

"""Rules added while a scenario is in force."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from emulator.engine.call import User
from emulator.engine.plan import Replied, Unscripted
from emulator.model.gateway import CHAT
from emulator.reload.additions import MAX_ADDITIONS, Additions, TooManyAddedError
from emulator.runtime.emulator import Level
from emulator.scenario.problem import NotLinkedError
from tests.support.engine import MUTATION, call, emulator_of, ending_of, value_of
from tests.support.watching import Theatre

TEXT = """
identities: {ada: {token: secret}}
vars: {limit: 3}
tables: {notes: {documents: [{text: first}]}}
functions:
  notes:list: {type: query, query: {table: notes}}
  notes:greet: {rules: [{when: {args: {name: Ada}}, result: Hello}, {result: Who}]}
  jobs:steps: {sequence: [{result: 1}, {result: 2}, {result: 3}]}
  jobs:other: {sequence: [{result: 1}, {result: 2}, {result: 3}]}
"""


class Stage(Theatre):
    """An emulator whose rules are added to."""

    def __init__(self, folder: Path, text: str = TEXT) -> None:
        super().__init__(folder, text)
        self.additions = Additions(self.emulator)
        self.warnings: list[str] = []
        self.emulator.on_warning(self.warnings.append)

    def add(self, operation: str, rules: Mapping[str, Any]) -> int:
        return self.additions.add(operation, rules)

    def ask(self, operation: str, **args: Any) -> Any:
        return value_of(call(self.emulator, operation, args))

    def save(self, text: str) -> None:
        """Put another scenario in force, as a reloader does."""
        self.additions.swap(self.load(text))

    def problems(self, operation: str, rules: Any) -> list[tuple[str, str]]:
        """Return what is wrong with a rule: where, and the slug."""
        with pytest.raises(NotLinkedError) as error:
            self.add(operation, rules)
        return [(str(each.place), each.slug) for each in error.value.problems]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_the_newest_is_asked_first_and_what_none_matches_is_left_to_the_file(stage: Stage) -> None:
    stage.add("notes:greet", {"when": {"args": {"name": "Bob"}}, "result": "old"})
    stage.add("notes:greet", {"rules": [{"when": {"args": {"name": "Bob"}}, "result": "new"}]})
    assert [stage.ask("notes:greet", name=name) for name in ("Bob", "Ada", "Eve")] == ["new", "Hello", "Who"]
    entry = call(stage.emulator, "notes:greet", {"name": "Bob"})
    assert str(entry.decision.rule.place if entry.decision.rule else None) == "added rule 2:1:10"


def test_what_is_removed_leaves_everything_as_it_was(stage: Stage) -> None:
    before = stage.emulator.revision.scenario
    first = stage.add("notes:greet", {"result": 1})
    second = stage.add("notes:greet", {"result": "${call}"})
    assert [each.id for each in stage.additions] == [second, first]
    assert stage.additions.remove(second)
    assert not stage.additions.remove(second)
    assert stage.ask("notes:greet") == 1.0
    stage.additions.clear()
    assert stage.emulator.revision.scenario == before
    assert stage.ask("notes:greet") == "Who"


def test_a_sequence_counts_its_own_calls_and_the_one_of_the_file_goes_on_behind_it(stage: Stage) -> None:
    assert [stage.ask("jobs:steps"), stage.ask("jobs:other")] == [1.0, 1.0]
    number = stage.add("jobs:steps", {"sequence": [{"result": "a"}, {"result": "b"}]})
    assert [stage.ask("jobs:steps") for _ in range(3)] == ["a", "b", "b"]
    again = stage.add("jobs:steps", {"when": {"call": 2}, "result": "second"})
    assert [stage.ask("jobs:steps") for _ in range(2)] == ["b", "second"]
    stage.additions.remove(again)
    stage.additions.remove(number)
    assert [stage.ask("jobs:steps"), stage.ask("jobs:other")] == [3.0, 2.0]


def test_counts_that_begin_anew_do_so_for_what_is_added_too(stage: Stage) -> None:
    stage.ask("jobs:steps")
    stage.add("jobs:steps", {"sequence": [{"result": "a"}, {"result": "b"}]})
    assert stage.ask("jobs:steps") == "a"
    stage.emulator.reset([Level.COUNTS])
    assert [stage.ask("jobs:steps") for _ in range(2)] == ["a", "b"]
    assert stage.additions.remove(1)
    assert [key for key in stage.emulator.state.counts if "since" in key] == []


def test_a_function_that_the_scenario_lacks_is_added_whole(stage: Stage) -> None:
    number = stage.add("users.js:me", {"type": "query", "returns": "string", "result": "Ada"})
    stage.add("users:me", {"when": {"identity": "ada"}, "result": "${identity.name ?? 'nobody'}"})
    assert stage.ask("users:me") == "Ada"
    assert value_of(call(stage.emulator, "users:me", caller=User({}, "ada"))) == "nobody"
    stage.additions.remove(number)
    stage.additions.clear()
    assert isinstance(ending_of(call(stage.emulator, "users:me")), Unscripted)


def test_what_is_added_uses_tables_and_constants_and_writes(stage: Stage) -> None:
    effects = [{"insert": {"into": "notes", "document": {"text": "${args.text}"}, "as": "id"}}]
    stage.add("notes:add", {"type": "mutation", "do": effects, "result": "${vars.limit}"})
    assert value_of(call(stage.emulator, "notes:add", {"text": "second"}, MUTATION)) == 3.0
    assert [each["text"] for each in stage.ask("notes:list")] == ["first", "second"]


def test_live_queries_are_told_at_once_and_only_those_concerned(stage: Stage) -> None:
    stage.watch("notes:greet")
    stage.watch("jobs:other")
    stage.add("notes:greet", {"result": "now"})
    assert stage.told() == [["now"]]
    assert stage.evaluated() == ["notes:greet"]
    stage.additions.clear()
    assert stage.told() == [["Who"]]


def test_a_live_query_of_an_added_sequence_keeps_its_place(stage: Stage) -> None:
    stage.ask("jobs:steps")
    stage.add("jobs:steps", {"sequence": [{"result": "${len(tables.notes)}"}, {"result": "b"}]})
    stage.watch("jobs:steps")
    stage.emulator.transact(lambda transaction: transaction.insert("notes", {"text": "second"}))
    assert stage.told() == [[2.0]]


def test_nothing_else_begins_anew(stage: Stage) -> None:
    stage.emulator.transact(lambda transaction: transaction.insert("notes", {"text": "second"}))
    stage.emulator.clock.restart(None, 1.0)
    before = stage.emulator.clock.now()
    stage.add("notes:greet", {"result": "now"})
    assert stage.emulator.clock.now() == before
    assert len(stage.ask("notes:list")) == 2


def test_chats_are_added_to(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, "gateway: {chat: {reply: file}}")
    additions = Additions(emulator)
    number = additions.add(CHAT, {"when": {"message": "hi"}, "reply": "added: ${message}"})

    def text(message: str) -> str:
        ending = ending_of(call(emulator, CHAT, {"message": message}, None))
        assert isinstance(ending, Replied)
        return ending.text

    assert [text("hi"), text("ho")] == ["added: hi", "file"]
    additions.remove(number)
    assert text("hi") == "file"
    assert emulator.revision.scenario.gateway.chat is not None


def test_a_chat_that_the_scenario_lacks_is_added_whole(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, "seed: 1")
    additions = Additions(emulator)
    additions.add(CHAT, {"reply": "hello"})
    assert isinstance(ending_of(call(emulator, CHAT, {"message": "hi"}, None)), Replied)
    additions.clear()
    assert emulator.revision.scenario.gateway.chat is None


def test_mistakes_have_places_and_change_nothing(stage: Stage) -> None:
    before = stage.emulator.revision
    name = "notes:greet"
    assert stage.problems(name, {"result": "${nope}"}) == [("added rule 1:1:13", "bad-expression")]
    assert stage.problems(name, {"reslt": 1}) == [("added rule 1:1:2", "unknown-key")]
    assert stage.problems(name, {"when": {"identity": "adda"}, "result": 1}) == [
        ("added rule 1:1:19", "unknown-identity")
    ]
    assert stage.problems(name, {"query": {"table": "note"}}) == [("added rule 1:1:17", "unknown-table")]
    assert stage.problems(name, {"when": {"args": {}}}) == [("added rule 1:1:1", "no-outcome")]
    assert stage.problems(name, {"result": "\u2028ü\n${nope}"}) == [("added rule 1:1:22", "bad-expression")]
    assert stage.problems("a b:c:d", {"result": 1}) == [("added rule 1:1:1", "bad-function-name")]
    assert stage.emulator.revision is before
    assert list(stage.additions) == []
    assert stage.add(name, {"result": 1}) == 1


@pytest.mark.parametrize(
    ("rule", "slug"),
    [
        ([], "wrong-type"),
        ({"result": object()}, "bad-value"),
        ({"result": 10**400}, "bad-value"),
        ({1: 2}, "yaml-key"),
        ({"result": "\ud800"}, "bad-value"),
        ({"result": "x" * (1024 * 1024)}, "file-too-large"),
        ({}, "no-outcome"),
    ],
)
def test_what_no_file_could_say_is_refused(stage: Stage, rule: Any, slug: str) -> None:
    assert [each for _, each in stage.problems("notes:greet", rule)] == [slug]


def test_data_that_holds_itself_is_refused(stage: Stage) -> None:
    rule: dict[str, Any] = {}
    rule["result"] = rule
    assert [each for _, each in stage.problems("notes:greet", rule)] == ["too-deep"]


def test_what_is_added_cannot_say_anew_what_a_function_is(stage: Stage) -> None:
    assert [slug for _, slug in stage.problems("notes:list", {"type": "mutation", "args": {}, "result": 1})] == [
        "outcome-conflict",
        "outcome-conflict",
    ]
    assert stage.add("notes:list", {"type": "query", "result": []}) == 1


def test_a_reload_keeps_what_still_fits_and_tells_of_what_does_not(stage: Stage) -> None:
    stage.add("notes:greet", {"result": "${vars.limit}"})
    stage.add("notes:greet", {"when": {"args": {"n": 1}}, "query": {"table": "notes"}})
    stage.save("vars: {limit: 4}\nfunctions: {notes:greet: {result: other}}")
    assert stage.ask("notes:greet", n=1.0) == 4.0
    assert [each.id for each in stage.additions] == [1]
    (told,) = stage.warnings
    assert told.startswith("what was added to notes:greet fits no more and is removed: added rule 2:1:")
    stage.additions.clear()
    assert stage.ask("notes:greet") == "other"


def test_a_reset_takes_back_what_was_added_unless_it_is_of_other_levels(stage: Stage) -> None:
    stage.add("notes:greet", {"result": "now"})
    stage.emulator.reset([Level.STATE, Level.COUNTS, Level.JOURNAL])
    assert stage.ask("notes:greet") == "now"
    stage.emulator.reset()
    assert stage.ask("notes:greet") == "Who"


def test_there_is_a_most_that_can_be_added(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.reload.additions.MAX_ADDITIONS", 2)
    assert MAX_ADDITIONS >= 100
    for _ in range(2):
        stage.add("notes:greet", {"result": 1})
    with pytest.raises(TooManyAddedError):
        stage.add("notes:greet", {"result": 1})

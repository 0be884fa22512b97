"""Live queries: who is run again, who is told, and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from emulator.engine.call import User
from emulator.engine.plan import Threw, Unscripted
from emulator.runtime.emulator import Level
from emulator.values.durations import SECOND
from tests.support.watching import Audience, Theatre

TEXT = """
seed: 1
vars: {greeting: hello}
state: {mode: calm}
tables: {notes: {documents: [{_id: j5700000000000000000000000001qv0, t: a}]}, tags: {documents: [{t: x}]}}
functions:
  n:all: {type: query, result: "${[note.t for note in tables.notes]}"}
  n:one: {type: query, query: {table: notes, id: "${args.id}"}}
  n:tags: {type: query, result: "${len(tables.tags)}"}
  n:mode: {type: query, result: "${state.mode}"}
  n:whether: {type: query, rules: [{when: {state: {mode: calm}}, result: calm}, {error: not calm}]}
  n:says: {type: query, result: "${vars.greeting}"}
  n:now: {type: query, result: "${now}"}
  n:iso: {type: query, result: "${iso()}"}
  n:ago: {type: query, result: "${ago('1m')}"}
  n:then: {type: query, result: "${iso(0)}"}
  n:seq: {type: query, sequence: [{result: "first ${state.mode}"}, {result: "second ${state.mode}"}]}
  n:call: {type: query, result: "${call} ${state.mode}"}
  n:drawn: {type: query, result: "${random.int(1, 1000000)} ${state.mode != ''}"}
  n:fixed: {type: query, result: 1}
  n:add: {type: mutation, do: [{insert: {into: notes, document: {t: "${args.t}"}}}]}
  n:patch: {type: mutation, do: [{patch: {table: notes, id: "${args.id}", fields: {t: "${args.t}"}}}]}
  n:set: {type: mutation, do: [{set: {mode: "${args.to}"}}]}
"""
FIRST = "j5700000000000000000000000001qv0"


@pytest.fixture
def theatre(tmp_path: Path) -> Theatre:
    return Theatre(tmp_path, TEXT)


def test_only_readers_of_what_was_written_are_run_again(theatre: Theatre) -> None:
    for name in ("n:all", "n:tags", "n:mode", "n:fixed", "n:now"):
        theatre.watch(name)
    theatre.watch("n:one", {"id": FIRST})

    theatre.mutate("n:add", {"t": "b"})

    assert theatre.told() == [[["a", "b"]]]
    assert theatre.evaluated() == ["n:all"]


def test_a_bug_that_keeps_one_watcher_from_its_news_keeps_nobody_else(
    theatre: Theatre, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Audience):
        def push(self) -> None:
            raise RuntimeError("broken")

    theatre.watch("n:all", audience=Broken())
    theatre.watch("n:all")
    theatre.mutate("n:add", {"t": "b"})

    assert theatre.told() == [[["a", "b"]]]
    assert [each.levelname for each in caplog.records] == ["ERROR"]


def test_a_reader_of_one_document_hears_of_that_document_only(theatre: Theatre) -> None:
    theatre.watch("n:one", {"id": FIRST})

    theatre.mutate("n:add", {"t": "b"})
    assert (theatre.told(), theatre.evaluated()) == ([], [])
    theatre.mutate("n:patch", {"id": FIRST, "t": "c"})
    [[document]] = theatre.told()
    assert isinstance(document, dict)
    assert document["t"] == "c"


def test_several_commits_in_one_tick_are_one_push(theatre: Theatre) -> None:
    theatre.watch("n:all")
    theatre.watch("n:mode")

    theatre.mutate("n:add", {"t": "b"})
    theatre.mutate("n:set", {"to": "wild"})
    theatre.mutate("n:add", {"t": "c"})

    assert theatre.told() == [[["a", "b", "c"], "wild"]]
    assert theatre.evaluated() == ["n:all", "n:mode"]


def test_what_is_written_as_it_was_is_run_again_and_not_told(theatre: Theatre) -> None:
    theatre.watch("n:mode")

    theatre.mutate("n:set", {"to": "calm"})

    assert (theatre.told(), theatre.evaluated()) == ([], ["n:mode"])


def test_a_query_is_run_once_for_all_who_watch_it_and_forgotten_when_nobody_does(theatre: Theatre) -> None:
    other = Audience()
    live = theatre.watch("n:all", {"x": 1.0})
    assert theatre.watch("n:all", {"x": 1.0}, audience=other) is live
    assert len(theatre.live) == 1

    theatre.mutate("n:add", {"t": "b"})
    assert theatre.told() == other.told() == [[["a", "b"]]]
    assert theatre.evaluated() == ["n:all"]

    theatre.live.leave(live, theatre.audience)
    theatre.mutate("n:add", {"t": "c"})
    assert theatre.told() == []
    assert other.told() == [[["a", "b", "c"]]]
    theatre.live.leave(live, other)
    theatre.live.leave(live, other)
    theatre.evaluated()
    theatre.mutate("n:add", {"t": "d"})
    assert (theatre.told(), theatre.evaluated(), len(theatre.live)) == ([], [], 0)
    assert not theatre.live._readers


def test_other_arguments_and_other_callers_are_other_queries(theatre: Theatre) -> None:
    theatre.watch("n:all", {"x": 1.0})
    theatre.watch("n:all", {"x": True})
    theatre.watch("n:all", {"x": 1.0}, User({"name": "Ada"}))

    assert len(theatre.live) == 3


def test_who_joins_between_a_commit_and_its_push_sees_the_commit_at_once(theatre: Theatre) -> None:
    theatre.watch("n:all")
    theatre.mutate("n:add", {"t": "b"})

    late = Audience()
    assert theatre.watch("n:all", audience=late).finish.ending == theatre.watch("n:all").finish.ending

    assert theatre.told() == [[["a", "b"]]]
    assert late.told() == []


def test_a_query_that_fails_is_told_and_heals(theatre: Theatre) -> None:
    theatre.watch("n:whether")

    theatre.mutate("n:set", {"to": "wild"})
    assert theatre.told() == [[Threw("not calm")]]
    theatre.mutate("n:set", {"to": "wilder"})
    assert theatre.told() == []
    theatre.mutate("n:set", {"to": "calm"})
    assert theatre.told() == [["calm"]]


@pytest.mark.parametrize("name", ["n:seq", "n:call"])
def test_running_again_does_not_move_the_number_of_a_call_on(theatre: Theatre, name: str) -> None:
    theatre.watch(name)
    theatre.watch(name, {"second": True})
    before = dict(theatre.emulator.state.counts)

    theatre.mutate("n:set", {"to": "wild"})
    first, second = {"n:seq": ("first", "second"), "n:call": ("1", "2")}[name]
    assert theatre.told() == [[f"{first} wild", f"{second} wild"]]
    theatre.mutate("n:set", {"to": "wilder"})
    assert theatre.told() == [[f"{first} wilder", f"{second} wilder"]]
    assert theatre.emulator.state.counts == before


def test_calls_that_are_numbered_anew_are_told_so(theatre: Theatre) -> None:
    theatre.watch("n:seq")
    theatre.watch("n:seq", {"second": True})

    theatre.emulator.reset({Level.COUNTS})

    assert theatre.told() == [["first calm"]]
    assert theatre.emulator.state.counts == {}


def test_running_again_draws_the_same(theatre: Theatre) -> None:
    theatre.watch("n:drawn")

    theatre.mutate("n:set", {"to": "wild"})

    assert (theatre.told(), theatre.evaluated()) == ([], ["n:drawn"])


def test_running_again_writes_nothing_down(theatre: Theatre) -> None:
    theatre.watch("n:all")
    theatre.mutate("n:add", {"t": "b"})
    entries, state = len(theatre.emulator.journal), theatre.emulator.state

    assert theatre.told() != []

    assert len(theatre.emulator.journal) == entries
    assert theatre.emulator.state is state


def test_every_one_who_asks_is_in_the_journal(theatre: Theatre) -> None:
    theatre.watch("n:seq")
    theatre.watch("n:seq", audience=Audience())

    entries = list(theatre.emulator.journal)
    assert [each.call.operation for each in entries] == ["n:seq", "n:seq"]
    assert entries[0].decision.rule is entries[1].decision.rule
    assert theatre.emulator.state.counts == {"n:seq": 1}


async def test_a_jump_of_the_clock_is_told_to_whoever_reads_the_time(theatre: Theatre) -> None:
    for name in ("n:now", "n:iso", "n:ago", "n:then", "n:all"):
        theatre.watch(name)

    await theatre.clock.advance(60 * SECOND)

    [[now, iso, ago]] = theatre.told()
    assert (iso, now) == ("2023-11-14T22:14:20Z", float(ago) + 60_000 if isinstance(ago, float) else None)
    assert theatre.evaluated() == ["n:ago", "n:iso", "n:now"]
    theatre.clock.restart(0)
    assert theatre.told() == [[0.0, "1970-01-01T00:00:00Z", -60_000.0]]


def test_undo_and_reset_are_told(theatre: Theatre) -> None:
    theatre.watch("n:all")
    theatre.mutate("n:add", {"t": "b"})
    theatre.told()

    theatre.emulator.undo()
    assert theatre.told() == [[["a"]]]
    theatre.mutate("n:add", {"t": "c"})
    theatre.told()
    theatre.emulator.reset()
    assert theatre.told() == [[["a"]]]


def test_a_reload_tells_what_is_answered_otherwise_and_nothing_else(theatre: Theatre) -> None:
    for name in ("n:all", "n:fixed", "n:mode", "n:seq", "n:now"):
        theatre.watch(name)

    theatre.reload(TEXT.replace("n:fixed: {type: query, result: 1}", "n:fixed: {type: query, result: 2}"))
    assert theatre.told() == [[2.0]]
    theatre.reload(TEXT.replace("n:tags", "n:tagz").replace("result: 1}", "result: 2}"))
    assert theatre.told() == []


def test_functions_that_stayed_as_they_were_are_not_even_run_again(theatre: Theatre) -> None:
    theatre.watch("n:all")

    scenario = theatre.emulator.revision.scenario
    theatre.emulator.swap(replace(scenario, functions={**scenario.functions}))

    assert (theatre.told(), theatre.evaluated()) == ([], [])


def test_a_function_that_comes_or_goes_is_told(theatre: Theatre) -> None:
    live = theatre.watch("n:more")
    assert isinstance(live.finish.ending, Unscripted)

    theatre.reload(TEXT.replace("n:fixed", "n:more"))
    assert theatre.told() == [[1.0]]
    theatre.reload(TEXT)
    [[ending]] = theatre.told()
    assert isinstance(ending, Unscripted)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [("n:says", "greeting: hello", "greeting: [hello]"), ("n:drawn", "seed: 1", "seed: 2")],
)
def test_what_functions_only_name_is_told_when_it_changes(theatre: Theatre, name: str, before: str, after: str) -> None:
    theatre.watch(name)

    theatre.reload(TEXT.replace(before, after))

    assert len(theatre.told()) == 1


def test_constants_that_only_look_alike_are_told(theatre: Theatre) -> None:
    theatre.reload(TEXT.replace("greeting: hello", "greeting: 1"))
    theatre.watch("n:says")

    theatre.reload(TEXT.replace("greeting: hello", "greeting: true"))

    assert theatre.told() == [[True]]


def test_an_edited_sequence_begins_anew(theatre: Theatre) -> None:
    theatre.watch("n:seq")
    theatre.watch("n:seq", {"second": True})

    theatre.reload(TEXT.replace("first", "1st").replace("second", "2nd"))

    assert theatre.told() == [["1st calm", "1st calm"]]


def test_documents_and_variables_that_begin_otherwise_are_told(theatre: Theatre) -> None:
    theatre.watch("n:all")
    theatre.watch("n:mode")

    theatre.reload(TEXT.replace("t: a}", "t: z}").replace("mode: calm}\n", "mode: wild}\n"))

    assert theatre.told() == [["wild", ["z"]]] or theatre.told() == [[["z"], "wild"]]


def test_another_scenario_begins_everything_anew(theatre: Theatre) -> None:
    theatre.watch("n:all")
    theatre.mutate("n:add", {"t": "b"})
    assert theatre.told() == [[["a", "b"]]]

    theatre.emulator.swap(replace(theatre.load(TEXT), name="other"))

    assert theatre.told() == [[["a"]]]

"""Effects: what `do` writes, in order, all or nothing, and what it says when it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.engine.answer import MAX_CALLS_DEEP
from emulator.engine.call import User
from emulator.engine.effects import MAX_DELAYED
from emulator.engine.plan import Finish, Threw, Uncomputable, Unmatched
from emulator.model.rule import Failure
from emulator.runtime.emulator import Emulator
from emulator.values.convex import Int64
from emulator.values.ids import decode_id
from tests.support.engine import ACTION, MUTATION, call, emulator_of, ending_of, value_of
from tests.support.tables import change, documents, fields, refusal, variables

NOWHERE = "j57000820c20a1g7104gm2rc1m70ynr8"


def emulator_doing(folder: Path, effects: str, more: str = "") -> Emulator:
    """Return an emulator with a table of two notes whose function `n:do` has these effects."""
    return emulator_of(
        folder,
        f"""
tables: {{notes: {{documents: [{{text: a, n: 1}}, {{text: b, n: 2}}]}}}}
state: {{mode: calm, n: 1}}
functions:
  n:all: {{query: {{table: notes}}}}
  n:do:
    do: {effects}
    {more}
""",
    )


def test_what_is_inserted_has_an_id_of_its_table_and_the_time_of_the_call(tmp_path: Path) -> None:
    emulator = emulator_doing(tmp_path, "[{insert: {into: notes, document: {text: c}, as: key}}]", "result: ${key}")

    key = change(emulator, "n:do")

    assert isinstance(key, str)
    assert decode_id(key)[0] == 10001
    newest = documents(emulator, "notes")[-1]
    assert newest == {"_creationTime": newest["_creationTime"], "_id": key, "text": "c"}
    assert fields(emulator, "notes", "text") == ["a", "b", "c"]


def test_later_effects_and_the_result_see_what_earlier_ones_wrote(tmp_path: Path) -> None:
    emulator = emulator_doing(
        tmp_path,
        """
      - insert: {into: notes, document: {text: "${args.text}", before: "${len(tables.notes)}"}, as: first}
      - patch: {table: notes, id: "${first}", fields: {seen: "${[x.text for x in tables.notes]}"}}
      - delete: {table: notes, id: "${tables.notes[0]._id}"}
      - set: {n: "${state.n + 1}"}
      - set: {n: "${state.n * 10}"}
      - log: "${len(tables.notes)} notes, n is ${state.n}"
""",
        "result: {key: '${first}', all: '${[x.text for x in tables.notes]}', n: '${state.n}'}",
    )

    entry = call(emulator, "n:do", {"text": "c"}, MUTATION)

    newest = documents(emulator, "notes")[-1]
    assert value_of(entry) == {"key": newest["_id"], "all": ["b", "c"], "n": 20.0}
    assert (newest["before"], newest["seen"]) == (2.0, ["a", "b", "c"])
    last = entry.decision.plan[-1]
    assert isinstance(last, Finish)
    assert last.logs == ("[LOG] '2 notes, n is 20'",)
    assert variables(emulator) == {"mode": "calm", "n": 20.0}


def test_a_query_of_the_same_rule_sees_what_its_effects_wrote_in_order(tmp_path: Path) -> None:
    effects = """
      - insert: {into: notes, document: {text: c, n: 3}}
      - patch: {table: notes, id: "${tables.notes[1]._id}", fields: {n: 1}}
      - delete: {table: notes, id: "${tables.notes[0]._id}"}
"""
    queries = {
        "{table: notes}": ["b", "c"],
        "{table: notes, order: desc}": ["c", "b"],
        "{table: notes, where: {n: 1}}": ["b"],
        "{table: notes, where: {text: b}}": ["b"],
        "{table: notes, where: {text: a}}": [],
        "{table: notes, order: {by: n, order: desc}}": ["c", "b"],
    }
    for query, expected in queries.items():
        entry = call(emulator_doing(tmp_path, effects, f"query: {query}"), "n:do", {}, MUTATION)
        found = value_of(entry)
        assert isinstance(found, list)
        assert [each["text"] for each in found if isinstance(each, dict)] == expected, query


def test_a_patch_changes_what_it_names_and_a_replacement_everything_but_the_system_fields(tmp_path: Path) -> None:
    emulator = emulator_doing(
        tmp_path,
        """
      - patch: {table: notes, id: "${tables.notes[0]._id}", fields: {n: 5, more: null}}
      - replace: {table: notes, id: "${tables.notes[1]._id}", document: {text: B}}
""",
    )
    before = documents(emulator, "notes")

    assert change(emulator, "n:do") is None

    assert documents(emulator, "notes") == [
        {**before[0], "n": 5.0, "more": None},
        {"_creationTime": before[1]["_creationTime"], "_id": before[1]["_id"], "text": "B"},
    ]


@pytest.mark.parametrize(
    ("effect", "message"),
    [
        (f"patch: {{table: notes, id: {NOWHERE}, fields: {{}}}}", f"Update on nonexistent document ID {NOWHERE}"),
        (f"replace: {{table: notes, id: {NOWHERE}, document: {{}}}}", f"Replace on nonexistent document ID {NOWHERE}"),
        (f"delete: {{table: notes, id: {NOWHERE}}}", f"Delete on nonexistent document ID {NOWHERE}"),
        ("delete: {table: notes, id: '${args.none}'}", "Delete on nonexistent document ID null"),
        ("delete: {table: notes, id: '${5}'}", "Delete on nonexistent document ID 5"),
        ("patch: {table: notes, id: '${tables.notes[0]._id}', fields: '${[1]}'}", "fields must be a mapping"),
        ("insert: {into: notes, document: '${1}'}", "a document must be a mapping"),
        ("insert: {into: notes, document: '${1 / 0}'}", "division by zero"),
        (
            "insert: {into: notes, document: {_id: x, text: '${1}'}}",
            "Field '_id' starts with an underscore, which is only allowed for system fields like '_id'",
        ),
        (
            "patch: {table: notes, id: '${tables.notes[0]._id}', fields: '${tables.notes[0]}'}",
            "Field '_creationTime' starts with an underscore, which is only allowed for system fields like '_id'",
        ),
        ("call: {function: 'n:all', args: '${1}'}", "args must be a mapping"),
    ],
)
def test_a_step_that_fails_writes_nothing_of_all_and_names_its_line(tmp_path: Path, effect: str, message: str) -> None:
    effects = f"""
      - insert: {{into: notes, document: {{text: c}}}}
      - set: {{mode: wild}}
      - after: 1s
        do: [{{set: {{mode: late}}}}]
      - {effect}
"""
    emulator = emulator_doing(tmp_path, effects)
    before = documents(emulator, "notes")

    entry = call(emulator, "n:do", {}, MUTATION)

    ending = ending_of(entry)
    assert isinstance(ending, Uncomputable)
    assert ending.reason == message
    assert ending.place.line == 12
    assert entry.explanation is not None
    assert documents(emulator, "notes") == before
    assert variables(emulator) == {"mode": "calm", "n": 1.0}
    assert entry.decision.delayed == ()


def test_what_fails_in_the_result_takes_the_effects_back_too(tmp_path: Path) -> None:
    emulator = emulator_doing(tmp_path, "[{set: {mode: wild}}]", "result: ${1 / 0}")

    assert refusal(emulator, "n:do") == "division by zero"
    assert variables(emulator)["mode"] == "calm"


@pytest.mark.parametrize(
    ("outcome", "kind"), [("error: Boom", Threw), ("error: {data: {code: X}}", Threw), ("failure: overloaded", Failure)]
)
def test_effects_before_a_scripted_error_or_failure_stay(tmp_path: Path, outcome: str, kind: type) -> None:
    emulator = emulator_doing(tmp_path, "[{set: {mode: wild}}]", outcome)

    assert isinstance(ending_of(call(emulator, "n:do", {}, MUTATION)), kind)
    assert variables(emulator)["mode"] == "wild"


def test_all_values_of_a_set_are_computed_before_any_is_given(tmp_path: Path) -> None:
    emulator = emulator_doing(tmp_path, "[{set: {mode: '${state.n}', n: '${state.mode}'}}]")

    change(emulator, "n:do")

    assert variables(emulator) == {"mode": 1.0, "n": "calm"}


def test_documents_that_one_call_inserts_by_way_of_others_have_ids_of_their_own(tmp_path: Path) -> None:
    many = ", ".join("{call: {function: 'n:ten'}}" for _ in range(9))
    ten = ", ".join("{insert: {into: notes, document: {}}}" for _ in range(10))
    text = f"tables: {{notes: {{}}}}\nfunctions: {{n:ten: {{do: [{ten}]}}, n:do: {{do: [{many}]}}}}"

    emulator = emulator_of(tmp_path, text)
    change(emulator, "n:do")

    assert len({each["_id"] for each in documents(emulator, "notes")}) == 90


CALLS = """
tables: {notes: {}}
state: {n: 0}
functions:
  n:add:
    type: mutation
    args: {text: string, n: int64?}
    do:
      - insert:
          into: notes
          document: {text: "${args.text}", n: "${args.n}", by: "${identity.name ?? null}"}
          as: key
    logs: ["adding ${args.text}"]
    delay: 5s
    result: ${key}
  n:twice:
    do:
      - call: {function: "n:add", args: {text: one, n: 1}, as: one}
      - log: between
      - call: {function: "n:add", args: {text: "${one}"}}
    result: {one: "${one}", count: "${len(tables.notes)}"}
  n:throw: {do: [{set: {n: 5}}], error: {message: Boom, data: {code: X}}}
  n:fail: {failure: overloaded}
  n:pick: {when: {args: {a: 1}}, result: 1}
  n:into_throw: {do: [{set: {n: 1}}, {call: {function: "n:throw"}}]}
  n:into_fail: {do: [{set: {n: 1}}, {call: {function: "n:fail"}}]}
  n:into_pick: {do: [{set: {n: 1}}, {call: {function: "n:pick"}}]}
  n:into_wrong: {do: [{set: {n: 1}}, {call: {function: "n:add", args: {text: 5}}}]}
  n:loop: {do: [{set: {n: "${state.n + 1}"}}, {call: {function: "n:loop"}}]}
  n:down:
    rules:
      - when: {args: {n: {$gt: 0}}}
        do: [{call: {function: "n:down", args: {n: "${args.n - 1}"}, as: r}}]
        result: "${r}!"
      - result: bottom
"""


def test_a_function_that_effects_call_writes_logs_and_returns_as_part_of_the_call(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, CALLS)

    entry = call(emulator, "n:twice", {}, ACTION, User({"name": "Ada"}))

    one, two = documents(emulator, "notes")
    assert value_of(entry) == {"one": one["_id"], "count": 2.0}
    assert (one["text"], one["n"], one["by"]) == ("one", Int64(1), "Ada")
    assert (two["text"], two["n"]) == (one["_id"], None)
    finish = entry.decision.plan[-1]
    assert isinstance(finish, Finish)
    assert finish.logs == ("[LOG] 'adding one'", "[LOG] 'between'", f"[LOG] 'adding {one['_id']!s}'")
    assert len(entry.decision.plan) == 1
    assert emulator.state.view.ts == emulator.state.view.store.commits[-1].ts
    assert len(emulator.state.view.store.commits[-1].writes) == 2


def test_what_a_called_function_throws_is_thrown_and_nothing_is_written(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, CALLS)

    thrown = ending_of(call(emulator, "n:into_throw", {}, MUTATION))

    assert isinstance(thrown, Threw)
    assert thrown.data is not None
    assert (thrown.message, thrown.data.value) == ("Boom", {"code": "X"})
    assert isinstance(ending_of(call(emulator, "n:into_fail", {}, MUTATION)), Failure)
    assert refusal(emulator, "n:into_wrong").startswith("ArgumentValidationError: Value does not match validator.")
    assert variables(emulator) == {"n": 0.0}


def test_a_call_whose_callee_has_no_rule_for_it_is_explained_without_a_rule_to_paste(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    emulator = emulator_of(tmp_path, CALLS)

    entry = call(emulator, "n:into_pick", {}, MUTATION)

    assert isinstance(ending_of(entry), Unmatched)
    assert entry.explanation is not None
    assert "no rule of n:pick matches" in entry.explanation
    assert "no rule of n:pick matches" in caplog.text
    assert "to answer it" not in caplog.text
    assert variables(emulator) == {"n": 0.0}


def test_functions_call_one_another_so_deep_and_no_deeper(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, CALLS)

    assert change(emulator, "n:down", {"n": float(MAX_CALLS_DEEP)}) == "bottom" + "!" * MAX_CALLS_DEEP
    message = f"functions call one another more than {MAX_CALLS_DEEP} deep"
    assert refusal(emulator, "n:down", {"n": MAX_CALLS_DEEP + 1.0}) == message
    assert refusal(emulator, "n:loop") == message
    assert variables(emulator) == {"n": 0.0}


def test_a_call_delays_so_many_steps_and_no_more(tmp_path: Path) -> None:
    steps = ", ".join(["{after: 1s, do: [{set: {n: 2}}]}"] * 5)
    for count, is_refused in ((MAX_DELAYED // 5, False), (MAX_DELAYED // 5 + 1, True)):
        calls = ", ".join(["{call: {function: n:five}}"] * count)
        text = f"state: {{n: 1}}\nfunctions: {{n:five: {{do: [{steps}]}}, n:do: {{do: [{calls}]}}}}"
        entry = call(emulator_of(tmp_path, text), "n:do", {}, MUTATION)

        assert isinstance(ending_of(entry), Uncomputable) is is_refused
        assert len(entry.decision.delayed) == (0 if is_refused else MAX_DELAYED)


def test_times_of_creation_strictly_grow_while_the_clock_stands_still(tmp_path: Path) -> None:
    effects = "[{insert: {into: notes, document: {}}}, {insert: {into: notes, document: {}}}]"
    emulator = emulator_doing(tmp_path, effects)

    for _ in range(5):
        change(emulator, "n:do")

    times = [float(str(each["_creationTime"])) for each in documents(emulator, "notes")]
    assert len(times) == 12
    assert times == sorted(set(times))
    assert len({each["_id"] for each in documents(emulator, "notes")}) == 12

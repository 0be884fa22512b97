"""What becomes of tables, state, the timeline, the clock and the locale."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.model.computed import Computed
from emulator.model.constant import Constant
from emulator.model.effect import Assign, Insert
from emulator.model.scenario import ClockSettings, Scenario
from emulator.model.table import Seed
from emulator.scenario.load import Loaded
from emulator.values.convex import Int64, Value
from emulator.values.ids import FIRST_USER_TABLE, encode_id
from emulator.values.validators.types import FieldOf, Int64Type, NumberType, ObjectOf, StringType
from tests.support.scenarios import load_files, load_text

SECOND = 1_000_000_000


def told(folder: Path, text: str, **parts: str) -> list[tuple[str, int, int]]:
    loaded = load_files(folder, {"default.yaml": text, **{f"{name}.yaml": each for name, each in parts.items()}})
    return [(each.slug, each.place.line, each.place.column) for each in loaded.problems]


def constants(scenario: Scenario, table: str) -> list[Value]:
    seeds = scenario.tables[table].seeds
    assert all(isinstance(each.document, Constant) for each in seeds)
    return [each.document.value for each in seeds if isinstance(each.document, Constant)]


def test_a_table_has_its_documents_in_their_order_and_then_those_that_are_made(tmp_path: Path) -> None:
    text = "tables: {users: {count: 3, document: {n: '${index}'}, documents: [{n: 1}, {n: 2}]}}"
    seeds = load_text(tmp_path, text).tables["users"].seeds
    assert [each.count for each in seeds] == [1, 1, 3]
    assert [each.document for each in seeds[:2]] == [Constant({"n": 1.0}), Constant({"n": 2.0})]
    assert isinstance(seeds[2].document, Computed)


def test_no_documents_are_made_when_the_count_is_zero(tmp_path: Path) -> None:
    assert load_text(tmp_path, "tables: {t: {count: 0, document: {a: 1}}}").tables["t"].seeds == ()


@pytest.mark.parametrize("text", ["{}", "{documents: []}", "{fields: null}"])
def test_a_table_may_be_empty_and_take_anything(text: str, tmp_path: Path) -> None:
    table = load_text(tmp_path, f"tables: {{t: {text}}}").tables["t"]
    assert (table.name, table.seeds, table.validator) == ("t", (), None)


def test_fields_are_a_validator_and_whole_numbers_become_what_they_want(tmp_path: Path) -> None:
    text = "tables: {t: {fields: {a: string, b: int64?, c: number}, documents: [{a: x, b: 3, c: 3}]}}"
    scenario = load_text(tmp_path, text)
    fields = (("a", FieldOf(StringType())), ("b", FieldOf(Int64Type(), optional=True)), ("c", FieldOf(NumberType())))
    assert scenario.tables["t"].validator == ObjectOf(fields)
    assert constants(scenario, "t") == [{"a": "x", "b": Int64(3), "c": 3.0}]


def test_system_fields_are_no_part_of_what_fields_are_asked_of(tmp_path: Path) -> None:
    key = encode_id(FIRST_USER_TABLE, bytes(16))
    text = f"tables: {{t: {{fields: {{a: string}}, documents: [{{a: x, _id: {key}, _creationTime: 5}}]}}}}"
    assert constants(load_text(tmp_path, text), "t") == [{"_id": key, "_creationTime": 5.0, "a": "x"}]


def test_an_id_belongs_to_the_table_whose_number_it_has(tmp_path: Path) -> None:
    keys = [encode_id(FIRST_USER_TABLE + number, bytes(16)) for number in range(2)]
    text = "tables:\n  a: {{documents: [{{_id: {}}}]}}\n  b: {{documents: [{{_id: {}}}]}}\n"
    assert told(tmp_path, text.format(*keys)) == []
    assert [line for _, line, _ in told(tmp_path, text.format(*reversed(keys)))] == [2, 3]


def test_ids_in_fields_are_those_of_the_tables_of_the_scenario(tmp_path: Path) -> None:
    key = encode_id(FIRST_USER_TABLE, bytes(16))
    documents = f"    documents: [{{a: {key}}}, {{a: !!str x}}]"
    text = f"tables:\n  a: {{}}\n  b:\n    fields: {{a: id(a)}}\n{documents}\n"
    assert told(tmp_path, text) == [("bad-document", 5, documents.index("!!str") + 1)]


MISFITS = {
    "a field of another type": "{a: @1}",
    "a field too many": "{a: x, @z: 1}",
    "a field too few": "@{}",
    "deep in a list": "{a: x, l: [{n: 1}, {n: @x}]}",
    "a field too many in a list": "{a: x, l: [{n: 1, @m: 2}]}",
    "a field too few in a list": "{a: x, l: [@{}]}",
    "in a record": "{a: x, r: @{k: 1, l: x}}",
    "behind Korean": "{a: 안녕, l: [{n: @민지}]}",
}


@pytest.mark.parametrize("marked", MISFITS.values(), ids=MISFITS)
def test_a_document_that_does_not_fit_is_told_at_the_value_that_does_not(marked: str, tmp_path: Path) -> None:
    text = "tables:\n  t:\n    fields: {a: string, l?: '{n: number}[]', r: 'record(string, number)?'}\n    documents:\n"
    line = f"    - {marked}"
    assert told(tmp_path, f"{text}{line.replace('@', '')}\n") == [("bad-document", 5, line.index("@") + 1)]


def test_documents_are_made_of_tables_before_and_not_of_those_behind(tmp_path: Path) -> None:
    text = "tables:\n  a: {documents: [{}]}\n  b: {documents: [{a: '${tables.a[0]._id}'}]}\n"
    assert told(tmp_path, text) == []
    swapped = "tables:\n  b: {documents: [{a: '${tables.a[0]._id}'}]}\n  a: {}\n"
    assert told(tmp_path, swapped) == [("table-order", 2, swapped.splitlines()[1].index("tables") + 1)]
    itself = "tables:\n  a: {documents: [{a: '${len(tables.a)}'}]}\n"
    assert told(tmp_path, itself) == [("table-order", 2, itself.splitlines()[1].index("tables") + 1)]


def test_a_text_of_one_expression_may_be_a_whole_document(tmp_path: Path) -> None:
    seeds = load_text(tmp_path, "tables: {t: {documents: ['${vars.it}']}}\nvars: {it: {a: 1}}").tables["t"].seeds
    assert isinstance(seeds[0].document, Computed)


def test_tables_of_a_part_are_merged_and_documents_joined_the_including_files_first(tmp_path: Path) -> None:
    files = {
        "default.yaml": "include: [_p.yaml]\ntables: {a: {documents: [{n: 1}]}}\nstate: {x: 1}\n"
        "timeline: [{at: 2s, do: [{set: {x: 2}}]}]",
        "_p.yaml": "tables: {a: {fields: {n: int64}, documents: [{n: 2}]}, b: {}}\nstate: {x: 0, y: 0}\n"
        "timeline: [{at: 1s, do: [{set: {y: 1}}]}, {at: 2s, do: [{set: {y: 2}}]}]\nclock: {rate: 2}",
    }
    scenario = load_files(tmp_path, files).scenarios["default"]
    assert scenario is not None
    assert list(scenario.tables) == ["a", "b"]
    assert constants(scenario, "a") == [{"n": Int64(1)}, {"n": Int64(2)}]
    assert scenario.state == {"x": Constant(1.0), "y": Constant(0.0)}
    assert [(step.at, Path(step.place.file).name) for step in scenario.timeline] == [
        (SECOND, "_p.yaml"),
        (2 * SECOND, "default.yaml"),
        (2 * SECOND, "_p.yaml"),
    ]
    assert scenario.clock == ClockSettings(None, 2.0)


def test_problems_inside_the_texts_of_a_part_stand_in_the_part_at_the_very_character(tmp_path: Path) -> None:
    part = (
        "tables:\n"
        "  t:\n"
        "    documents:\n"
        "      - {a: \"안녕 ${'민지' + oops}\"}\n"
        "timeline:\n"
        "  - {at: 1s, do: [{log: 'x ${oops}'}]}\n"
    )
    loaded = load_files(
        tmp_path,
        {
            "default.yaml": "include: [_p.yaml]\ntables: {t: {documents: [{a: '${now}'}]}}\n\n\n\n\ntimeline: []\n",
            "_p.yaml": part,
        },
    )
    found = [(Path(each.place.file).name, each.place.line, each.place.column) for each in loaded.problems]
    lines = part.splitlines()
    assert found == [("_p.yaml", 4, lines[3].index("oops") + 1), ("_p.yaml", 6, lines[5].index("oops") + 1)]


def test_the_timeline_is_in_the_order_of_time_and_steps_of_one_moment_in_that_of_the_file(tmp_path: Path) -> None:
    text = (
        "state: {x: 0}\ntimeline:\n"
        "  - {at: 2s, do: [{set: {x: 3}}]}\n  - {at: 1s, do: [{set: {x: 1}}]}\n  - {at: 1s, do: [{set: {x: 2}}]}\n"
    )
    steps = load_text(tmp_path, text).timeline
    assert [step.at for step in steps] == [SECOND, SECOND, 2 * SECOND]
    assert [step.effects for step in steps] == [
        (Assign((("x", Constant(float(value))),), steps[0].place),) for value in (1, 2, 3)
    ]


def test_equal_steps_of_the_timeline_draw_each_their_own(tmp_path: Path) -> None:
    step = "{at: 1s, do: [{insert: {into: t, document: {a: '${uuid()}'}}}]}"
    alone = load_text(tmp_path, f"tables: {{t: {{}}}}\ntimeline: [{step}]").timeline
    more = load_text(
        tmp_path, f"tables: {{t: {{}}}}\ntimeline: [{{at: 0s, do: [{{log: x}}]}}, {step}, {step}]"
    ).timeline
    assert len({each.stream for each in more}) == 3
    assert alone[0].stream == more[1].stream
    assert isinstance(more[1].effects[0], Insert)


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("", None),
        ("clock: null", None),
        ("clock: {}", ClockSettings()),
        ("clock: {rate: 60}", ClockSettings(None, 60.0)),
        ("clock: {start: 1970-01-01T00:00:01Z}", ClockSettings(SECOND, 1.0)),
        ("clock: {start: 1970-01-01T09:00:01+09:00, rate: 0.5}", ClockSettings(SECOND, 0.5)),
        ("clock: {start: 1970-01-02}", ClockSettings(86_400 * SECOND, 1.0)),
    ],
)
def test_the_clock_is_what_is_written(text: str, clock: ClockSettings | None, tmp_path: Path) -> None:
    assert load_text(tmp_path, text or "seed: 1").clock == clock


def test_the_locale_is_what_is_written_and_else_english(tmp_path: Path) -> None:
    assert load_text(tmp_path, "locale: ko_KR").locale == "ko_KR"
    assert load_text(tmp_path, "seed: 1").locale == "en_US"


def test_state_variables_hold_any_value(tmp_path: Path) -> None:
    text = "state: {a: null, b: {$int64: 3}, c: [1], 모드: normal}"
    expected: dict[str, Value] = {"a": None, "b": Int64(3), "c": [1.0], "모드": "normal"}
    assert load_text(tmp_path, text).state == {name: Constant(value) for name, value in expected.items()}


def test_a_scenario_without_these_sections_has_none_of_it(tmp_path: Path) -> None:
    scenario = load_text(tmp_path, "seed: 1")
    assert (scenario.tables, scenario.state, scenario.timeline, scenario.clock) == ({}, {}, (), None)


def test_equal_files_make_equal_tables_and_others_others(tmp_path: Path) -> None:
    def seeds(text: str) -> tuple[Seed, ...]:
        return load_text(tmp_path, f"tables: {{t: {{documents: [{text}]}}}}").tables["t"].seeds

    assert seeds("{a: '${now}'}") == seeds("{a: '${now}'}")
    assert seeds("{a: '${now}'}") != seeds("{a: '${now + 1}'}")


def slugs(loaded: Loaded) -> list[str]:
    return [each.slug for each in loaded.problems]


def test_a_hundred_broken_fields_are_told_and_then_it_is_enough(tmp_path: Path) -> None:
    fields = ", ".join(f"f{number}: strng" for number in range(500))
    loaded = load_files(tmp_path, {"default.yaml": f"tables: {{t: {{fields: {{{fields}}}}}}}"})
    assert slugs(loaded) == ["bad-validator"] * 100


def test_each_unknown_table_of_many_is_told_where_it_is_named(tmp_path: Path) -> None:
    fields = "\n".join(f"      f{number}: id(t{number})" for number in range(300))
    places = told(tmp_path, f"tables:\n  t:\n    fields:\n{fields}\n")
    assert places == [("unknown-table", 4 + number, len(f"      f{number}: id(") + 1) for number in range(300)]

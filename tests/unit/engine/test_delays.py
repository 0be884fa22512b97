"""Delays: fixed, or drawn from the scenario's seed so that a second run is like the first."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.engine.draw import draw_delay, fraction, hex_digits
from emulator.model.function import FunctionType
from emulator.model.rule import FixedDelay, SkewedDelay, UniformDelay
from emulator.runtime.emulator import Emulator
from emulator.values.convex import Int64, Value
from tests.support.engine import ACTION, MUTATION, QUERY, call, delay_of, emulator_of
from tests.support.scenarios import load_text

RANGE = "{min: 10ms, max: 50ms}"


def emulator_with(folder: Path, delay: str, *, before: str = "", seed: int = 7) -> Emulator:
    text = f"""
functions:
  f:g:
    rules:
      {before}
      - {{when: {{args: {{}}}}, result: 1, delay: {delay}}}
"""
    return emulator_of(folder, text, seed=seed)


def delays(emulator: Emulator, kind: FunctionType | None = MUTATION, count: int = 8) -> list[float]:
    return [delay_of(call(emulator, "f:g", {"n": 1.0}, kind)) for _ in range(count)]


def test_a_fixed_delay_is_always_the_same(tmp_path: Path) -> None:
    assert delays(emulator_with(tmp_path, "250ms")) == [250.0] * 8


def test_a_range_stays_within_its_bounds_and_uses_them(tmp_path: Path) -> None:
    drawn = delays(emulator_with(tmp_path, RANGE), count=400)

    assert all(10 <= each <= 50 for each in drawn)
    assert min(drawn) < 12
    assert max(drawn) > 48
    assert len(set(drawn)) > 390


def test_a_skewed_delay_has_its_median_and_its_99th_percentile(tmp_path: Path) -> None:
    drawn = sorted(delays(emulator_with(tmp_path, "{median: 80ms, p99: 900ms}"), count=4000))

    assert 75 < drawn[2000] < 85
    assert 700 < drawn[3960] < 1200
    assert drawn[0] > 0


def test_a_skewed_delay_hits_its_marks_exactly_and_is_cut_at_the_far_end() -> None:
    delay = SkewedDelay(80, 900)

    assert draw_delay(delay, 0.5) == 80
    assert draw_delay(delay, 0.99) == 900
    assert (
        draw_delay(delay, 1 - 2**-53)
        == draw_delay(delay, 1 - 1e-9)
        == round(80 * (900 / 80) ** (4 / 2.3263478740408408))
    )
    assert draw_delay(SkewedDelay(80, 80), 0.7) == 80


def test_a_range_is_drawn_evenly_between_its_bounds() -> None:
    assert [draw_delay(UniformDelay(10, 50), at) for at in (0.0, 0.25, 0.5, 1.0)] == [10, 20, 30, 50]
    assert draw_delay(UniformDelay(10, 10), 0.3) == 10
    assert draw_delay(FixedDelay(3), 0.9) == 3


@pytest.mark.parametrize("delay", [RANGE, "{median: 80ms, p99: 900ms}"])
@pytest.mark.parametrize("kind", [MUTATION, ACTION])
def test_a_mutation_draws_a_new_delay_each_call_and_the_same_row_each_run(
    tmp_path: Path, delay: str, kind: FunctionType
) -> None:
    first = delays(emulator_with(tmp_path, delay), kind)

    assert len(set(first)) == 8
    assert delays(emulator_with(tmp_path, delay), kind) == first


@pytest.mark.parametrize("kind", [QUERY, MUTATION])
def test_another_seed_draws_other_delays(tmp_path: Path, kind: FunctionType) -> None:
    one, other = (delays(emulator_with(tmp_path, RANGE, seed=seed), kind) for seed in (1, 2))

    assert set(one).isdisjoint(other)


def test_a_query_draws_by_its_arguments(tmp_path: Path) -> None:
    emulator = emulator_with(tmp_path, RANGE)

    def ask(args: dict[str, Value]) -> float:
        return delay_of(call(emulator, "f:g", args, QUERY))

    first = ask({"a": 1.0, "b": [Int64(2)]})
    assert {ask({"b": [Int64(2)], "a": 1.0}) for _ in range(5)} == {first}
    assert len({first, ask({"a": 1.0, "b": [2.0]}), ask({"a": 1.0}), ask({}), ask({"a": True})}) == 5
    assert delay_of(call(emulator_with(tmp_path, RANGE), "f:g", {"a": 1.0, "b": [Int64(2)]}, QUERY)) == first


def test_a_query_called_without_a_kind_draws_as_a_query_does(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, f"functions: {{f:g: {{type: query, result: 1, delay: {RANGE}}}}}")

    assert len(set(delays(emulator, None) + delays(emulator, QUERY))) == 1


@pytest.mark.parametrize("kind", [QUERY, MUTATION])
@pytest.mark.parametrize(
    "before",
    [
        "- {when: {args: {n: 2}}, result: another}",
        f"- {{when: {{args: {{n: 2}}}}, result: 1, delay: {RANGE}}}",
        "- {when: {identity: {name: Ada}}, error: no, delay: 5ms}",
    ],
)
def test_adding_a_rule_before_changes_nobody_elses_delay(tmp_path: Path, before: str, kind: FunctionType) -> None:
    assert delays(emulator_with(tmp_path, RANGE, before=before), kind) == delays(emulator_with(tmp_path, RANGE), kind)


def test_two_rules_that_say_the_same_draw_apart(tmp_path: Path) -> None:
    rule = f"{{result: 1, delay: {RANGE}}}"
    emulator = emulator_of(tmp_path, f"functions: {{f:g: {{sequence: [{rule}, {rule}, {rule}], repeat: true}}}}")

    assert len(set(delays(emulator, MUTATION, 6))) == 6


def test_delays_written_beside_the_rules_hold_for_each_rule_without_its_own(tmp_path: Path) -> None:
    emulator = emulator_of(
        tmp_path, "functions: {f:g: {delay: 20ms, rules: [{when: {args: {n: 2}}, result: 1, delay: 3ms}, {result: 2}]}}"
    )

    assert delay_of(call(emulator, "f:g", {"n": 2.0})) == 3
    assert delay_of(call(emulator, "f:g", {"n": 1.0})) == 20


def test_the_draws_of_a_function_survive_a_swap_that_changes_another(tmp_path: Path) -> None:
    text = f"functions:\n  f:g: {{result: 1, delay: {RANGE}}}\n"
    expected = delays(emulator_of(tmp_path, text), count=6)
    emulator = emulator_of(tmp_path, text)

    drawn = delays(emulator, count=3)
    emulator.swap(load_text(tmp_path, f"{text}  x:y: {{result: 2}}\n"))

    assert drawn + delays(emulator, count=3) == expected


def test_draws_depend_on_seed_stream_and_position_and_on_nothing_else() -> None:
    places: list[tuple[int, str, int | str]] = [(0, "a", 0), (1, "a", 0), (0, "b", 0), (0, "a", 1), (0, "a", "{}")]
    drawn = [fraction(*place) for place in places]

    assert len(set(drawn)) == 5
    assert drawn == [fraction(*place) for place in places]
    assert all(0 < each < 1 for each in drawn)
    assert fraction(0, "a", 0) == 0.4190142321966716


def test_hex_digits_are_drawn_the_same_way() -> None:
    digits = hex_digits(0, "request", 1, 16)

    assert len(digits) == 16
    assert set(digits) <= set("0123456789abcdef")
    assert digits == hex_digits(0, "request", 1, 16) != hex_digits(0, "request", 2, 16)

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.engine import environment
from emulator.engine.state import Origins
from emulator.engine.transaction import Transaction
from emulator.runtime.emulator import Emulator
from emulator.values.variables import VariableRefusedError
from tests.support.engine import call, emulator_of, value_of
from tests.support.scenarios import load_text

SCENARIO = """
deployment: {env: {API_HOST: one.example, MODE: plain}}
functions: {host: {result: "${env.API_HOST ?? 'nowhere'}"}, where: {result: "${env.CONVEX_CLOUD_URL}"}}
"""


def change(emulator: Emulator, **changes: str | None) -> None:
    emulator.transact(lambda transaction: environment.change(transaction, changes))


def values(emulator: Emulator) -> dict[str, str]:
    return environment.variables(emulator.reading())


def test_functions_read_the_first_variables_of_the_scenario(tmp_path: Path) -> None:
    assert value_of(call(emulator_of(tmp_path, SCENARIO), "host")) == "one.example"


def test_functions_read_what_was_set_since(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, SCENARIO)
    change(emulator, API_HOST="two.example")
    assert value_of(call(emulator, "host")) == "two.example"


def test_a_variable_that_was_removed_is_null(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, SCENARIO)
    change(emulator, API_HOST=None)
    assert value_of(call(emulator, "host")) == "nowhere"


def test_functions_know_where_the_deployment_is(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, SCENARIO)
    emulator.settle_at(Origins("http://here:1", "http://here:2"))
    assert value_of(call(emulator, "where")) == "http://here:1"


def test_a_reset_brings_the_first_variables_back(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, SCENARIO)
    change(emulator, API_HOST="two.example", NEW="x")
    emulator.reset()
    assert values(emulator) == {"API_HOST": "one.example", "MODE": "plain"}


def test_a_reload_changes_only_what_the_scenario_changes(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, SCENARIO)
    change(emulator, API_HOST="two.example", NEW="x")
    emulator.swap(load_text(tmp_path, SCENARIO.replace("MODE: plain", "OTHER: y")))
    assert values(emulator) == {"API_HOST": "two.example", "NEW": "x", "OTHER": "y"}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("1ST", "x", "EnvironmentVariableNameInvalid"),
        ("A-B", "x", "EnvironmentVariableNameInvalid"),
        ("", "x", "EnvironmentVariableNameInvalid"),
        ("A" * 41, "x", "EnvironmentVariableNameTooLong"),
        ("CONVEX_SITE_URL", "x", "EnvVarNameForbidden"),
        ("BIG", "é" * 4097, "EnvironmentVariableValueTooLarge"),
        ("1ST", None, "EnvironmentVariableNameInvalid"),
    ],
)
def test_a_variable_that_a_deployment_would_refuse_changes_nothing(
    name: str, value: str | None, code: str, tmp_path: Path
) -> None:
    emulator = emulator_of(tmp_path, SCENARIO)
    with pytest.raises(VariableRefusedError) as caught:
        change(emulator, **{"FIRST": "1", name: value})
    assert caught.value.code == code
    assert "FIRST" not in values(emulator)


def test_there_are_a_hundred_variables_at_most(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, SCENARIO)
    change(emulator, **{f"V{number}": "" for number in range(98)})
    change(emulator, V0=None, LAST="x")
    with pytest.raises(VariableRefusedError) as caught:
        change(emulator, ONE_MORE="x")
    assert caught.value.code == "EnvVarLimitMet"


def test_what_does_not_change_is_not_written(tmp_path: Path) -> None:
    transaction: Transaction = emulator_of(tmp_path, SCENARIO).reading()
    environment.change(transaction, {"API_HOST": "one.example", "ABSENT": None})
    assert transaction.writes == ()

"""The reference says what the program says; UPDATE_GOLDEN=1 rewrites it."""

from __future__ import annotations

import os
from pathlib import Path

from emulator.scenario.meanings import MEANINGS
from emulator.scenario.schema import ROOT, scenario_schema
from tests.docs.reference import reference

PAGE = Path(__file__).parents[2] / "docs/scenarios/reference.md"


def test_the_reference_is_the_one_that_the_program_makes() -> None:
    if os.environ.get("UPDATE_GOLDEN") == "1":
        PAGE.write_text(f"{reference()}\n", encoding="utf-8", newline="\n")

    assert PAGE.read_text(encoding="utf-8") == f"{reference()}\n", "make it anew with UPDATE_GOLDEN=1"


def test_every_key_has_a_meaning_and_every_meaning_a_key() -> None:
    schema = scenario_schema()
    keys = {name: set(form["properties"]) for name, form in {ROOT: schema, **schema["$defs"]}.items()}

    assert {name: set(meanings) for name, meanings in MEANINGS.items()} == keys, "meanings.py says what keys mean"

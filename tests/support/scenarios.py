"""Scenarios from texts."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from emulator.model.scenario import Scenario
from emulator.scenario.load import Loaded, Loader


def write_files(folder: Path, files: dict[str, str]) -> None:
    """Write each text into the folder under its name, subfolders included."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")


def load_files(folder: Path, files: dict[str, str], *, seed: int | None = None) -> Loaded:
    """Load a folder with these files in it."""
    write_files(folder, files)
    return Loader([folder], seed).load()


def load_text(folder: Path, text: str, *, seed: int | None = None) -> Scenario:
    """Load one scenario that must be without problems."""
    loaded = load_files(folder, {"default.yaml": text}, seed=seed)
    assert not loaded.problems, loaded.problems
    scenario = loaded.scenarios["default"]
    assert scenario is not None
    return scenario

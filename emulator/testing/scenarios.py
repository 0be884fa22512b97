"""What a test can be given as its scenario, and the loads of a whole session: each content is read once."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeAlias

from emulator.model.scenario import ClockSettings, Scenario
from emulator.scenario.cache import is_current, load_cached
from emulator.scenario.load import Loaded, Loader
from emulator.server import NoScenarioError, scenario_of
from emulator.testing.errors import ScenarioError, UsageError
from emulator.values.instants import InvalidInstantError, parse_instant

Source: TypeAlias = "str | os.PathLike[str] | Mapping[str, object] | Sequence[os.PathLike[str]]"
"""A path of a file or a folder, YAML, or the same as a dict; or several paths."""

PAUSED = "paused"
_TEXT = "<text>"
_NOTHING = "functions: {}\n"


@dataclass(frozen=True)
class Wanted:
    """What a test asks for: a source (None: the default), a scenario of it, and what it is to say otherwise.

    The `clock` is ``paused``, or a moment at which it stands still.
    """

    source: Source | None = None
    scenario: str | None = None
    seed: int | None = None
    clock: str | datetime | None = None
    folders: tuple[Path, ...] = field(default=(), compare=False)
    """Where paths are looked for that are not absolute; includes of a text start from the first."""


class Choice(NamedTuple):
    """A scenario that can be put in force, where it is from, and whether its clock stands still."""

    scenario: Scenario
    loader: Loader
    loaded: Loaded
    is_paused: bool


class Scenarios:
    """All that was loaded so far; what did not change is not read again."""

    def __init__(self, default: Source | None = None) -> None:
        """Take `default` for whoever asks for nothing in particular; None: a scenario in which nothing is."""
        self._default = default
        self._loads: dict[tuple[object, ...], tuple[Loader, Loaded]] = {}
        self._choices: dict[tuple[object, ...], Choice] = {}

    def choose(self, wanted: Wanted) -> Choice:
        """Return what is wanted; raise ScenarioError for a scenario with problems, UsageError for what is none."""
        start, is_paused = _clock_of(wanted.clock)
        loader, loaded = self._load(wanted)
        key = (id(loaded), wanted.scenario, start, is_paused)
        if key not in self._choices:
            try:
                scenario = scenario_of(loaded, wanted.scenario)
            except NoScenarioError as error:
                raise ScenarioError(_for_tests(str(error)), error.problems, error.sources) from None
            if start is not None:
                rate = scenario.clock.rate if scenario.clock else 1.0
                scenario = replace(scenario, clock=ClockSettings(start, rate))
            self._choices[key] = Choice(scenario, loader, loaded, is_paused)
        return self._choices[key]

    def _load(self, wanted: Wanted) -> tuple[Loader, Loaded]:
        if wanted.seed is not None and type(wanted.seed) is not int:
            raise UsageError(f"a seed is a whole number, not {wanted.seed!r}")
        source = self._default if wanted.source is None else wanted.source
        text = _text_of(source)
        if text is not None:
            return self._load_text(text, wanted)
        assert source is not None
        paths = _paths_of(source, wanted.folders)
        key = (paths, wanted.seed)
        known = self._loads.get(key)
        if known is not None and is_current(known[1], known[0]):
            return known
        loader = known[0] if known is not None else Loader(paths, wanted.seed)
        self._loads[key] = loader, load_cached(loader) if known is None else loader.load()
        return self._loads[key]

    def _load_text(self, text: str, wanted: Wanted) -> tuple[Loader, Loaded]:
        path = (wanted.folders[0] if wanted.folders else Path.cwd()) / _TEXT
        key = (text, path, wanted.seed)
        if key not in self._loads:
            loader = Loader([path], wanted.seed, texts={path: text.encode()})
            self._loads[key] = loader, loader.load()
        return self._loads[key]


def _text_of(source: Source | None) -> str | None:
    """Return a source as YAML, of which JSON is a part; None for a path."""
    match source:
        case None:
            return _NOTHING
        case str():
            return source if "\n" in source or ": " in source or source.endswith(":") else None
        case Mapping():
            try:
                return json.dumps(source, ensure_ascii=False, allow_nan=False, indent=2)
            except (TypeError, ValueError) as error:
                raise UsageError(f"this scenario cannot be written as YAML: {error}") from None
        case _:
            return None


def _paths_of(source: Source, folders: tuple[Path, ...]) -> tuple[Path, ...]:
    each_of = [source] if isinstance(source, str | os.PathLike) else source
    if not isinstance(each_of, Sequence) or not all(isinstance(each, str | os.PathLike) for each in each_of):
        raise UsageError(f"a scenario is a path, YAML or a dict, not {type(source).__name__}")
    return tuple(_found(Path(each), folders) for each in each_of)


def _found(path: Path, folders: tuple[Path, ...]) -> Path:
    """Return a path in the first folder that has it."""
    places = [folder / path for folder in folders] or [path.absolute()]
    for place in places:
        if place.exists():
            return place
    tried = " nor ".join(map(str, dict.fromkeys(places)))
    raise UsageError(
        f"there is no scenario {tried}; a text is taken for YAML when it has a line break, or a colon and a space"
    )


def _clock_of(clock: str | datetime | None) -> tuple[int | None, bool]:
    """Return where a clock is to stand, and whether it stands still."""
    match clock:
        case None:
            return None, False
        case datetime():
            aware = clock if clock.tzinfo else clock.replace(tzinfo=UTC)
            return parse_instant(aware.isoformat()), True
        case "paused":
            return None, True
        case str():
            try:
                return parse_instant(clock), True
            except InvalidInstantError as error:
                raise UsageError(f"clock: {error}, such as 2024-02-08T12:00:00Z; nor is it {PAUSED!r}") from None
        case _:
            raise UsageError(f"clock: expected {PAUSED!r}, a text in ISO 8601 or a datetime, not {clock!r}")


def _for_tests(message: str) -> str:
    return message.replace("use --scenario", "name one: @pytest.mark.scenario(scenario=…)")

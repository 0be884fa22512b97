"""How an emulator begins and ends: with a clock that starts when its scenario says, goes as fast, and stops."""

from __future__ import annotations

from emulator.engine.index import Index
from emulator.model.scenario import ClockSettings
from emulator.runtime.clock import ScenarioClock
from emulator.runtime.emulator import Emulator


def begin(index: Index) -> Emulator:
    """Return an emulator of an index's scenario; raise UncomputableError when its tables cannot begin."""
    settings = index.scenario.clock or ClockSettings()
    return Emulator(index.scenario, ScenarioClock(settings.start, settings.rate), index)


def still(emulator: Emulator) -> None:
    """Have nothing happen by itself any more in an emulator that ended."""
    assert isinstance(emulator.clock, ScenarioClock)
    emulator.clock.pause()

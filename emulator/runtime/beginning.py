"""How an emulator begins: with a clock that starts when its scenario says, and goes as fast."""

from __future__ import annotations

from emulator.engine.index import Index
from emulator.model.scenario import ClockSettings
from emulator.runtime.clock import ScenarioClock
from emulator.runtime.emulator import Emulator


def begin(index: Index) -> Emulator:
    """Return an emulator of an index's scenario; raise UncomputableError when its tables cannot begin."""
    settings = index.scenario.clock or ClockSettings()
    return Emulator(index.scenario, ScenarioClock(settings.start, settings.rate), index)

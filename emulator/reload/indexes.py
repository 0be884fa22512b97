"""The index of each scenario as it was loaded last, shared by all emulators that serve it."""

from __future__ import annotations

from dataclasses import replace

from emulator.engine.index import Index, build_index
from emulator.model.scenario import Scenario


class Indexes:
    """Builds an index when it is first asked for; functions that stayed as they were stay prepared."""

    def __init__(self) -> None:
        """Begin with none."""
        self._built: dict[str, Index] = {}

    def of(self, scenario: Scenario, seed: int | None = None) -> Index:
        """Return the index of a scenario, or of the same one with another seed."""
        known = self._built.get(scenario.name)
        if known is None or known.scenario is not scenario:
            known = self._built[scenario.name] = build_index(scenario, known)
        if seed is None or seed == scenario.seed:
            return known
        return build_index(replace(scenario, seed=seed), known)

"""Revisions: a scenario with its number."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.engine.index import Index
from emulator.model.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Revision:
    """A scenario in force, and its number, from 1 upward."""

    number: int
    index: Index

    @property
    def scenario(self) -> Scenario:
        """The scenario itself."""
        return self.index.scenario

"""What the control API asks of whoever runs the emulator; they make it true."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from emulator.reload.additions import Additions
from emulator.scenario.problem import Problem

if TYPE_CHECKING:
    from emulator.surfaces.control.answers import DemoFacts, Instance
    from emulator.surfaces.control.rows import InstanceRow


class Stage(Protocol):
    """The scenarios that can be put in force, and what is added to the one that is."""

    @property
    def additions(self) -> Additions:
        """Return what is added."""

    def names(self) -> list[str]:
        """Return the names of all scenarios."""

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with any of them."""

    def use(self, name: str) -> bool:
        """Put one in force; say whether it could be."""


class Wanted(NamedTuple):
    """An instance that somebody wants: of which scenario, with which seed, called what, and when it may go.

    What is None is as in the emulator that it is made with; the name is drawn. `idle` is in nanoseconds; None: never.
    """

    scenario: str | None = None
    seed: int | None = None
    name: str | None = None
    idle: int | None = None


class Instances(Protocol):
    """Further emulators of the same files, each on ports of its own."""

    def rows(self) -> Sequence[InstanceRow]:
        """Return all of them without their keys, the oldest first."""

    async def make(self, wanted: Wanted) -> Instance:
        """Return the facts of another one, once it listens; raise ControlError."""

    async def end(self, name: str) -> bool:
        """End one; say whether it was there."""

    async def end_all(self) -> int:
        """End all, and return how many those were."""


class Demo(Protocol):
    """How the emulator is shown to visitors."""

    @property
    def facts(self) -> DemoFacts:
        """Return what everybody may know."""


class House(Protocol):
    """Whoever runs an emulator, with what else there is."""

    @property
    def hosts(self) -> Collection[str]:
        """Return the names by which the emulator may be called, beside those of this machine."""

    @property
    def demo(self) -> Demo | None:
        """Return how it is shown to visitors, None where it is not."""

    @property
    def stage(self) -> Stage | None:
        """Return the scenarios, where there are several to choose from."""

    @property
    def instances(self) -> Instances | None:
        """Return the further emulators, None where there may be none."""

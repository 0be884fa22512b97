"""Whether a scenario can begin at all: what its first documents compute may fail, and only the engine finds out."""

from __future__ import annotations

from dataclasses import replace

from emulator.engine.seed import seed
from emulator.engine.state import State
from emulator.engine.surroundings import UncomputableError
from emulator.model.scenario import Scenario
from emulator.scenario.load import Loaded
from emulator.scenario.problem import Problem, sorted_problems


def rehearse(loaded: Loaded, now: int) -> Loaded:
    """Return a load with the problems that its scenarios would have at their beginning."""
    scenarios = dict(loaded.scenarios)
    found: dict[str, tuple[Problem, ...]] = {}
    for name, scenario in loaded.scenarios.items():
        problem = None if scenario is None else _problem(scenario, now)
        if problem is not None:
            scenarios[name] = None
            found[name] = sorted_problems((*loaded.problems_of[name], problem))
    if not found:
        return loaded
    problems = sorted_problems((*loaded.problems, *(each for own in found.values() for each in own)))
    return replace(loaded, scenarios=scenarios, problems=problems, problems_of={**loaded.problems_of, **found})


def prepare(scenario: Scenario) -> None:
    """Do ahead, off the loop, what the first draw of made-up data would do on it."""
    if scenario.may_fake:
        from emulator.expressions import fake  # noqa: PLC0415 - most scenarios draw nothing of it

        fake.prepare(scenario.locale)


def seed_problem(error: UncomputableError) -> Problem:
    """Return why a table cannot begin, for the author of the scenario."""
    return Problem(error.place, "bad-seed", " ".join(filter(None, error.reason.splitlines())))


def _problem(scenario: Scenario, now: int) -> Problem | None:
    try:
        seed(scenario, State(), now)
    except UncomputableError as error:
        return seed_problem(error)
    return None

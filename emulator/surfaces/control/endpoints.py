"""What is in force, what is laid over it, and its time."""

from __future__ import annotations

from emulator import __version__
from emulator.engine.overlay import count_key, is_switched_on, switch
from emulator.engine.surroundings import UncomputableError
from emulator.engine.tables import tables_of
from emulator.runtime.clock import ScenarioClock
from emulator.runtime.emulator import Emulator
from emulator.scenario.problem import did_you_mean
from emulator.surfaces.control import bodies
from emulator.surfaces.control.answers import (
    Clock,
    Done,
    Faults,
    Functions,
    Health,
    Limits,
    Problems,
    Scenarios,
    Status,
    SwitchedFault,
)
from emulator.surfaces.control.asked import Asked
from emulator.surfaces.control.failures import bad_request, conflict, not_found
from emulator.surfaces.control.house import House, Stage
from emulator.surfaces.control.rows import FaultRow, LimitRow
from emulator.surfaces.control.views import function_row, outcome_of, problem_row
from emulator.values.instants import MAX_INSTANT, format_moment


class ControlEndpoints:
    """What is in force, and levers."""

    def __init__(self, emulator: Emulator, house: House) -> None:
        """Steer `emulator`; `house` has the scenarios, where there are several to choose from."""
        self._emulator = emulator
        self._house = house

    @property
    def _stage(self) -> Stage | None:
        return self._house.stage

    async def health(self, _asked: Asked) -> Health:
        """Say that the emulator answers, and which scenario is in force."""
        revision, demo = self._emulator.revision, self._house.demo
        health: Health = {
            "status": "ok",
            "version": __version__,
            "scenario": revision.scenario.name,
            "revision": revision.number,
        }
        return health if demo is None else {**demo.facts, **health}

    async def status(self, _asked: Asked) -> Status:
        """Say what is in force."""
        emulator, scenario = self._emulator, self._emulator.revision.scenario
        transaction = emulator.reading()
        return {
            **await self.health(_asked),
            "file": scenario.file,
            "seed": scenario.seed,
            "problems": len(self._stage.problems()) if self._stage else 0,
            "calls": emulator.journal.total,
            "clock": _clock(emulator),
            "faults": [each.name for each in scenario.faults if is_switched_on(each, transaction.state.view)],
            "tables": {name: len(transaction.documents(name)) for name in tables_of(scenario, emulator.state.view)},
        }

    async def scenarios(self, _asked: Asked) -> Scenarios:
        """List the scenarios that there are."""
        active = self._emulator.revision.scenario.name
        return {"scenarios": [{"name": name, "active": name == active} for name in self._names()]}

    async def use_scenario(self, asked: Asked) -> Health:
        """Put another scenario in force, in which everything begins anew; the one in force goes on as it is."""
        name = asked.parameters["name"]
        if name not in self._names():
            raise not_found(f"there is no scenario {name!r}", did_you_mean(name, self._names()))
        if self._stage is not None and not self._stage.use(name):
            raise conflict("has_problems", f"the scenario {name} has problems", "see /__emulator/problems")
        return await self.health(asked)

    async def problems(self, _asked: Asked) -> Problems:
        """List what is wrong with the scenario files."""
        return {"problems": [problem_row(each) for each in (self._stage.problems() if self._stage else ())]}

    async def functions(self, _asked: Asked) -> Functions:
        """List functions and HTTP actions, those that nobody called, and the calls of what is not there."""
        scenario = self._emulator.revision.scenario
        functions = {**scenario.functions, **(scenario.http or {})}
        calls: dict[str, int] = {}
        missing: dict[str, int] = {}
        for entry in self._emulator.journal:
            counts = missing if outcome_of(entry) == "unscripted" else calls
            counts[entry.call.operation] = counts.get(entry.call.operation, 0) + 1
        return {
            "functions": [function_row(each, calls.get(path, 0)) for path, each in functions.items()],
            "unused": [path for path in functions if path not in calls],
            "unscripted": [{"operation": name, "calls": count} for name, count in missing.items()],
        }

    async def faults(self, _asked: Asked) -> Faults:
        """List the faults, whether they are on, and how many calls each hit."""
        transaction = self._emulator.reading()
        rows: list[FaultRow] = [
            {
                "name": each.name,
                "on": list(each.on),
                "enabled": is_switched_on(each, transaction.state.view),
                "hits": transaction.count(f"{count_key(each.name)}#hit"),
                "missed": transaction.count(f"{count_key(each.name)}#missed"),
                "place": str(each.place),
            }
            for each in self._emulator.revision.scenario.faults
        ]
        return {"faults": rows}

    async def switch_fault(self, asked: Asked) -> SwitchedFault:
        """Switch a fault on or off."""
        name = asked.parameters["name"]
        form = bodies.read_body(bodies.Switch, asked.body)
        known = [each.name for each in self._emulator.revision.scenario.faults]
        if name not in known:
            raise not_found(f"there is no fault {name!r}", did_you_mean(name, known))
        self._emulator.transact(lambda transaction: switch(transaction, name, on=form.enabled))
        return {"name": name, "enabled": form.enabled}

    async def limits(self, _asked: Asked) -> Limits:
        """List the limits."""
        rows: list[LimitRow] = [
            {"name": each.name, "on": list(each.on), "allow": each.allow, "by": each.by.value, "place": str(each.place)}
            for each in self._emulator.revision.scenario.limits
        ]
        return {"limits": rows}

    async def forget_limits(self, _asked: Asked) -> Done:
        """Forget what callers used of all limits."""
        self._emulator.state.meters.forget()
        return {"ok": True}

    async def reset(self, asked: Asked) -> Done:
        """Begin anew: `state` (documents, variables, gateway), `counts`, `journal`, `limits`, `clock`.

        `rules` are those that were added; `all`, as without levels, is everything.
        """
        levels = bodies.read_body(bodies.Reset, asked.body).wanted
        try:
            self._emulator.reset(levels)
        except UncomputableError as error:
            raise conflict("cannot_begin", f"{error.place}: {error.reason}") from error
        return {"ok": True}

    async def clock(self, _asked: Asked) -> Clock:
        """Show the scenario's time, and the next instant that anything waits for."""
        return _clock(self._emulator)

    async def advance(self, asked: Asked) -> Clock:
        """Let time pass at once, with all that happens in it; answers when it is done."""
        duration = bodies.read_duration(bodies.read_body(bodies.Advance, asked.body).by)
        if self._clock.now() + duration > MAX_INSTANT:
            raise bad_request("by: there is no time after the year 9999")
        await self._clock.advance(duration)
        return _clock(self._emulator)

    async def pause(self, _asked: Asked) -> Clock:
        """Have time stand still."""
        self._clock.pause()
        return _clock(self._emulator)

    async def resume(self, _asked: Asked) -> Clock:
        """Have time go on."""
        self._clock.resume()
        return _clock(self._emulator)

    async def set_rate(self, asked: Asked) -> Clock:
        """Have time go faster or slower."""
        self._clock.set_rate(bodies.read_body(bodies.Rate, asked.body).rate)
        return _clock(self._emulator)

    @property
    def _clock(self) -> ScenarioClock:
        clock = self._emulator.clock
        assert isinstance(clock, ScenarioClock)
        return clock

    def _names(self) -> list[str]:
        """Return the names of all scenarios; the one in force is there, even when its file is gone."""
        names = self._stage.names() if self._stage else []
        active = self._emulator.revision.scenario.name
        return names if active in names else [*names, active]


def _clock(emulator: Emulator) -> Clock:
    clock = emulator.clock
    assert isinstance(clock, ScenarioClock)
    due = clock.next_instant
    return {
        "now": format_moment(min(clock.now(), MAX_INSTANT)),
        "rate": clock.rate,
        "paused": clock.is_paused,
        "next": None if due is None else format_moment(min(due, MAX_INSTANT)),
    }

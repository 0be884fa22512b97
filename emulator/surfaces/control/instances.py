"""Further emulators beside this one, for tests that run at the same time."""

from __future__ import annotations

from emulator.surfaces.control import bodies
from emulator.surfaces.control.answers import Done, Ended, Instance, Instances
from emulator.surfaces.control.asked import Asked
from emulator.surfaces.control.failures import bad_request, conflict, not_found
from emulator.surfaces.control.house import House, Wanted
from emulator.values.durations import SECOND


class InstanceEndpoints:
    """Makes instances, lists them, and ends them."""

    def __init__(self, house: House) -> None:
        """Ask `house` for them."""
        self._house = house

    async def instances(self, _asked: Asked) -> Instances:
        """List the instances that run."""
        known = self._house.instances
        return {"instances": [] if known is None else list(known.rows())}

    async def make_instance(self, asked: Asked) -> Instance:
        """Make an emulator of the same files on ports of its own, which begins as if it had just been started."""
        form = bodies.read_body(bodies.NewInstance, asked.body)
        idle = None if form.expires is None else bodies.read_duration(form.expires)
        if idle is not None and idle < SECOND:
            raise bad_request("expires: at least 1s")
        known = self._house.instances
        if known is None:
            hint = "ask the emulator that this one was made with"
            raise conflict("no_instances", "this emulator makes no instances", hint)
        return await known.make(Wanted(form.scenario, form.seed, form.name, idle))

    async def end_instance(self, asked: Asked) -> Done:
        """End an instance."""
        name = asked.parameters["id"]
        known = self._house.instances
        if known is None or not await known.end(name):
            raise not_found(f"there is no instance {name!r}", "GET /__emulator/instances lists those that run")
        return {"ok": True}

    async def end_instances(self, _asked: Asked) -> Ended:
        """End all instances."""
        known = self._house.instances
        return {"ended": 0 if known is None else await known.end_all()}

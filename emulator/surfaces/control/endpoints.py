"""What the control API does, one method for each route."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, Protocol

import orjson

from emulator import __version__
from emulator.engine.documents import checked, own_fields
from emulator.engine.gateway.channels import change_channel, channel
from emulator.engine.overlay import is_switched_on, switch
from emulator.engine.transaction import EffectError, Transaction
from emulator.model.gateway import ChannelStatus
from emulator.runtime.clock import ScenarioClock
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.scenario.problem import Problem
from emulator.surfaces.control import bodies
from emulator.surfaces.control.failures import ControlError, bad_request, not_found
from emulator.surfaces.control.selection import in_order, nearest
from emulator.surfaces.control.views import entry_row, function_row, outcome_of, problem_row
from emulator.values.convex import InvalidValueError, Value
from emulator.values.formats import Format, decode, encode
from emulator.values.instants import format_moment

Json = Any
MAX_ROWS = 1_000


class Stage(Protocol):
    """The scenarios that can be put in force."""

    def names(self) -> list[str]:
        """Return the names of all scenarios."""

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with any of them."""

    async def use(self, name: str) -> bool:
        """Put one in force; say whether it could be."""


class Asked(NamedTuple):
    """One request: its parameters, its query and its body."""

    parameters: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


Endpoint = Callable[[Asked], Awaitable[Json]]


class ControlEndpoints:
    """What happened, what is in force, and levers."""

    def __init__(self, emulator: Emulator, stage: Callable[[], Stage | None]) -> None:
        """Steer `emulator`; `stage` gives the scenarios, where there are several to choose from."""
        self._emulator = emulator
        self._get_stage = stage

    @property
    def _stage(self) -> Stage | None:
        return self._get_stage()

    async def health(self, _asked: Asked) -> Json:
        """Say that the emulator answers, and which scenario is in force."""
        revision = self._emulator.revision
        return {
            "status": "ok",
            "version": __version__,
            "scenario": revision.scenario.name,
            "revision": revision.number,
        }

    async def status(self, _asked: Asked) -> Json:
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
            "faults": [each.name for each in scenario.faults if is_switched_on(each, transaction)],
            "tables": {name: len(transaction.documents(name)) for name in scenario.tables},
        }

    async def scenarios(self, _asked: Asked) -> Json:
        """List the scenarios that there are."""
        active = self._emulator.revision.scenario.name
        names = self._stage.names() if self._stage else [active]
        return {"scenarios": [{"name": name, "active": name == active} for name in names]}

    async def use_scenario(self, asked: Asked) -> Json:
        """Put another scenario in force; everything begins anew."""
        name = asked.parameters["name"]
        if self._stage is None or name not in self._stage.names():
            raise not_found(f"there is no scenario {name!r}")
        if not await self._stage.use(name):
            raise ControlError(409, "has_problems", f"the scenario {name} has problems", "see /__emulator/problems")
        return await self.health(asked)

    async def problems(self, _asked: Asked) -> Json:
        """List what is wrong with the scenario files."""
        return {"problems": [problem_row(each) for each in (self._stage.problems() if self._stage else ())]}

    async def functions(self, _asked: Asked) -> Json:
        """List the functions of the scenario, and the calls of those that it does not have."""
        scenario = self._emulator.revision.scenario
        calls: dict[str, int] = {}
        missing: dict[str, int] = {}
        for entry in self._emulator.journal:
            operation = entry.call.operation
            if outcome_of(entry) == "unscripted":
                missing[operation] = missing.get(operation, 0) + 1
            else:
                calls[operation] = calls.get(operation, 0) + 1
        rows = [function_row(each, calls.get(path, 0)) for path, each in scenario.functions.items()]
        unscripted = [{"operation": name, "calls": count} for name, count in missing.items()]
        return {"functions": rows, "unscripted": unscripted}

    async def journal(self, asked: Asked) -> Json:
        """List calls, the newest last; `operation`, `outcome`, `identity`, `after` and `limit` choose among them."""
        query = asked.query
        after, limit = _whole(query, "after", 0), _whole(query, "limit", MAX_ROWS)
        outcome, identity = query.get("outcome"), query.get("identity")
        like = bodies.CallsLike(
            operation=query.get("operation", "*"), outcome=outcome, identity=identity, after=after
        ).selection()
        rows = [each for each in self._emulator.journal if like.matches(each)]
        shown = rows[-limit:] if limit else []
        return {"calls": [entry_row(each) for each in shown], "total": len(rows)}

    async def call(self, asked: Asked) -> Json:
        """Show one call."""
        number = asked.parameters["number"]
        for entry in self._emulator.journal:
            if str(entry.number) == number:
                return entry_row(entry)
        raise not_found(f"call {number} is not in the journal", "the journal keeps the newest calls only")

    async def clear_journal(self, _asked: Asked) -> Json:
        """Forget all calls."""
        self._emulator.journal.clear()
        return {"ok": True}

    async def verify(self, asked: Asked) -> Json:
        """Say whether calls came as often, or in the order, that is expected."""
        form = bodies.read_body(bodies.Verify, asked.body)
        entries = list(self._emulator.journal)
        if form.sequence is not None:
            selections = [each.selection() for each in form.sequence]
            found = in_order(selections, entries)
            return {"ok": found == len(selections), "found": found, "expected": f"{len(selections)} in this order"}
        like = form.selection()
        found = sum(map(like.matches, entries))
        expected = _expected(form)
        answer: dict[str, Json] = {"ok": _is_enough(form, found), "found": found, "expected": expected}
        if not answer["ok"] and found == 0 and (near := nearest(like, entries)) is not None:
            answer["nearest"] = near
        return answer

    async def wait(self, asked: Asked) -> Json:
        """Wait until so many calls like this have come."""
        form = bodies.read_body(bodies.WaitFor, asked.body)
        like, timeout = form.selection(), bodies.read_duration(form.timeout) / 1_000_000_000
        journal = self._emulator.journal
        found = sum(map(like.matches, journal))
        enough: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def hear(entry: Entry) -> None:
            nonlocal found
            found += like.matches(entry)
            if found >= form.count and not enough.done():
                enough.set_result(None)

        if found < form.count:
            stop = journal.listen(hear)
            try:
                await asyncio.wait_for(enough, timeout)
            except TimeoutError:
                return {"ok": False, "found": found, "expected": f"at least {form.count}"}
            finally:
                stop()
        return {"ok": True, "found": found, "expected": f"at least {form.count}"}

    async def faults(self, _asked: Asked) -> Json:
        """List the faults, whether they are on, and how many calls each hit."""
        transaction = self._emulator.reading()
        rows = [
            {
                "name": each.name,
                "on": list(each.on),
                "enabled": is_switched_on(each, transaction),
                "hits": transaction.count(f"fault {each.name}#hit"),
                "place": str(each.place),
            }
            for each in self._emulator.revision.scenario.faults
        ]
        return {"faults": rows}

    async def switch_fault(self, asked: Asked) -> Json:
        """Switch a fault on or off."""
        name = asked.parameters["name"]
        form = bodies.read_body(bodies.Switch, asked.body)
        if all(each.name != name for each in self._emulator.revision.scenario.faults):
            raise not_found(f"there is no fault {name!r}")
        self._emulator.transact(lambda transaction: switch(transaction, name, on=form.enabled))
        return {"name": name, "enabled": form.enabled}

    async def limits(self, _asked: Asked) -> Json:
        """List the limits."""
        rows = [
            {"name": each.name, "on": list(each.on), "allow": each.allow, "by": each.by.value, "place": str(each.place)}
            for each in self._emulator.revision.scenario.limits
        ]
        return {"limits": rows}

    async def forget_limits(self, _asked: Asked) -> Json:
        """Forget what callers used of all limits."""
        self._emulator.state.meters.forget()
        return {"ok": True}

    async def state(self, _asked: Asked) -> Json:
        """Show the state variables."""
        return {"state": _encoded(self._emulator.reading().variables())}

    async def set_state(self, asked: Asked) -> Json:
        """Give state variables other values."""
        form = bodies.read_body(bodies.Variables, asked.body)
        known = self._emulator.revision.scenario.state
        unknown = [name for name in form.set if name not in known]
        if unknown:
            raise not_found(f"there is no state variable {unknown[0]!r}")
        values = {name: _decoded(value) for name, value in form.set.items()}

        def assign(transaction: Transaction) -> None:
            for name, value in values.items():
                transaction.assign(name, value)

        self._emulator.transact(assign)
        return await self.state(asked)

    async def tables(self, _asked: Asked) -> Json:
        """List the tables, and how many documents each has."""
        transaction = self._emulator.reading()
        names = self._emulator.revision.scenario.tables
        return {"tables": [{"name": name, "documents": len(transaction.documents(name))} for name in names]}

    async def table(self, asked: Asked) -> Json:
        """Show the documents of a table, oldest first; at most `limit` of them."""
        name, limit = self._table(asked), _whole(asked.query, "limit", 100)
        documents = self._emulator.reading().documents(name)
        return {"documents": [_encoded(each) for each in documents[:limit]], "total": len(documents)}

    async def insert(self, asked: Asked) -> Json:
        """Insert documents into a table."""
        name = self._table(asked)
        form = bodies.read_body(bodies.Documents, asked.body)
        documents = [_decoded(each) for each in form.documents]
        scenario = self._emulator.revision.scenario

        def insert(transaction: Transaction) -> list[str]:
            ids = []
            for document in documents:
                assert isinstance(document, dict)
                ids.append(transaction.insert(name, checked(name, own_fields(document), scenario, transaction)))
            return ids

        try:
            return {"ids": self._emulator.transact(insert)}
        except (EffectError, InvalidValueError) as error:
            raise bad_request(str(error)) from error

    async def undo(self, _asked: Asked) -> Json:
        """Take the newest commit back."""
        return {"undone": self._emulator.undo()}

    async def reset(self, asked: Asked) -> Json:
        """Begin anew: `state` (documents, variables, the gateway), `counts`, `journal`, `limits`, `clock`, or `all`."""
        levels = set(bodies.read_body(bodies.Reset, asked.body).levels)
        emulator = self._emulator
        every = "all" in levels
        if every or "clock" in levels:
            settings = emulator.revision.scenario.clock
            emulator.clock.restart(settings.start if settings else None, settings.rate if settings else 1.0)
        if every or "state" in levels:
            emulator.reset()
        elif "counts" in levels:
            emulator.forget_counts()
        if every or "limits" in levels:
            emulator.state.meters.forget()
        if every or "journal" in levels:
            emulator.journal.clear()
        return {"ok": True}

    async def set_channel(self, asked: Asked) -> Json:
        """Have a channel of the gateway do something else."""
        name = asked.parameters["id"]
        form = bodies.read_body(bodies.Channel, asked.body)
        if channel(self._emulator.reading(), name) is None:
            raise not_found(f"there is no channel {name!r}")
        status = ChannelStatus(form.status)
        self._emulator.transact(lambda transaction: change_channel(transaction, name, status, form.error))
        return {"id": name, "status": form.status, "error": form.error}

    async def clock(self, _asked: Asked) -> Json:
        """Show the scenario's time."""
        return _clock(self._emulator)

    async def advance(self, asked: Asked) -> Json:
        """Let time pass at once, with all that happens in it."""
        duration = bodies.read_duration(bodies.read_body(bodies.Advance, asked.body).by)
        await self._clock.advance(duration)
        return _clock(self._emulator)

    async def pause(self, _asked: Asked) -> Json:
        """Have time stand still."""
        self._clock.pause()
        return _clock(self._emulator)

    async def resume(self, _asked: Asked) -> Json:
        """Have time go on."""
        self._clock.resume()
        return _clock(self._emulator)

    async def set_rate(self, asked: Asked) -> Json:
        """Have time go faster or slower."""
        self._clock.set_rate(bodies.read_body(bodies.Rate, asked.body).rate)
        return _clock(self._emulator)

    @property
    def _clock(self) -> ScenarioClock:
        clock = self._emulator.clock
        assert isinstance(clock, ScenarioClock)
        return clock

    def _table(self, asked: Asked) -> str:
        name = asked.parameters["name"]
        if name not in self._emulator.revision.scenario.tables:
            raise not_found(f"there is no table {name!r}")
        return name


def _clock(emulator: Emulator) -> Json:
    clock = emulator.clock
    answer: dict[str, Json] = {"now": format_moment(clock.now())}
    if isinstance(clock, ScenarioClock):
        due = clock.next_instant
        answer |= {"rate": clock.rate, "paused": clock.is_paused, "next": None if due is None else format_moment(due)}
    return answer


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 16):  # noqa: PLR2004 - no number is so long
        raise bad_request(f"{name}: expected a whole number")
    return int(text)


def _encoded(document: dict[str, Value]) -> Json:
    return encode(dict(document), Format.ENCODED)


def _decoded(tree: Json) -> Value:
    try:
        return decode(tree)
    except InvalidValueError as error:
        raise bad_request(str(error)) from error


def _expected(form: bodies.Verify) -> str:
    words = [("exactly", form.exactly), ("at least", form.at_least), ("at most", form.at_most)]
    told = [f"{word} {count}" for word, count in words if count is not None]
    return " and ".join(told) or "at least 1"


def _is_enough(form: bodies.Verify, found: int) -> bool:
    if form.exactly is form.at_least is form.at_most is None:
        return found > 0
    low = max(form.exactly or 0, form.at_least or 0)
    high = min(each for each in (form.exactly, form.at_most, found) if each is not None)
    return low <= found <= high


def json_bytes(tree: Json) -> bytes:
    """Return JSON as bytes; what is no text in UTF-8 is written with replacements."""
    try:
        return orjson.dumps(tree)
    except orjson.JSONEncodeError:
        return orjson.dumps(str(tree).encode("utf-8", "replace").decode())

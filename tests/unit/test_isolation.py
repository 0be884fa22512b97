"""Emulators of one process and of one machine share nothing that a call could tell."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from itertools import permutations
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import emulator
from emulator.engine.call import Call
from emulator.engine.index import build_index
from emulator.engine.plan import Finish
from emulator.expressions import text
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.scenario.load import Loader
from emulator.server import Server
from tests.support.clocks import START
from tests.support.process import emulator_process
from tests.support.scenarios import load_text, write_files
from tests.support.whole import LISTENERS, whole

SCENARIO = """
state: {n: 0}
tables: {notes: {documents: [{text: "${fake.name()}"}]}}
limits: [{name: few, on: ["limited:*"], allow: 2, per: 1h}]
faults: [{name: once, on: ["faulty:*"], times: 1, failure: overloaded}]
functions:
  notes:add: {do: [{insert: {into: notes, document: {text: "${fake.name()}"}}}], result: "${len(tables.notes)}"}
  notes:count: {do: [{set: {n: "${state.n + 1}"}}], result: "${state.n}"}
  steps:of: {sequence: [{result: 1}, {result: 2}, {result: 3}]}
  limited:it: {result: ok}
  faulty:it: {result: ok}
gateway: {agents: {main: {}}, chat: {reply: hello}}
"""
OPERATIONS = ("notes:add", "notes:count", "steps:of", "limited:it", "faulty:it", "no:such")
MEMO = {id(text._sound_names)}
"""What remembers of texts what follows from them alone."""


def answers(each: Emulator) -> list[str]:
    """Return how one call of everything ends."""
    found = []
    for operation in OPERATIONS:
        last = each.handle(Call(operation, None, {})).decision.plan[-1]
        assert isinstance(last, Finish)
        found.append(repr(last))
    return found


def test_emulators_of_one_index_answer_as_if_each_were_alone(tmp_path: Path) -> None:
    scenario = load_text(tmp_path, SCENARIO)
    index = build_index(scenario)
    alone = Emulator(scenario, VirtualClock(START))
    expected = [answers(alone) for _ in range(3)]

    for order in permutations(range(3)):
        emulators = [Emulator(scenario, VirtualClock(START), index) for _ in range(3)]
        found: list[list[list[str]]] = [[] for _ in emulators]
        for _ in range(3):
            for each in order:
                found[each].append(answers(emulators[each]))
        assert found == [expected] * 3


def mutable(value: object, depth: int = 3) -> Iterator[list[Any] | dict[Any, Any] | set[Any] | deque[Any]]:
    """Yield what can be changed of a value, and what of its parts."""
    if isinstance(value, list | dict | set | deque):
        yield value
    if depth and isinstance(value, dict):
        for each in value.values():
            yield from mutable(each, depth - 1)
    elif depth and isinstance(value, list | tuple | set | frozenset | deque):
        for each in value:
            yield from mutable(each, depth - 1)


def of_modules() -> dict[str, int]:
    """Return how much is in everything that modules and their classes hold and that can be changed."""
    found: dict[str, int] = {}
    for name, module in sorted(sys.modules.items()):
        if not name.startswith("emulator"):
            continue
        owners = [module, *(each for each in vars(module).values() if isinstance(each, type))]
        for owner in owners:
            for key, value in vars(owner).items():
                if key.startswith("__") or id(value) in MEMO:
                    continue
                found |= {f"{name} {owner!r} {key} {number}": len(each) for number, each in enumerate(mutable(value))}
    return found


async def test_no_module_holds_anything_of_an_emulator(tmp_path: Path) -> None:
    for each in walk_packages(emulator.__path__, "emulator."):
        if not each.name.endswith("__main__"):
            import_module(each.name)
    before = of_modules()
    assert len(before) > 100

    async with whole(tmp_path / "one", {"default.yaml": SCENARIO}) as one:
        await one.call("notes:add")
        await one.tell("POST", "/instances")
        async with whole(tmp_path / "two", {"default.yaml": SCENARIO}) as two:
            await two.call("notes:add")
            await two.tell("GET", "/journal")
            async with two.client.post(f"{two.server.facts()['gateway_url']}/api/chat", json={"message": "x"}):
                pass
            assert of_modules() == before


async def test_a_server_that_ended_leaves_another_of_the_same_files_alone(tmp_path: Path) -> None:
    async with whole(tmp_path, {"default.yaml": SCENARIO}) as staying:
        loader = Loader([tmp_path])
        going = Server(loader, loader.load(), None, LISTENERS)
        await going.start()
        await staying.call("notes:count")
        await going.stop()

        assert await staying.call("notes:count") == 2.0


def test_processes_with_one_cache_start_at_once_and_are_found_each_by_itself(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        write_files(folder, {"scenarios/default.yaml": SCENARIO})
    with ThreadPoolExecutor(2) as threads:
        runs = [threads.submit(running_files, folder, cache) for folder in folders]
        seen = [each.result() for each in runs]

    assert seen == [1, 1]
    assert list((cache / "running").iterdir()) == []


def running_files(folder: Path, cache: Path) -> int:
    """Run an emulator, end it with Ctrl-C, and return how many files told of it meanwhile."""
    with emulator_process(folder, EMULATOR_CACHE=str(cache)) as running:
        number = len(list((cache / "running").glob(f"{running.process.pid}.json")))
        assert running.interrupt() == 0
        return number

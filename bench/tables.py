"""What reads and writes of a table of 100,000 documents take in CPU time, beside the same on 1,000."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from statistics import median

from bench import scenarios
from bench.measure import cpu_of, memory_of, spread, table, verdict
from emulator.engine.call import Call
from emulator.engine.plan import Finish, Returned
from emulator.model.function import FunctionType
from emulator.runtime.clock import WallClock
from emulator.runtime.emulator import Emulator
from emulator.scenario.load import Loader
from emulator.values.convex import Value

SIZES = (1_000, 100_000)
ROUNDS = 30
CALLS = 50
AIM = 1.3
_ALIKE = 10
_PAGE = 50
_SCENARIO = """
tables:
  things:
    count: {count}
    document: {{author: 'author${{index // {alike}}}', body: 'Hello number ${{index}} from here', likes: '${{index}}'}}
functions:
  things:get: {{type: query, query: {{table: things, id: '${{args.id}}'}}}}
  things:by: {{type: query, query: {{table: things, where: {{author: '${{args.author}}'}}}}}}
  things:page: {{type: query, query: {{table: things, paginate: true}}}}
  things:count: {{type: query, result: '${{len(tables.things)}}'}}
  things:add:
    type: mutation
    do: [{{insert: {{into: things, document: {{author: '${{args.author}}', likes: 0}}, as: made}}}}]
    result: '${{made}}'
"""


def main(work: Path) -> None:
    seeded = [("documents", "seeding, s", "µs each", "memory, MB", "kB each")]
    emulators = []
    for size in SIZES:
        folder = scenarios.write(work / f"tables{size}", _SCENARIO.format(count=size, alike=_ALIKE))
        emulator, row = _seed(folder, size)
        emulators.append(emulator)
        seeded.append(row)
    print(table(seeded))
    gc.freeze()
    rows = [("call", *(f"of {size:,}, µs" for size in SIZES), "ratio", f"aim < {AIM}")]
    calls = [dict(_calls(emulator, size)) for emulator, size in zip(emulators, SIZES, strict=True)]
    for name in calls[0]:
        few, many = _measure(*(each[name] for each in calls))
        ratio = median(many) / median(few)
        reached = "" if name.startswith("insert, then") else verdict(reached=ratio < AIM)
        rows.append((name, spread(few, 1), spread(many, 1), f"{ratio:.2f}", reached))
    print(table(rows))
    gc.unfreeze()


def _seed(folder: Path, size: int) -> tuple[Emulator, tuple[str, str, str, str, str]]:
    loaded = Loader([folder]).load()
    scenario = loaded.scenarios["default"]
    assert scenario is not None, loaded.problems
    gc.collect()
    pid = os.getpid()
    memory, before = memory_of(pid), cpu_of(pid)
    emulator = Emulator(scenario, WallClock())
    seconds = cpu_of(pid) - before
    gc.collect()
    grown = memory_of(pid) - memory
    micros, kilobytes = f"{seconds / size * 1e6:.1f}", f"{grown * 1024 / size:.2f}"
    return emulator, (f"{size:,}", f"{seconds:.2f}", micros, f"{grown:.1f}", kilobytes)


def _calls(emulator: Emulator, size: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield what is measured, each with its name."""
    half: Value = {"numItems": size / 2, "cursor": None}
    first = _ask(emulator, "things:page", {"paginationOpts": half})
    assert isinstance(first, dict)
    page: Value = {"numItems": float(_PAGE), "cursor": first["continueCursor"]}
    behind = _ask(emulator, "things:page", {"paginationOpts": page})
    assert isinstance(behind, dict)
    assert isinstance(behind["page"], list)
    document = behind["page"][0]
    assert isinstance(document, dict)
    wanted = {"id": document["_id"]}
    author = {"author": document["author"]}
    numbers = count()
    assert _ask(emulator, "things:get", wanted) == document
    assert len(_list(_ask(emulator, "things:by", author))) == _ALIKE
    assert _ask(emulator, "things:count", {}) == size

    def add() -> object:
        return _ask(emulator, "things:add", {"author": f"new{next(numbers)}"})

    def add_and_count() -> object:
        add()
        return _ask(emulator, "things:count", {})

    yield "query: by id", lambda: _ask(emulator, "things:get", wanted)
    yield f"query: where equal, {_ALIKE} found", lambda: _ask(emulator, "things:by", author)
    yield f"query: a page of {_PAGE} from the middle", lambda: _ask(emulator, "things:page", {"paginationOpts": page})
    yield "len(tables.x)", lambda: _ask(emulator, "things:count", {})
    yield "insert", add
    yield "insert, then len(tables.x)", add_and_count


def _list(value: Value) -> list[Value]:
    assert isinstance(value, list)
    return value


def _ask(emulator: Emulator, operation: str, args: dict[str, Value]) -> Value:
    kind = FunctionType.MUTATION if operation == "things:add" else FunctionType.QUERY
    last = emulator.handle(Call(operation, kind, args)).decision.plan[-1]
    assert isinstance(last, Finish)
    assert isinstance(last.ending, Returned), last.ending
    return last.ending.value.value


def _measure(few: Callable[[], object], many: Callable[[], object]) -> tuple[list[float], list[float]]:
    times: tuple[list[float], list[float]] = ([], [])
    pid = os.getpid()
    for each in (few, many):
        each()
    for number in range(ROUNDS):
        for place in (0, 1) if number % 2 else (1, 0):
            call = (few, many)[place]
            before = cpu_of(pid)
            for _ in range(CALLS):
                call()
            times[place].append((cpu_of(pid) - before) / CALLS * 1e6)
    return times

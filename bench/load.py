"""Loading and reloading 1,000 functions of two expressions each, in milliseconds of CPU."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeAlias

from bench import scenarios
from bench.measure import cpu_of, spread, table, verdict
from emulator.engine.index import Index, build_index
from emulator.scenario.load import Loaded, Loader

ROUNDS = 9
FUNCTIONS = 1_000
PARTS = 50
AIM_MS = 1_000
Row: TypeAlias = tuple[str, str, str, str, str]
_HEADING: Row = ("what", "ms", f"aim < {AIM_MS}", "files parsed", "functions linked")


def main(work: Path) -> None:
    one = scenarios.write(work / "load-one", "functions:\n" + _functions(range(FUNCTIONS)))
    many = _write_parts(work / "load-many")
    _index(Loader([one]).load())  # imports what loading needs
    size = FUNCTIONS // PARTS
    part = PARTS // 2
    numbers = range(part * size, (part + 1) * size)
    rows = [
        _HEADING,
        _load(f"load {FUNCTIONS:,} functions, one file", one),
        _load(f"load {FUNCTIONS:,} functions, {PARTS} files", many),
        _reload("reload, one file of one saved", one, one / "default.yaml", range(FUNCTIONS)),
        _reload(f"reload, one file of {PARTS} saved", many, many / "parts" / f"part{part}.yaml", numbers),
    ]
    print(table(rows))


def _load(name: str, folder: Path) -> Row:
    times, parsed, linked = [], 0, 0
    for _ in range(ROUNDS):
        before = _cpu()
        loaded = Loader([folder]).load()
        index = _index(loaded)
        times.append((_cpu() - before) * 1e3)
        parsed, linked = len(loaded.sources), len(index.prepared)
    return name, spread(times), verdict(reached=max(times) < AIM_MS), str(parsed), f"{linked:,}"


def _reload(name: str, folder: Path, file: Path, numbers: range) -> Row:
    loader = Loader([folder])
    loaded = loader.load()
    index = _index(loaded)
    times, parsed, linked = [], 0, 0
    for number in range(ROUNDS):
        file.write_text("functions:\n" + _functions(numbers, f"again{number}"))
        before = _cpu()
        again = loader.load()
        renewed = _index(again, index)
        times.append((_cpu() - before) * 1e3)
        parsed = sum(each is not loaded.sources.get(path) for path, each in again.sources.items())
        known = {id(each.function) for each in index.prepared.values()}
        linked = sum(id(each.function) not in known for each in renewed.prepared.values())
        loaded, index = again, renewed
    return name, spread(times), "", str(parsed), f"{linked:,}"


def _index(loaded: Loaded, before: Index | None = None) -> Index:
    scenario = loaded.scenarios["default"]
    assert scenario is not None, loaded.problems
    return build_index(scenario, before)


def _cpu() -> float:
    return cpu_of(os.getpid())


def _functions(numbers: range, word: str = "Hello") -> str:
    lines = [
        f"  module{number}:list:\n    type: query\n    result:\n"
        f"      text: '{word} ${{args.user.name ?? \"you\"}}, you are number ${{len(args.items) + {number}}}'\n"
        for number in numbers
    ]
    return "".join(lines)


def _write_parts(folder: Path) -> Path:
    size = FUNCTIONS // PARTS
    scenarios.write(folder, "include:\n" + "".join(f"  - parts/part{part}.yaml\n" for part in range(PARTS)))
    (folder / "parts").mkdir()
    for part in range(PARTS):
        path = folder / "parts" / f"part{part}.yaml"
        path.write_text("functions:\n" + _functions(range(part * size, (part + 1) * size)))
    return folder

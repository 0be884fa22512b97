"""From starting the process to its first right answer, in milliseconds of wall time, beside bare aiohttp."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from bench import scenarios
from bench.measure import Connection, now, pause, post, spread, table, verdict
from bench.servers import HERE, bare_command, emulator_command, environment, free_port, running

ROUNDS = 9
FUNCTIONS = 1_000
_PATIENCE = 30.0
_LISTING = post("/api/query", b'{"path":"messages:list","args":{},"format":"json"}')


@dataclass(frozen=True)
class Case:
    """A way to start; `aim` is how many milliseconds longer than the bare server it may take.

    `fresh` is a folder that is removed before each start.
    """

    name: str
    command: Callable[..., list[str]]
    request: bytes
    expected: bytes
    env: Mapping[str, str]
    aim: int | None = None
    fresh: Path | None = None


def main(work: Path) -> None:
    cases = _cases(work)
    for case in cases:
        _start(case)  # writes bytecode, and what the second starts find in their cache
    times: dict[str, list[float]] = {case.name: [] for case in cases}
    for number in range(ROUNDS):
        for case in cases if number % 2 else reversed(cases):
            times[case.name].append(_start(case))
    bare = median(times[cases[0].name])
    rows = [("start", "ms", "bare + ms", "aim")]
    for case in cases:
        more = median(times[case.name]) - bare
        aim = "" if case.aim is None else f"{case.aim} {verdict(reached=more <= case.aim)}"
        rows.append((case.name, spread(times[case.name]), f"{more:+.0f}", aim))
    print(table(rows))


def _cases(work: Path) -> list[Case]:
    example = (HERE.parent / "scenarios" / "default.yaml").read_text()
    small = scenarios.write(work / "start-small", example)
    large = scenarios.write(work / "start-large", scenarios.documents(range(FUNCTIONS)))
    size = (large / "default.yaml").stat().st_size / 1e6
    big = f"{FUNCTIONS:,} functions, {size:.1f} MB"
    last = (scenarios.ask(FUNCTIONS - 1), f"a{FUNCTIONS - 1:05}x".encode())
    bare = Case("bare aiohttp", partial(bare_command, 20, 1_150), scenarios.ask(0), b"xxx", environment(work))
    return [
        bare,
        _emulator(work, "scenarios/default.yaml", small, (_LISTING, b"Hello"), 150, fresh=True),
        _emulator(work, "scenarios/default.yaml", small, (_LISTING, b"Hello"), 150, fresh=False),
        _emulator(work, big, large, last, 500, fresh=True),
        _emulator(work, big, large, last, 150, fresh=False),
    ]


def _emulator(work: Path, name: str, folder: Path, asked: tuple[bytes, bytes], aim: int, *, fresh: bool) -> Case:
    when = "first" if fresh else "second"
    cache = work / f"cache-{folder.name}-{when}"
    env = environment(work, str(cache))
    command = partial(emulator_command, folder)
    return Case(f"{name}, the {when} time", command, *asked, env, aim, cache if fresh else None)


def _start(case: Case) -> float:
    """Return the milliseconds until the answer is right."""
    if case.fresh is not None:
        shutil.rmtree(case.fresh, ignore_errors=True)
    port = free_port()
    command = case.command(port=port)
    started = now()
    with running(command, case.env) as process:
        while (answer := _try(port, case.request)) is None:
            if process.poll() is not None or now() - started > _PATIENCE:
                raise RuntimeError(f"{case.name} did not start")
            pause(0.001)
        seconds = now() - started
    if case.expected not in answer:
        raise RuntimeError(f"{case.name} answers wrongly: {answer[:300]!r}")
    return seconds * 1e3


def _try(port: int, request: bytes) -> bytes | None:
    try:
        connection = Connection(port)
    except ConnectionRefusedError:
        return None
    try:
        return connection.ask(request)
    finally:
        connection.close()

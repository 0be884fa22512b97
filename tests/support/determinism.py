"""A run of everything that is drawn, as lines of text: equal in every process, on every system and version.

Run as a program it prints the lines: ``python -m tests.support.determinism``.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
from hashlib import blake2b
from pathlib import Path

from emulator.engine.call import Call
from emulator.engine.plan import Finish, Returned, Wait
from emulator.model.function import FunctionType
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.surfaces.convex.codec import Answer, write_answer
from emulator.values.convex import Int64, Value
from emulator.values.durations import SECOND
from emulator.values.formats import Format
from tests.support.scenarios import load_text
from tests.support.tables import variables

START = 1_707_393_600_123_456_789
DRAWS = """
seed: 20240208
locale: ko_KR
state: {seen: []}
tables:
  users: {count: 40, document: {name: "${pick(['Ada', '민지', 'Ben'])}", key: "${uuid()}", score: "${random.float()}"}}
  notes: {documents: [{n: 3}, {n: "${random.int(1, 9)}"}, {text: x}, {n: true}, {n: {$int64: 5}}, {n: .nan}]}
timeline: [{at: 7s, do: [{set: {seen: "${state.seen + [random.int(1, 1000)]}"}}]}]
functions:
  d:all:
    result:
      - ${uuid()}
      - ${id("users")}
      - ${pick(range(100))}
      - ${shuffle(range(10))}
      - ${random.float()}
      - ${random.float(-5, 5)}
      - ${random.int(-1000, 1000)}
      - ${random.bool(0.25)}
      - {call: "${call}", now: "${iso(now)}", args: "${json(args)}", keys: "${keys(args)}"}
    delay: {min: 1ms, max: 900ms}
  d:skewed: {result: "${[x * 1.1 for x in range(5)]}", delay: {median: 80ms, p99: 900ms}, logs: ["${uuid()}"]}
  d:chance:
    rules: [{when: {chance: 0.3}, result: hit}, {when: {if: "${random.bool()}"}, result: half}, {result: miss}]
  d:page: {query: {table: users, order: {by: name, order: desc}, paginate: true}}
  d:notes: {query: {table: notes, order: {by: n}}}
  d:find: {query: {table: users, where: {name: "${args.name}"}, limit: 3}}
  d:add:
    do:
      - insert: {into: notes, document: {n: "${args.n}", key: "${uuid()}"}, as: key}
      - {after: 2s, do: [{patch: {table: notes, id: "${key}", fields: {late: "${random.int(1, 1000)}"}}}]}
    result: ${key}
  d:fail: {error: {message: "no ${uuid()}", data: {code: "${random.int(1, 99)}"}}}
"""
FAKES = """
seed: 20240208
locale: LOCALE
tables: {users: {count: 5, document: {name: "${fake.name()}", mail: "${fake.email()}", at: "${fake.date_time()}"}}}
functions:
  f:users: {query: {table: users}}
  f:all:
    result: ["${fake.address()}", "${fake.text()}", "${fake.company()}", "${fake.phone_number()}", "${fake.uuid4()}"]
  f:more: {result: ["${fake.date_between()}", "${fake.words(nb=5)}", "${fake.pyfloat()}", "${fake.profile()}"]}
"""
VALUES: dict[str, Value] = {"b": 1.0, "a": [Int64(2), b"\x00", None, -0.0, float("inf")], "c": {"z": 1.0, "y": "é"}}
INSERTED: list[Value] = [1.0, "x", None]
CALLS: list[tuple[str, dict[str, Value]]] = [
    ("d:all", {}),
    ("d:all", VALUES),
    *[("d:skewed", dict[str, Value](n=float(n))) for n in range(3)],
    *[("d:chance", dict[str, Value](n=float(n))) for n in range(12)],
    ("d:notes", {}),
    ("d:find", {"name": "민지"}),
    *[("d:add", dict[str, Value](n=n)) for n in INSERTED],
    ("d:fail", {}),
]


def _finish(emulator: Emulator, operation: str, args: dict[str, Value], kind: FunctionType) -> tuple[Finish, bytes]:
    """Return how a call ends, and all that a client sees of it."""
    entry = emulator.handle(Call(operation, kind, args))
    finish = entry.decision.plan[-1]
    assert isinstance(finish, Finish)
    delay = sum(step.duration for step in entry.decision.plan if isinstance(step, Wait))
    answer = Answer(Format.ENCODED, emulator.request_id(entry), redacts=False, place=None)
    return finish, b"%d %s" % (delay, write_answer(finish.ending, finish.logs, answer))


def _answer(emulator: Emulator, operation: str, args: dict[str, Value], kind: FunctionType) -> bytes:
    return _finish(emulator, operation, args, kind)[1]


def _pages(emulator: Emulator) -> bytes:
    """Return every page of a table, one behind the other, with their cursors."""
    found = b""
    cursor: Value = None
    for _ in range(7):
        args: dict[str, Value] = {"paginationOpts": {"numItems": 7.0, "cursor": cursor}}
        finish, written = _finish(emulator, "d:page", args, FunctionType.QUERY)
        assert isinstance(finish.ending, Returned)
        assert isinstance(finish.ending.value.value, dict)
        cursor = finish.ending.value.value["continueCursor"]
        found += written
    return found


async def _run(folder: Path) -> list[tuple[str, bytes]]:
    clock = VirtualClock(START)
    emulator = Emulator(load_text(folder, DRAWS), clock)
    lines = [("pages", _pages(emulator))]
    for turn in range(2):
        for number, (operation, args) in enumerate(CALLS):
            for kind in FunctionType:
                name = f"{operation} {kind.value.lower()} {turn}.{number}"
                lines.append((name, _answer(emulator, operation, args, kind)))
        await clock.advance(5 * SECOND)
        lines.append((f"notes {turn}", _answer(emulator, "d:notes", {}, FunctionType.QUERY)))
    lines.append(("state", repr(variables(emulator)).encode()))
    return lines


def drawn(folder: Path) -> list[str]:
    """Return a line for each answer of a run: its name, and the digest of its bytes."""
    return [f"{_digest(answer)} {name}" for name, answer in asyncio.run(_run(folder))]


def faked(folder: Path) -> list[str]:
    """Return the same for fake data, which follows from the version of Faker, too."""
    lines = []
    for locale in ("en_US", "ko_KR", "de_DE"):
        emulator = Emulator(load_text(folder, FAKES.replace("LOCALE", locale)), VirtualClock(START))
        for operation in ("f:users", "f:all", "f:more"):
            for number in range(3):
                answer = _answer(emulator, operation, {"n": float(number)}, FunctionType.QUERY)
                lines.append(f"{_digest(answer)} {operation} {locale} {number}")
    return lines


def _digest(answer: bytes) -> str:
    return blake2b(answer, digest_size=12).hexdigest()


def main() -> None:
    """Print the lines of both runs, with an empty one between them."""
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write("\n".join([*drawn(Path(folder)), "", *faked(Path(folder))]))


if __name__ == "__main__":
    main()

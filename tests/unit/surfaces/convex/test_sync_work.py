"""What a commit costs with ten thousand live queries, counted in calls and not in time; what comers and goers leave."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from emulator.engine.call import Call
from emulator.model.function import FunctionType
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.runtime.live import LiveQueries
from emulator.surfaces.close import Close
from emulator.surfaces.convex.sync.session import Common, Said, Session
from tests.support.clocks import START
from tests.support.live import timers_of
from tests.support.scenarios import load_text
from tests.transcripts.live_conversations import token

TABLES = 10
SESSIONS = 1_000
READERS = 100
_QUERY = '  q:t{n}: {{type: query, result: "${{len(tables.t{n}) + args.n * 0}}"}}\n'
_ADD = "  m:t{n}: {{type: mutation, do: [{{insert: {{into: t{n}, document: {{}}}}}}], result: null}}\n"
TEXT = (
    "state: {mode: calm}\ntables: {"
    + ", ".join(f"t{n}: {{}}" for n in range(TABLES))
    + "}\nfunctions:\n"
    + "".join(_QUERY.format(n=n) + _ADD.format(n=n) for n in range(TABLES))
    + '  q:mode: {type: query, result: "${state.mode}"}\n'
    + "  q:slow: {type: query, delay: 1h, result: slow}\n"
    + "  m:set: {type: mutation, do: [{set: {mode: calm}}], result: done}\n"
    + "faults: [{name: late, on: sync transition, after: 1000000, delay: 1s}]\n"
)


class Crowd:
    """Many sessions without sockets."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock(START)
        self.emulator = Emulator(load_text(folder, TEXT), self.clock)
        self.soon: list[Callable[[], None]] = []
        self.live = LiveQueries(self.emulator, self.soon.append)
        self.common = Common(self.emulator, self.live)
        self.said: list[tuple[int, Said]] = []

    def join(self, number: int, *queries: str, **args: Any) -> Session:
        """Have somebody watch queries."""
        session = Session(self.common, lambda what: self.said.append((number, what)))
        adds = [{"type": "Add", "queryId": each, "udfPath": name, "args": [args]} for each, name in enumerate(queries)]
        tell(session, type="ModifyQuerySet", baseVersion=0, newVersion=1, modifications=adds)
        return session

    def commit(self, mutation: str) -> None:
        """Have somebody write, and everybody told."""
        self.said.clear()
        self.emulator.handle(Call(mutation, FunctionType.MUTATION, {}))
        for each in self.soon:
            each()
        self.soon.clear()


def tell(session: Session, **frame: Any) -> None:
    session.receive(json.dumps(frame))


def calls_of(work: Callable[[], None]) -> int:
    """Count the calls of Python's functions that some work takes."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    gc.disable()  # who hears of collections is called, too
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


def test_a_commit_costs_what_its_readers_cost_whoever_else_watches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand live queries on a thousand sessions beside the hundred alone that read what is written."""
    many, few = Crowd(tmp_path), Crowd(tmp_path)
    for number in range(SESSIONS):
        is_reader = number < READERS
        names = [f"q:t{n}" for n in range(TABLES) if is_reader or n != 3] + ([] if is_reader else ["q:mode"])
        many.join(number, *names, n=float(number))
        if is_reader:
            few.join(number, "q:t3", n=float(number))
    assert len(many.live) == SESSIONS * TABLES
    for each in (many, few):  # what is done once is done
        each.commit("m:t3")

    costs = [calls_of(partial(each.commit, "m:t3")) for each in (many, few)]

    assert costs[0] == costs[1]
    assert sorted(number for number, _ in many.said) == list(range(READERS))

    looked = look_at_calls(many.emulator, monkeypatch)
    many.commit("m:t3")
    assert looked == ["q:t3"] * READERS
    many.commit("m:set")  # to what it is
    assert many.said == []


def look_at_calls(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that what is looked at again is added to."""
    looked: list[str] = []
    look_again = emulator.look_again

    def look(call: Call) -> Any:
        looked.append(call.operation)
        return look_again(call)

    monkeypatch.setattr(emulator, "look_again", look)
    return looked


def test_a_thousand_comebacks_leave_nothing_in_memory(tmp_path: Path) -> None:
    crowd = Crowd(tmp_path)

    def come_back(number: int) -> None:
        session = Session(crowd.common, lambda what: crowd.said.append((number, what)))
        tell(session, type="Connect", sessionId="one", connectionCount=number, lastCloseReason=None, clientTs=1.5)
        value = token("Ada", 3_600)
        tell(session, type="Authenticate", baseVersion=0, tokenType="User", value=value)
        adds = [
            {"type": "Add", "queryId": each, "udfPath": name, "args": [{"n": number}]}
            for each, name in enumerate(("q:t1", "q:mode", "q:slow"))
        ]
        tell(session, type="ModifyQuerySet", baseVersion=0, newVersion=1, modifications=adds)
        tell(session, type="Mutation", requestId=7, udfPath="m:set", args=[{}])
        tell(session, type="ModifyQuerySet", baseVersion=7, newVersion=8, modifications=[])
        assert crowd.said[-1] == (number, Close(None))
        session.leave()
        for each in crowd.soon:
            each()
        crowd.soon.clear()

    def count() -> int:
        crowd.said.clear()
        crowd.emulator.journal.clear()
        gc.collect()
        return len(gc.get_objects())

    for number in range(20):
        come_back(number)
    before = count()
    for number in range(20, 1_020):
        come_back(number)

    assert count() - before < 50
    assert (len(crowd.live), timers_of(crowd.clock), len(crowd.common.outcomes)) == (0, 0, 1)

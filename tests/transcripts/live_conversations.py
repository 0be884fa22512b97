"""Reads transcripts of the sync protocol and plays them: several sockets without I/O, on a clock that stands still.

# a comment: what follows is about
> {"type": "Connect", …}     socket a sends this frame; "b> …" is another socket's, opened by its first frame
< {"type": "Ping"}           this is sent to it; "…" as the last member says that there are more
! close 1011 reason          the socket is closed, or dies: "! disconnect"; "! slowed 5s 2000" is what faults do to it
~ a                          the client goes away
@ 5s                         so much time passes
* state:set {"to": "calm"}   somebody else calls a mutation
% kicked on                  a fault is switched on, or off

A Transition is written short: `< 1/0 […]`, the versions of its query set and identity, and its modifications. What
holds for every frame is not written but checked: a Transition starts where the one before ended, timestamps grow, log
lines and journals are there. Where they are not written, they are empty. Request ids are written as RID, places of
rules as RULE, in log lines as PLACE; `<ada>` is a token of Ada's.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from emulator.engine.call import Call
from emulator.engine.overlay import switch
from emulator.model.function import FunctionType
from emulator.model.rule import Death
from emulator.model.scenario import Scenario
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.runtime.live import LiveQueries
from emulator.surfaces.close import Close
from emulator.surfaces.convex.codec import read_ts
from emulator.surfaces.convex.sync.session import Common, Said, Session
from emulator.surfaces.convex.sync.troubles import Slowed, Switches
from emulator.values.durations import SECOND, parse_duration
from tests.support.clocks import START, settle
from tests.transcripts.conversations import MORE, compared

FOLDER = Path(__file__).parent / "sync"
LINE = re.compile(r"([a-z]?)([><!]) (.*)|([@*~%]) (.*)")
SHORT = re.compile(r"(\d+)/(\d+) (\[.*\])")
RID = re.compile(r"\[Request ID: [0-9a-f]{16}\]")
PLACE = re.compile(r"[^\s(]*default\.yaml:\d+:\d+")
RULE = re.compile(r"at handler \([^)]*default\.yaml:\d+:\d+\)")
EMPTY: dict[str, Any] = {"logLines": [], "journal": None}


def token(name: str, expires_in: int | None = None) -> str:
    """Return a token of somebody's, unsigned; it expires so many seconds after the start."""
    claims: dict[str, Any] = {"iss": "https://id.example", "sub": name.lower(), "name": name}
    if expires_in is not None:
        claims["exp"] = START // SECOND + expires_in
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in ({}, claims)]
    return ".".join([*parts, "sig"])


TOKENS = {
    "<ada>": token("Ada"),
    "<ben>": token("Ben"),
    "<ada for a minute>": token("Ada", 60),
    "<ada for two minutes>": token("Ada", 120),
    "<ada of yesterday>": token("Ada", -86_400),
}


@dataclass
class Socket:
    """One client: what it was sent and did not take in yet, and where it stands."""

    said: list[Said] = field(default_factory=list)
    version: dict[str, Any] = field(default_factory=lambda: {"querySet": 0, "identity": 0, "ts": "AAAAAAAAAAA="})
    responded: int = 0

    def take(self) -> str | dict[str, Any]:
        """Return the next thing it was sent, without what holds for every frame."""
        what = self.said.pop(0)
        if isinstance(what, Close):
            return f"! close {'' if what.code is None else what.code} {what.reason}".rstrip()
        if isinstance(what, Death):
            return f"! {what.end.value}"
        if isinstance(what, Slowed):
            return f"! slowed {what.delay // SECOND}s {what.bandwidth or ''}".rstrip()
        frame = json.loads(PLACE.sub("PLACE", RULE.sub("at RULE", RID.sub("RID", what.decode()))))
        assert isinstance(frame, dict)
        match frame["type"]:
            case "Transition":
                self._move(frame)
            case "MutationResponse":
                ts = frame.pop("ts")
                assert (ts is not None) is frame["success"]
                self.responded = read_ts(ts) if ts else self.responded
                _drop_empty(frame, "logLines")
            case "ActionResponse":
                _drop_empty(frame, "logLines")
        return frame

    def _move(self, frame: dict[str, Any]) -> None:
        before, self.version = self.version, frame.pop("endVersion")
        assert frame.pop("startVersion") == before
        assert set(self.version) == {"querySet", "identity", "ts"}
        assert read_ts(self.version["ts"]) > max(read_ts(before["ts"]), self.responded)
        assert isinstance(frame.pop("serverTs"), int)
        frame["to"] = f"{self.version['querySet']}/{self.version['identity']}"
        for each in frame["modifications"]:
            if each["type"] != "QueryRemoved":
                _drop_empty(each, *EMPTY)


def _drop_empty(frame: dict[str, Any], *names: str) -> None:
    for name in names:
        if frame[name] == EMPTY[name]:
            del frame[name]


class Stage:
    """An emulator and its sockets."""

    def __init__(self, scenario: Scenario) -> None:
        """Begin without sockets."""
        self.clock = VirtualClock(START)
        self.emulator = Emulator(scenario, self.clock)
        self.live = LiveQueries(self.emulator, asyncio.get_running_loop().call_soon)
        self.common = Common(self.emulator, self.live)
        self.sockets: dict[str, Socket] = {}
        self.sessions: dict[str, Session] = {}
        Switches(self.emulator, self.strike, self.relieve)

    def open(self, name: str) -> Session:
        """Return a socket's session."""
        if name not in self.sessions:
            self.sockets[name] = Socket()
            self.sessions[name] = Session(self.common, self.sockets[name].said.append)
            self.sessions[name].troubles.open()
        return self.sessions[name]

    def strike(self, faults: frozenset[str]) -> None:
        """Have faults meet every socket."""
        for session in self.sessions.values():
            session.troubles.strike(faults)

    def relieve(self, faults: Collection[str]) -> None:
        """Tell every socket which faults are on."""
        for session in self.sessions.values():
            session.troubles.relieve(faults)

    def unread(self) -> list[str]:
        """Return what nobody expected."""
        return [f"{name}< {socket.take()}" for name, socket in self.sockets.items() for _ in list(socket.said)]


async def play(transcript: str, scenario: Scenario) -> None:
    """Play a transcript; fail at the first line that says otherwise than the sessions."""
    stage = Stage(scenario)
    is_expecting = False
    for number, text in enumerate(transcript.splitlines(), 1):
        if not text or text.startswith("#"):
            continue
        found = LINE.fullmatch(text)
        assert found, f"line {number}: {text!r} is no line of a transcript"
        name, sign, rest = (found[1] or "a", found[2], found[3]) if found[2] else ("", found[4], found[5])
        if sign in "<!":
            is_expecting = True
            _check(stage, name, f"{sign} {rest}", number)
            continue
        unread = stage.unread()
        assert not unread, f"line {number}: before this, {unread[0]} is missing"
        await _do(stage, name, sign, rest)
    assert is_expecting, "a transcript that expects nothing tests nothing"
    unread = stage.unread()
    assert not unread, f"at the end, {unread[0]} is missing"
    for session in stage.sessions.values():
        session.leave()
    assert len(stage.live) == 0


async def _do(stage: Stage, name: str, sign: str, rest: str) -> None:
    match sign:
        case ">":
            for mark, jwt in TOKENS.items():
                rest = rest.replace(mark, jwt)
            stage.open(name).receive(rest)
        case "@":
            await stage.clock.advance(parse_duration(rest))
        case "*":
            function, _, args = rest.partition(" ")
            stage.emulator.handle(Call(function, FunctionType.MUTATION, json.loads(args or "{}")))
        case "%":
            fault, _, state = rest.partition(" ")
            stage.emulator.transact(partial(switch, name=fault, on=state == "on"))
        case "~":
            stage.sessions.pop(rest).leave()
            del stage.sockets[rest]
    await settle()


def _check(stage: Stage, name: str, expected: str, number: int) -> None:
    socket = stage.sockets[name]
    assert socket.said, f"line {number}: nothing more is said to {name}"
    got = socket.take()
    if expected[0] == "!" or isinstance(got, str):
        assert expected == got, f"line {number}"
        return
    text = expected[2:]
    is_open = text.endswith(f", {MORE}}}")
    text = f"{text.removesuffix(f', {MORE}}}')}}}" if is_open else text
    short = SHORT.fullmatch(text)
    if short:
        wanted = {"type": "Transition", "to": f"{short[1]}/{short[2]}", "modifications": json.loads(short[3])}
        got.pop("clientClockSkew", None)
    else:
        wanted = json.loads(text)
    differences = list(compared(wanted, got, "", is_open=is_open))
    assert not differences, f"line {number}: {'; '.join(differences)}"

"""Faults on what happens on a socket: which of them meet it, and what they cannot do to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.engine.call import Call
from emulator.engine.plan import Finish
from emulator.model.overlay import HANDSHAKE, SOCKET, SYNC, TRANSITION
from emulator.model.rule import Death, End
from emulator.scenario.load import Loader
from tests.support.faults import faulty

WHOLE = "is not all done: a socket sends its frames whole"


def test_what_nothing_is_laid_over_is_not_written_down(tmp_path: Path) -> None:
    emulator = faulty(tmp_path, f"name: x, on: {TRANSITION}, every: 2, failure: overloaded")

    assert emulator.meet(Call(SOCKET, None, {})) is None
    assert [emulator.meet(Call(TRANSITION, None, {})) is not None for _ in range(4)] == [False, True, False, True]
    assert len(emulator.journal) == 2


def test_a_fault_on_everything_meets_a_socket_once(tmp_path: Path) -> None:
    emulator = faulty(tmp_path, 'name: x, on: "*", failure: overloaded')

    assert emulator.meet(Call(HANDSHAKE, None, {})) is not None
    assert emulator.meet(Call(SOCKET, None, {}, part_of=HANDSHAKE)) is None
    assert emulator.meet(Call(TRANSITION, None, {}, part_of=SOCKET)) is None


def test_a_socket_meets_only_the_faults_that_it_is_to_meet(tmp_path: Path) -> None:
    faults = [f"name: {name}, on: {SOCKET}, delay: 1s" for name in ("a", "b")]
    entry = faulty(tmp_path, *faults).meet(Call(SOCKET, None, {}, faults=frozenset({"b"})))

    assert entry is not None
    assert entry.decision.admission.hit == ("b",)


@pytest.mark.parametrize("call", [Call(HANDSHAKE, None, {}), Call(TRANSITION, None, {}, is_framed=True)], ids=str)
def test_a_socket_dies_without_the_bytes_that_were_to_come_before_and_that_is_said(tmp_path: Path, call: Call) -> None:
    emulator = faulty(tmp_path, f"name: x, on: {call.operation}, failure: {{reset: {{after_bytes: 3}}}}")

    entry = emulator.meet(call)

    assert entry is not None
    assert entry.explanation == f"the fault x was due for {call.operation} and {WHOLE}"
    last = entry.decision.plan[-1]
    assert isinstance(last, Finish)
    assert last.death == Death(End.RESET, after_bytes=3)
    assert emulator.reading().count("fault x#missed") == 1


def test_a_frame_does_not_trickle_and_a_socket_does(tmp_path: Path) -> None:
    emulator = faulty(tmp_path, "name: x, on: sync*, bandwidth: 10")

    frame, socket = emulator.meet(Call(TRANSITION, None, {}, is_framed=True)), emulator.meet(Call(SOCKET, None, {}))

    assert frame is not None
    assert socket is not None
    assert frame.explanation == f"the fault x was due for {TRANSITION} and {WHOLE}"
    assert socket.explanation is None


@pytest.mark.parametrize("operation", SYNC)
def test_what_happens_on_sockets_can_be_written(tmp_path: Path, operation: str) -> None:
    assert faulty(tmp_path, f"name: x, on: {operation}, failure: internal").revision.scenario.faults[0].on == (
        operation,
    )


def test_what_is_almost_written_so_is_spoken_of(tmp_path: Path) -> None:
    text = "functions: {a:b: {result: 1}}\nfaults: [{name: x, on: 'sync:transition', failure: internal}]\n"
    (tmp_path / "default.yaml").write_text(text, encoding="utf-8")

    [problem] = Loader([tmp_path]).load().problems

    assert (problem.slug, problem.hint) == ("unknown-operation", f"did you mean '{TRANSITION}'?")

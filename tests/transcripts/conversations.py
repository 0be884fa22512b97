"""Reads transcripts and plays them: sans-I/O conversations with a socket's client, as text.

# a comment: what follows is about
> {"type": "ping"}          the client sends this frame
< {"type": "pong", …}       this is sent to it; "…" as the last member says that there are more
@ 5s                        so much time passes
! start s "안녕" c1          a turn begins: identifier of the conversation, message, id
! abort s                   a run is to be stopped, by conversation or by run
! close 1008                the socket is closed
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.surfaces.close import Close
from emulator.surfaces.openclaw.conversation import Abort, Action, Conversation, Send, Start
from emulator.values.durations import parse_duration
from tests.support.clocks import START

FOLDER = Path(__file__).parent
MORE = "…"


@dataclass(frozen=True)
class Line:
    """One line of a transcript; `number` counts from 1."""

    number: int
    sign: str
    text: str


def lines_of(transcript: str) -> list[Line]:
    """Take a transcript apart; fail for a line that is none."""
    lines = []
    for number, written in enumerate(transcript.splitlines(), 1):
        sign, text = written[:1], written[2:]
        if sign not in ("", "#"):
            assert sign in "><@!", f"line {number}: {written!r} begins with no sign"
            assert written[1:2] == " ", f"line {number}: a blank stands behind the sign"
            lines.append(Line(number, sign, text))
    assert any(line.sign in "<!" for line in lines), "a transcript that expects nothing tests nothing"
    return lines


def play(transcript: str) -> None:
    """Play a transcript; fail at the first line that says otherwise than the conversation."""
    conversation, now = Conversation(), START
    done: list[Action] = []
    for line in lines_of(transcript):
        if line.sign in ">@":
            assert not done, f"line {line.number}: before this, {written(done[0])!r} is missing"
        match line.sign:
            case ">":
                done = conversation.receive(line.text, now)
            case "@":
                now += parse_duration(line.text)
            case _:
                assert done, f"line {line.number}: nothing more is done"
                check(line, done.pop(0))
    assert not done, f"at the end, {written(done[0])!r} is missing"


def check(line: Line, action: Action) -> None:
    """Hold an action against the line that stands for it."""
    if line.sign == "!" or not isinstance(action, Send):
        assert f"{line.sign} {line.text}" == written(action), f"line {line.number}"
        return
    text, is_open = line.text, line.text.endswith(f", {MORE}}}")
    expected = json.loads(text.removesuffix(f", {MORE}}}") + "}" if is_open else text)
    differences = list(compared(expected, action.frame, "", is_open=is_open))
    assert not differences, f"line {line.number}: {'; '.join(differences)}"


def compared(expected: Any, got: Any, place: str, *, is_open: bool) -> Iterator[str]:
    """Yield what is different."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in expected:
            yield from compared(expected[key], got.get(key), f"{place}.{key}", is_open=is_open)
        yield from (f"{place}.{key} is there, too" for key in got if key not in expected and not is_open)
    elif expected != got or type(expected) is not type(got):
        yield f"{place or 'the frame'} is {got!r}, not {expected!r}"


def written(action: Action) -> str:
    """Write an action as a transcript does."""
    match action:
        case Send(frame):
            return f"< {json.dumps(frame, ensure_ascii=False)}"
        case Start(message, turn):
            return " ".join(["! start", message.key.text, json.dumps(message.text, ensure_ascii=False), *_shown(turn)])
        case Abort(key, run_id, turn):
            return " ".join(["! abort", key.text if key is not None else str(run_id), *_shown(turn)])
        case Close(code, reason):
            return f"! close {code} {reason}"


def _shown(turn: Any) -> list[str]:
    return [] if turn is None else [json.dumps(turn, ensure_ascii=False)]

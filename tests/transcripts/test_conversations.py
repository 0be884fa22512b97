"""Every transcript is played; a transcript that says otherwise fails where it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.transcripts.conversations import FOLDER, play

TRANSCRIPTS = sorted(FOLDER.glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_conversation_goes_as_its_transcript_says(path: Path) -> None:
    play(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("transcript", "message"),
    [
        ('> {"type": "ping"}\n< {"type": "pong"}', r"line 2: \.ts is there, too"),
        ('> {"type": "ping"}\n< {"type": "ping", …}', r"line 2: \.type is 'pong', not 'ping'"),
        ('> {"type": "ping", "id": 1}\n< {"id": 1.0, …}', r"line 2: \.id is 1, not 1\.0"),
        (
            '> {"type": "ping"}\n> {"type": "ping"}\n< {"type": "pong", …}',
            "line 2: before this, '< .*pong.* is missing",
        ),
        ('> {"type": "ping"}\n< {"type": "pong", …}\n< {"type": "pong", …}', "line 3: nothing more is done"),
        ('> {"type": "ping"}\n! close 1000 bye', "line 2"),
        ('> {"type": "chat", "message": "hi"}\n! start agent:main:api:dm:default "ho"', "line 2"),
        ('> {"type": "ping"}\n< {"type": "pong", …}\n> {"type": "ping"}', "at the end, '< .*pong.* is missing"),
        ('> {"type": "ping"}', "expects nothing"),
        ("hello", "line 1: 'hello' begins with no sign"),
    ],
)
def test_a_transcript_that_says_otherwise_fails(transcript: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        play(transcript)

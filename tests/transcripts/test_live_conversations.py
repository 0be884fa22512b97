"""Every transcript of the sync protocol is played; one that says otherwise fails where it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.scenarios import load_text
from tests.transcripts.live_conversations import FOLDER, play

TRANSCRIPTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.txt"))}
SCENARIO = (FOLDER / "scenario.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TRANSCRIPTS)
async def test_live_clients_are_told_what_their_transcript_says(tmp_path: Path, name: str) -> None:
    await play(TRANSCRIPTS[name], load_text(tmp_path, SCENARIO))


EMPTY = '> {"type": "ModifyQuerySet", "baseVersion": 0, "newVersion": 1, "modifications": []}\n'


@pytest.mark.parametrize(
    ("transcript", "message"),
    [
        (EMPTY, "expects nothing"),
        (f"{EMPTY}< 1/1 []", r"line 2: \.to is '1/0', not '1/1'"),
        (f"{EMPTY}< 1/0 [1]", r"line 2: \.modifications is \[\]"),
        (f"{EMPTY}< 1/0 []\n< 1/0 []", "line 3: nothing more is said to a"),
        (f"{EMPTY}! close 1011 InternalServerError", "line 2"),
        (f"{EMPTY}< 1/0 []\n{EMPTY}", "at the end, a< .*FatalError.* is missing"),
        (f"{EMPTY}{EMPTY}", "line 2: before this, a< .*Transition.* is missing"),
        ("hello", "line 1: 'hello' is no line"),
    ],
)
async def test_a_transcript_of_live_clients_that_says_otherwise_fails(
    tmp_path: Path, transcript: str, message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        await play(transcript, load_text(tmp_path, SCENARIO))

"""Streams and sockets of a gateway with Node's own clients, unmodified: fetch, EventSource, WebSocket."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.scripts import run_script
from tests.support.live import data_of
from tests.support.live_scenario import PIECES, SECRET, TEXT
from tests.support.process import emulator_process
from tests.support.scenarios import write_files

OPTIONS = "--experimental-websocket --experimental-eventsource"
DYING = "reply: [a, b, c, d], stream: {every: 5ms}, failure"
SCENARIO = f"""
gateway:
  auth: {{password: {SECRET}}}
  chat:
    rules:
      - {{when: {{message: {{$regex: hello}}}}, reply: "{TEXT}", stream: {{every: 5ms}}}}
      - {{when: {{message: {{$regex: fail}}}}, failure: {{status: 503, code: OVERLOADED, message: too much}}}}
      - {{when: {{message: {{$regex: breaks}}}}, {DYING}: {{disconnect: {{after_chunks: 2}}}}}}
      - {{when: {{message: {{$regex: resets}}}}, {DYING}: {{reset: {{after_chunks: 2}}}}}}
      - {{when: {{message: {{$regex: garbles}}}}, {DYING}: {{malformed: {{after_chunks: 2}}}}}}
"""


def has_clients() -> bool:
    """Whether this Node has the clients; all of them are there from 20.18 on."""
    command = ["node", *OPTIONS.split(), "-p", "typeof EventSource + typeof WebSocket"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.stdout.strip() == "functionfunction"


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Play everything through, once, and return what the clients saw."""
    if not has_clients():
        pytest.skip("this Node has no EventSource or WebSocket of its own")
    folder: Path = tmp_path_factory.mktemp("gateway")
    write_files(folder, {"gateway.yaml": SCENARIO})
    with emulator_process(folder, "gateway.yaml") as emulator:
        url = str(emulator.facts["gateway_url"])
        return run_script("gateway", url, GATEWAY_SECRET=SECRET, NODE_OPTIONS=OPTIONS)


def chunks_of(text: str) -> list[str]:
    return [data_of(event)["chunk"] for event in text.split("\n\n") if '"index"' in event]


def test_fetch_reads_a_reply_to_its_end(seen: Any) -> None:
    assert seen["fetched"]["hello"]["end"] == "well"
    assert chunks_of(seen["fetched"]["hello"]["text"]) == PIECES


@pytest.mark.parametrize("message", ["breaks", "resets", "garbles"])
def test_fetch_reads_what_comes_before_a_death(seen: Any, message: str) -> None:
    assert chunks_of(seen["fetched"][message]["text"]) == ["a", "b"]


def test_fetch_tells_deaths_apart(seen: Any) -> None:
    ends = {message: seen["fetched"][message]["end"] for message in ("breaks", "resets", "garbles")}

    assert ends["breaks"] == "UND_ERR_SOCKET"
    assert ends["resets"] in ("ECONNRESET", "UND_ERR_SOCKET")  # Node takes a reset right behind data for an end
    assert ends["garbles"] == "ERR_ENCODING_INVALID_ENCODED_DATA"


def test_the_documented_client_gets_the_pieces_and_stops_when_they_are_done(seen: Any) -> None:
    assert seen["listened"]["hello"]["chunks"] == PIECES
    assert seen["listened"]["hello"]["ids"] == [str(number) for number in range(1, len(PIECES) + 1)]
    assert seen["listened"]["hello"]["how"] == "complete"


def test_an_event_source_hears_of_a_failed_run(seen: Any) -> None:
    assert seen["listened"]["fail"] == {"chunks": [], "ids": [], "errors": [], "how": "OVERLOADED"}


def test_an_event_source_that_was_cut_off_comes_back_once_and_sends_nothing_again(seen: Any) -> None:
    assert seen["listened"]["breaks"] == {
        "chunks": ["a", "b"],
        "ids": ["1", "2"],
        "errors": [],
        "how": "closed for good",
    }


def test_an_event_source_hears_nonsense_as_an_event_that_is_no_json(seen: Any) -> None:
    heard = seen["listened"]["garbles"]

    assert (heard["chunks"], heard["errors"], heard["how"]) == (["a", "b"], ["SyntaxError"], "closed for good")


def test_an_event_source_gives_up_when_it_is_refused(seen: Any) -> None:
    assert seen["listened"]["refused"]["how"] == "closed for good"


def test_a_socket_tells_a_turn_piece_by_piece(seen: Any) -> None:
    said = seen["said"]["hello"]

    assert [each["chunk"] for each in said["frames"][:-1]] == PIECES
    assert said["frames"][-1]["response"] == TEXT
    assert {each["id"] for each in said["frames"]} == {"c1"}
    assert said["code"] == 1000


@pytest.mark.parametrize("message", ["breaks", "resets"])
def test_a_socket_that_dies_is_closed_without_a_code(seen: Any, message: str) -> None:
    said = seen["said"][message]

    assert [each["chunk"] for each in said["frames"]] == ["a", "b"]
    assert said["code"] == 1006


def test_a_socket_hears_nonsense_as_a_frame_that_is_no_json(seen: Any) -> None:
    said = seen["said"]["garbles"]

    assert said["frames"][2:] == ["SyntaxError"]
    assert said["code"] == 1000


def test_two_turns_run_at_the_same_time_on_a_socket(seen: Any) -> None:
    frames = seen["two"]["frames"]
    order = "".join(each["id"] for each in frames)

    assert [each["chunk"] for each in frames if each["id"] == "a" and each["type"] == "chunk"] == PIECES
    assert sorted(order) == sorted("ab" * (len(PIECES) + 1))
    assert "ab" * 2 in order or "ba" * 2 in order


def test_a_ping_gets_a_pong(seen: Any) -> None:
    (pong,) = seen["pong"]["frames"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", pong.pop("ts"))
    assert pong == {"type": "pong", "id": "p"}


def test_close_codes_arrive(seen: Any) -> None:
    assert (seen["binary"], seen["large"], seen["refused"]) == (1003, 1009, "refused")

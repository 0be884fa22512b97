"""Replies of chats laid out in time: pieces, gaps, tokens, deaths."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.engine.call import Call
from emulator.engine.plan import Emit, Finish, Plan, Replied, Uncomputable, Wait
from emulator.engine.reply import MAX_PIECES, MAX_TOKENS
from emulator.model.gateway import CHAT
from emulator.values.durations import MILLISECOND
from tests.support.engine import emulator_of


def plan_for(folder: Path, chat: str, message: str = "hi", *, is_streamed: bool = True, seed: int = 0) -> Plan:
    """Return the plan for the first message to a gateway."""
    emulator = emulator_of(folder, f"gateway: {{chat: {chat}}}", seed=seed)
    args = {"message": message, "session": "agent:main:api:dm:s", "agent": "main", "channel": "api"}
    return emulator.handle(Call(CHAT, None, dict(args), is_streamed=is_streamed)).decision.plan


def pieces_of(plan: Plan) -> list[str]:
    return [step.piece for step in plan if isinstance(step, Emit)]


def gaps_of(plan: Plan) -> list[float]:
    """Return how long each piece takes, in milliseconds."""
    gaps, waited = [], 0
    for step in plan:
        if isinstance(step, Wait):
            waited += step.duration
        elif isinstance(step, Emit):
            gaps.append(waited / MILLISECOND)
            waited = 0
    return gaps


def end_of(plan: Plan) -> Replied:
    last = plan[-1]
    assert isinstance(last, Finish)
    assert isinstance(last.ending, Replied), last
    return last.ending


@pytest.mark.parametrize(
    ("unit", "pieces"),
    [
        ("word", ["차 ", "드실래요?\n", "네 ", "👍🏽"]),
        ("line", ["차 드실래요?\n", "네 👍🏽"]),
        ("whole", ["차 드실래요?\n네 👍🏽"]),
        ("character", ["차", " ", "드", "실", "래", "요", "?", "\n", "네", " ", "👍🏽"]),
    ],
)
def test_a_reply_is_cut_by_what_the_scenario_says(tmp_path: Path, unit: str, pieces: list[str]) -> None:
    plan = plan_for(tmp_path, f'{{reply: "차 드실래요?\\n네 👍🏽", stream: {{by: {unit}}}}}')

    assert pieces_of(plan) == pieces
    assert end_of(plan).text == "".join(pieces)


def test_words_are_what_a_reply_is_cut_by_otherwise(tmp_path: Path) -> None:
    assert pieces_of(plan_for(tmp_path, "{reply: one two}")) == ["one ", "two"]


def test_a_list_is_its_pieces_however_it_is_cut(tmp_path: Path) -> None:
    plan = plan_for(tmp_path, '{reply: ["one two ", "three", "👩", "\\u200d👧"], stream: {by: character}}')

    assert pieces_of(plan) == ["one two ", "three", "👩", "\u200d👧"]
    assert end_of(plan).text == "one two three👩\u200d👧"


def test_a_list_may_be_computed(tmp_path: Path) -> None:
    assert pieces_of(plan_for(tmp_path, '{reply: "${[message, 2, null]}"}')) == ["hi", "2", "null"]


def test_the_first_piece_and_the_others_have_their_own_pace(tmp_path: Path) -> None:
    plan = plan_for(tmp_path, "{reply: a b c, stream: {first: 1s, every: 30ms}}")

    assert gaps_of(plan) == [1000, 30, 30]


def test_a_delay_comes_before_all_pieces(tmp_path: Path) -> None:
    plan = plan_for(tmp_path, "{reply: a b, delay: 2s, stream: {first: 1s, every: 30ms}}")

    assert gaps_of(plan) == [3000, 30]


def test_a_rate_is_tokens_a_second(tmp_path: Path) -> None:
    plan = plan_for(tmp_path, "{reply: [abcd, efgh, ijklmnop, q], stream: {rate: 10}}")

    assert gaps_of(plan) == [0, 100, 200, 100]


def test_a_rate_of_nearly_nothing_is_no_mistake(tmp_path: Path) -> None:
    assert gaps_of(plan_for(tmp_path, "{reply: a b, stream: {rate: 1.0e-300}}")) == [0, 86_400_000]


def test_pieces_come_20_to_50_milliseconds_apart_as_the_seed_draws_it(tmp_path: Path) -> None:
    text = " ".join(["word"] * 200)
    first, again = (gaps_of(plan_for(tmp_path, f"{{reply: {text}}}")) for _ in range(2))
    other = gaps_of(plan_for(tmp_path, f"{{reply: {text}}}", seed=1))

    assert first == again
    assert first != other
    assert first[0] == 0
    assert all(20 <= gap <= 50 for gap in first[1:])
    assert min(first[1:]) < 22
    assert max(first[1:]) > 48
    assert len(set(first)) > 190


def test_the_next_turn_draws_anew(tmp_path: Path) -> None:
    emulator = emulator_of(tmp_path, "gateway: {chat: {reply: a b c}}")
    call = Call(CHAT, None, {"message": "hi", "session": "s", "agent": "main", "channel": "api"}, is_streamed=True)

    assert gaps_of(emulator.handle(call).decision.plan) != gaps_of(emulator.handle(call).decision.plan)


def test_a_reply_that_nobody_watches_comes_at_once_unless_it_has_a_pace(tmp_path: Path) -> None:
    assert gaps_of(plan_for(tmp_path, "{reply: a b c}", is_streamed=False)) == [0, 0, 0]
    paced = "{reply: a b c, stream: {every: 30ms}}"
    assert gaps_of(plan_for(tmp_path, paced, is_streamed=False)) == [0, 30, 30]


@pytest.mark.parametrize("chat", ['{reply: ""}', "{reply: []}", '{reply: "", stream: {by: character, every: 1s}}'])
def test_an_empty_reply_has_no_pieces(tmp_path: Path, chat: str) -> None:
    plan = plan_for(tmp_path, chat)

    assert pieces_of(plan) == []
    assert end_of(plan).text == ""


def test_very_many_pieces_are_fewer_and_the_last_is_longer(tmp_path: Path) -> None:
    plan = plan_for(tmp_path, "{reply: '${message}', stream: {by: character}}", "x" * (MAX_PIECES + 5))
    pieces = pieces_of(plan)

    assert len(pieces) == MAX_PIECES
    assert pieces[-1] == "x" * 6
    assert "".join(pieces) == end_of(plan).text == "x" * (MAX_PIECES + 5)


@pytest.mark.parametrize(("reply", "message", "tokens"), [("abcd", "efgh", 2), ("abcde", "", 2), ("안녕", "x", 3)])
def test_tokens_are_counted_four_bytes_each_both_ways(tmp_path: Path, reply: str, message: str, tokens: int) -> None:
    assert end_of(plan_for(tmp_path, f"{{reply: {reply}}}", message)).tokens == tokens


@pytest.mark.parametrize(
    ("tokens", "counted"),
    [("150", 150), ("0", 0), ("'${call * 2}'", 2), ("2.9", 2), ("1.0e+300", MAX_TOKENS), (".inf", MAX_TOKENS)],
)
def test_tokens_are_what_the_scenario_says(tmp_path: Path, tokens: str, counted: int) -> None:
    assert end_of(plan_for(tmp_path, f"{{reply: a, tokens: {tokens}}}")).tokens == counted


@pytest.mark.parametrize("tokens", ["'${-1}'", "'${message}'", "'${true}'", "'${null}'"])
def test_tokens_that_are_no_count_cannot_be_computed(tmp_path: Path, tokens: str) -> None:
    last = plan_for(tmp_path, f"{{reply: a, tokens: {tokens}}}")[-1]

    assert isinstance(last, Finish)
    assert isinstance(last.ending, Uncomputable)
    assert "tokens" in last.ending.reason


@pytest.mark.parametrize(
    ("after", "pieces"),
    [
        ("after_chunks: 0", []),
        ("after_chunks: 2", ["abc", "def"]),
        ("after_chunks: 9", ["abc", "def", "가"]),
        ("after_bytes: 5", ["abc"]),
        ("after_bytes: 6", ["abc", "def"]),
        ("after_bytes: 8", ["abc", "def"]),
        ("after_bytes: 9", ["abc", "def", "가"]),
    ],
)
def test_nothing_comes_behind_the_piece_after_which_a_connection_dies(
    tmp_path: Path, after: str, pieces: list[str]
) -> None:
    chat = f"{{reply: [abc, def, 가], stream: {{every: 10ms}}, failure: {{disconnect: {{{after}}}}}}}"
    plan = plan_for(tmp_path, chat)
    last = plan[-1]

    assert pieces_of(plan) == pieces
    assert isinstance(last, Finish)
    assert last.death is not None
    assert end_of(plan).text == "abcdef가"

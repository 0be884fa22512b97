"""Replies of chats: cut into pieces, paced, and their tokens counted."""

from __future__ import annotations

from itertools import accumulate
from typing import assert_never

from emulator.engine.draw import fraction
from emulator.engine.plan import Emit, Finish, Plan, Replied, Responded, Wait
from emulator.engine.surroundings import Surroundings, UncomputableError
from emulator.expressions.text import text_of
from emulator.model.rule import Death, Pace, Reply, Unit
from emulator.values.durations import MILLISECOND, SECOND
from emulator.values.graphemes import graphemes, lines, words

_FASTEST, _SLOWEST = 20 * MILLISECOND, 50 * MILLISECOND
_BYTES_A_TOKEN = 4
MAX_PIECES = 20_000
MAX_TOKENS = 10**15
_LONGEST_GAP = 86_400 * SECOND


def replied(reply: Reply, at: Surroundings) -> Replied:
    """Return what a chat is answered with; raise UncomputableError where that has no value."""
    value = at.value(reply.text)
    pace = reply.pace or Pace()
    pieces = [text_of(each) for each in value] if isinstance(value, list) else pieces_of(text_of(value), pace.unit)
    text = "".join(pieces)
    counted = tokens_of(str(at.call.args.get("message", ""))) + tokens_of(text)
    if reply.tokens is None:
        return Replied(tuple(pieces), counted, pace)
    tokens = at.value(reply.tokens)
    if isinstance(tokens, bool) or not isinstance(tokens, int | float) or not tokens >= 0:
        place = getattr(reply.tokens, "place", None)
        assert place is not None, "what is written plainly was checked when it was loaded"
        raise UncomputableError(place, "tokens must be a number from 0 upward")
    return Replied(tuple(pieces), int(min(tokens, MAX_TOKENS)), pace)


def tokens_of(text: str) -> int:
    """Count a text's tokens as nobody's model does, but about as many as all of them."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_A_TOKEN)


def plan_of(finish: Finish, delay: int, seed: int, stream: str, *, is_streamed: bool) -> Plan:
    """Lay an answer out in time: piece by piece where somebody streams a reply, or a rule gives it a pace.

    The pieces behind the one after which the connection dies are left out.
    """
    ending, death = finish.ending, finish.death
    head: Plan = (Wait(delay),) if delay else ()
    if not isinstance(ending, Replied | Responded) or ending.pace is None:
        return (*head, finish)
    kept = len(ending.pieces) if death is None else pieces_before(death, ending.pieces)
    is_paced = is_streamed or isinstance(ending, Responded) or ending.pace != Pace()
    gaps = _gaps(ending.pieces, ending.pace, seed, stream) if is_paced else [0] * len(ending.pieces)
    waits = {gap: Wait(gap) for gap in gaps}  # most are the same
    steps: list[Wait | Emit] = []
    for piece, gap in zip(ending.pieces[:kept], gaps, strict=False):
        steps += [waits[gap], Emit(piece)] if gap else [Emit(piece)]
    return (*head, *steps, finish)


def pieces_before(death: Death, pieces: tuple[str, ...]) -> int:
    """Return how many pieces of a reply are sent before the connection dies."""
    if death.after_chunks is not None:
        return death.after_chunks
    if death.after_bytes is None:
        return 0
    sizes = accumulate(len(piece.encode("utf-8", "replace")) for piece in pieces)
    return sum(size <= death.after_bytes for size in sizes)


def _gaps(pieces: tuple[str, ...], pace: Pace, seed: int, stream: str) -> list[int]:
    if pace.rate is not None:
        gaps = [round(min(tokens_of(piece) / pace.rate * SECOND, _LONGEST_GAP)) for piece in pieces]
    elif pace.every is not None:
        gaps = [pace.every] * len(pieces)
    else:
        drawn = (fraction(seed, f"{stream}\0pace", index) for index in range(len(pieces)))
        gaps = [_FASTEST + round(each * (_SLOWEST - _FASTEST)) for each in drawn]
    if gaps:
        gaps[0] = pace.first
    return gaps


def pieces_of(text: str, unit: Unit) -> list[str]:
    """Split a text; what is over the most that there may be stays together in the last piece."""
    match unit:
        case Unit.WHOLE:
            pieces = [text] if text else []
        case Unit.LINE:
            pieces = lines(text)
        case Unit.WORD:
            pieces = words(text)
        case Unit.CHARACTER:
            pieces = list(graphemes(text))
        case _:
            assert_never(unit)
    if len(pieces) > MAX_PIECES:
        pieces[MAX_PIECES - 1 :] = ["".join(pieces[MAX_PIECES - 1 :])]
    return pieces

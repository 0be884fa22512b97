"""What the report of a failed test says of the calls that came."""

from __future__ import annotations

from emulator.testing.calls import Call
from emulator.testing.controls import Controls

MAX_CALLS = 20
MAX_MISSES = 3


def sections(emulator: Controls) -> list[tuple[str, str]]:
    """Return titles and texts: the newest calls, and why nothing answered; nothing when there were no calls."""
    calls = emulator.calls()
    if not calls:
        return []
    shown = calls[-MAX_CALLS:]
    title = f"emulator: {len(calls)} calls" if len(calls) != 1 else "emulator: 1 call"
    if len(shown) < len(calls):
        title += f", the newest {len(shown)}"
    found = [(title, "\n".join(f"{each.number:4} {each}" for each in shown))]
    misses = {each.suggestion: each for each in reversed(calls) if each.suggestion is not None}
    newest = list(misses.values())[:MAX_MISSES]
    if newest:
        found.append(("emulator: no rule answered", "\n\n".join(map(_miss, reversed(newest)))))
    return found


def _miss(call: Call) -> str:
    return f"{call.number:4} {call.explanation}\nto answer it:\n{call.suggestion}"

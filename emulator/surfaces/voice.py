"""The emulator's own voice: which rule answered, or why none did, in headers and never in bodies."""

from __future__ import annotations

from functools import lru_cache

from emulator.model.place import Place
from emulator.runtime.journal import Entry

MAX_HEADER = 1_000


def voice_headers(handled: Entry) -> dict[str, str]:
    """Say which rule answered, or why none did, at which revision, and the call's number in the journal."""
    rule = handled.decision.rule
    headers = {
        "X-Emulator-Call": str(handled.number),
        "X-Emulator-Revision": str(handled.revision.number),
    }
    if rule is not None:
        headers["X-Emulator-Rule"] = _rule_text(rule.place)
    if handled.decision.variant is not None:
        headers["X-Emulator-Variant"] = handled.decision.variant
    if handled.explanation is not None:
        headers["X-Emulator-Miss"] = _header_text(handled.explanation)
    return headers


@lru_cache(maxsize=4096)
def _rule_text(place: Place) -> str:
    return _header_text(str(place))


def _header_text(text: str) -> str:
    if text.isascii() and text.isprintable() and len(text) <= MAX_HEADER:
        return text
    escaped = text.encode("unicode_escape").decode("ascii")
    return escaped if len(escaped) <= MAX_HEADER else f"{escaped[:MAX_HEADER]}..."

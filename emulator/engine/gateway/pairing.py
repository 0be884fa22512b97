"""Pairing codes: how they are drawn, how people type them, and what an app scans (contract openclaw §1.9)."""

from __future__ import annotations

from urllib.parse import quote

from emulator.engine.draw import hex_digits

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Digits and capital letters without those that are taken for one another: 0 and O, 1 and I."""

LENGTH = 8
_BITS = 5  # of a character: the alphabet has 32
_STREAM = "openclaw pairing code"


def draw_code(seed: int, number: int) -> str:
    """Return the code of the pairing with that number: the same for the same seed, always."""
    drawn = int(hex_digits(seed, _STREAM, number, LENGTH * _BITS // 4), 16)
    return "".join(ALPHABET[drawn >> _BITS * place & len(ALPHABET) - 1] for place in range(LENGTH))


def normal_code(text: str) -> str:
    """Return a code as it was made from the way somebody typed it: `k7rm-2xqh` is `K7RM2XQH`."""
    return "".join(text.upper().replace("-", "").split())


def pairing_url(base_url: str, code: str) -> str:
    """Return what the QR code holds: the gateway's address and the code."""
    return f"openclaw://pair?url={quote(base_url, safe='', errors='replace')}&code={quote(code, safe='')}"

"""Document ids: a table's number and sixteen bytes, as Convex spells them (contract convex §2.3)."""

from __future__ import annotations

from base64 import b32encode

FIRST_USER_TABLE = 10001
STORAGE = "_storage"
"""The table of stored files, which every deployment has."""

STORAGE_NUMBER = 540
"""Its number, from which the ids of files begin with kg2."""
INTERNAL_ID_BYTES = 16

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_IN_ALPHABET = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", _ALPHABET.encode())
_DIGIT = {character: value for value, character in enumerate(_ALPHABET)}
_BITS = 5
_FOOTER_BYTES = 2
_MAX_VARINT_BYTES = 5


class InvalidIdError(ValueError):
    """A text that is no document id; it says why."""


def encode_id(table_number: int, internal: bytes) -> str:
    """Spell the id of a document; `internal` are its sixteen bytes."""
    if len(internal) != INTERNAL_ID_BYTES:
        raise InvalidIdError(f"an id needs {INTERNAL_ID_BYTES} bytes, not {len(internal)}")
    body = _varint(table_number) + internal
    return _base32(body + _fletcher16(body))


def decode_id(text: str) -> tuple[int, bytes]:
    """Return table number and internal bytes of an id; raise InvalidIdError when `text` is none."""
    raw = _unbase32(text)
    number, used = _read_varint(raw)
    if len(raw) != used + INTERNAL_ID_BYTES + _FOOTER_BYTES:
        raise InvalidIdError(f"{text!r} has the wrong length for a document id")
    if _fletcher16(raw[:-_FOOTER_BYTES]) != raw[-_FOOTER_BYTES:]:
        raise InvalidIdError(f"{text!r} has a wrong checksum")
    return number, raw[used:-_FOOTER_BYTES]


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte, the eighth says that more follow
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _read_varint(raw: bytes) -> tuple[int, int]:
    number = 0
    for index, byte in enumerate(raw[:_MAX_VARINT_BYTES]):
        number |= (byte & 0x7F) << (7 * index)
        if not byte & 0x80:
            return number, index + 1
    raise InvalidIdError("the id does not begin with a table number")


def _fletcher16(data: bytes) -> bytes:
    c0 = c1 = 0
    for byte in data:
        c0 = (c0 + byte) & 0xFF
        c1 = (c1 + c0) & 0xFF
    return bytes((c0, c1))


def _base32(data: bytes) -> str:
    return b32encode(data).rstrip(b"=").translate(_IN_ALPHABET).decode()


def _unbase32(text: str) -> bytes:
    number = 0
    for character in text:
        if character not in _DIGIT:
            raise InvalidIdError(f"{text!r} has a character that no document id has: {character!r}")
        number = number << _BITS | _DIGIT[character]
    padding = len(text) * _BITS % 8
    if padding >= _BITS or number & ((1 << padding) - 1):
        raise InvalidIdError(f"{text!r} has the wrong length for a document id")
    return (number >> padding).to_bytes(len(text) * _BITS // 8, "big")

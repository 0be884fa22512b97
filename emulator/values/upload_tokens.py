"""Tokens of upload URLs: when they were given out, and that it was here (contract convex §11)."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b

NONCE_BYTES = 8
_TIME_BYTES = 8
_SEAL_BYTES = 8
_SUM_BYTES = 4
_LENGTH = _TIME_BYTES + NONCE_BYTES + _SEAL_BYTES + _SUM_BYTES


class GarbledTokenError(ValueError):
    """A text that is no token at all."""


class ForeignTokenError(ValueError):
    """A token that was given out for something else."""


def write_token(purpose: str, issued: int, nonce: bytes) -> str:
    """Return a token given out at `issued`, in nanoseconds since the epoch; one for another `purpose` is no use."""
    body = issued.to_bytes(_TIME_BYTES, "big") + nonce
    sealed = body + _seal(purpose, body)
    return urlsafe_b64encode(sealed + _sum(sealed)).decode().rstrip("=")


def read_token(purpose: str, text: str) -> int:
    """Return when a token was given out; raise GarbledTokenError, or ForeignTokenError."""
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise GarbledTokenError(text) from error
    sealed = raw[:-_SUM_BYTES]
    if len(raw) != _LENGTH or raw[-_SUM_BYTES:] != _sum(sealed):
        raise GarbledTokenError(text)
    body = sealed[:-_SEAL_BYTES]
    if sealed[-_SEAL_BYTES:] != _seal(purpose, body):
        raise ForeignTokenError(text)
    return int.from_bytes(body[:_TIME_BYTES], "big")


def _seal(purpose: str, body: bytes) -> bytes:
    return blake2b(purpose.encode() + body, digest_size=_SEAL_BYTES, person=b"upload").digest()


def _sum(sealed: bytes) -> bytes:
    return blake2b(sealed, digest_size=_SUM_BYTES).digest()

"""Digests of stored files."""

from __future__ import annotations

import hashlib
from base64 import b64encode


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of bytes in base64, as documents and headers write it."""
    return b64encode(hashlib.sha256(content).digest()).decode()

"""Headers and paths of file storage; pure (contract convex §11)."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from typing import NamedTuple

from emulator.surfaces.convex.failures import ApiError

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_RANGE = re.compile(r"bytes=[ \t]*(\d*)-(\d*)[ \t]*")
_MOST_DIGITS = 18
_SHA256_BYTES = 32


class Span(NamedTuple):
    """Bytes of a file, from `start` up to but not including `end`."""

    start: int
    end: int


class UnsatisfiableError(Exception):
    """A range that the file does not have, or several of them."""


def read_uuid(text: str) -> str:
    """Return what stands for a file in a path; raise ApiError for what is no UUID."""
    if not _UUID.fullmatch(text):
        message = f'Invalid storage path: "{text}". Please use `storage.getUrl` for a URL of a file.'
        raise ApiError(400, "InvalidStoragePath", message)
    return text.lower()


def read_digest(header: str | None) -> str | None:
    """Return the SHA-256 that a client announces, in base64; raise ApiError when the header is malformed."""
    if header is None:
        return None
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "sha-256":
            try:
                raw = b64decode(value, validate=True)
            except (binascii.Error, ValueError) as error:
                raise _bad_header("Digest", header) from error
            if len(raw) == _SHA256_BYTES:
                return b64encode(raw).decode()
            break
    raise _bad_header("Digest", header)


def read_content_type(header: str | None) -> str | None:
    """Return the type of a file; raise ApiError for what is none."""
    if header is not None and not (header.isascii() and header.isprintable()):
        raise _bad_header("Content-Type", header)
    return header or None


def read_range(header: str | None, size: int) -> Span | None:
    """Return which bytes are asked for, None for all of them; raise UnsatisfiableError.

    What is no range of bytes asks for nothing.
    """
    if header is None or not header.startswith("bytes="):
        return None
    if "," in header:
        raise UnsatisfiableError
    found = _RANGE.fullmatch(header)
    if found is None or not (found[1] or found[2]):
        return None
    first, last = (each[-_MOST_DIGITS:] if len(each) <= _MOST_DIGITS else "9" * _MOST_DIGITS for each in found.groups())
    if not first:
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    if start >= end:
        raise UnsatisfiableError
    return Span(start, end)


def _bad_header(name: str, value: str) -> ApiError:
    shown = value.encode("ascii", "backslashreplace").decode()
    return ApiError(400, "BadHeader", f"Invalid header {name}: {shown}")

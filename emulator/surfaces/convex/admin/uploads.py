"""Files on their way in, part by part; bounded in bytes, and forgotten when they are not finished in an hour."""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.engine.draw import hex_digits
from emulator.surfaces.convex.failures import ApiError
from emulator.values.durations import SECOND

MAX_BYTES = 256 * 1024 * 1024
MAX_PARTS = 10_000
MAX_UPLOADS = 100
LIFETIME = 3_600 * SECOND
_TOKEN_DIGITS = 32


def refused(message: str) -> ApiError:
    """Return the error for an import that cannot be had."""
    return ApiError(400, "InvalidImport", message)


@dataclass(slots=True)
class _Upload:
    """One file; its parts by their tokens, each with its number."""

    began: int
    parts: dict[str, tuple[int, bytes]] = field(default_factory=dict)


class Uploads:
    """All files that are not whole yet."""

    def __init__(self, seed: int) -> None:
        """Begin with none; tokens follow from `seed`."""
        self._seed = seed
        self._open: dict[str, _Upload] = {}
        self._made = 0

    def begin(self, now: int) -> str:
        """Return the token of another upload."""
        self._forget_old(now)
        if len(self._open) >= MAX_UPLOADS:
            del self._open[next(iter(self._open))]
        self._made += 1
        token = hex_digits(self._seed, f"upload {now}", self._made, _TOKEN_DIGITS)
        self._open[token] = _Upload(now)
        return token

    @property
    def room(self) -> int:
        """How many bytes there is room for."""
        return MAX_BYTES - sum(len(data) for each in self._open.values() for _, data in each.parts.values())

    def add(self, token: str, number: int, data: bytes, now: int) -> str:
        """Keep a part, in place of one of the same number; return its token."""
        upload = self._find(token, now)
        if not 1 <= number <= MAX_PARTS:
            raise refused(f"part number {number} is not between 1 and {MAX_PARTS}")
        if len(data) > self.room:
            raise refused(f"uploads are larger than {MAX_BYTES >> 20} MiB together")
        part = hex_digits(self._seed, f"part {token} {number}", len(upload.parts), _TOKEN_DIGITS)
        for known in [known for known, (other, _) in upload.parts.items() if other == number]:
            del upload.parts[known]
        upload.parts[part] = (number, data)
        return part

    def finish(self, token: str, part_tokens: list[str], now: int) -> bytes:
        """Return the whole file; its parts must be named in the order of their numbers, and all of them."""
        upload = self._find(token, now)
        if not part_tokens:
            raise refused("an upload is finished with the tokens of its parts, and there are none")
        unknown = next((each for each in part_tokens if each not in upload.parts), None)
        if unknown is not None:
            raise refused(f"invalid part token {unknown[:_TOKEN_DIGITS]}")
        numbers = [upload.parts[each][0] for each in part_tokens]
        if numbers != sorted(set(numbers)):
            raise refused(f"parts are out of order: {', '.join(map(str, numbers[:10]))}")
        if len(numbers) != len(upload.parts):
            raise refused(f"{len(upload.parts)} parts were uploaded, {len(numbers)} are named")
        del self._open[token]
        return b"".join(upload.parts[each][1] for each in part_tokens)

    def _find(self, token: str, now: int) -> _Upload:
        self._forget_old(now)
        upload = self._open.get(token)
        if upload is None:
            raise refused("invalid upload token: it is unknown, finished, or older than an hour")
        return upload

    def _forget_old(self, now: int) -> None:
        for token in [token for token, each in self._open.items() if not 0 <= now - each.began < LIFETIME]:
            del self._open[token]

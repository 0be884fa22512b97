"""What is laid over many operations at once: faults, and limits on how often they may be called."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from emulator.model.place import Place
from emulator.model.rule import Death, Delay, Failure

HANDSHAKE = "sync"
SOCKET = "sync socket"
TRANSITION = "sync transition"
AUTHENTICATION = "sync auth"
SYNC = (HANDSHAKE, SOCKET, TRANSITION, AUTHENTICATION)
"""What sockets of live clients are to faults and limits; no function can be called so, for its path has no blanks."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong with the operations that `on` matches, while it is switched on.

    The first `after` of them are spared; of the rest every `every`-th is hit, with `chance`, `times` times at most.
    What is hit waits for `delay`, gets `failure` instead of its answer, dies by `death`, or trickles at `bandwidth`
    bytes a second.
    """

    name: str
    on: tuple[str, ...]
    place: Place = field(compare=False)
    enabled: bool = True
    chance: float | None = None
    after: int = 0
    every: int = 1
    times: int | None = None
    delay: Delay | None = None
    failure: Failure | None = None
    death: Death | None = None
    bandwidth: int | None = None


class By(Enum):
    """Whose calls a limit counts together."""

    IDENTITY = "identity"
    SESSION = "session"
    ADDRESS = "address"
    EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Limit:
    """How often the operations that `on` matches may be called: `allow` in `per` nanoseconds.

    As a bucket, calls come back one by one as time goes on; as a window, all at once when it is over.
    """

    name: str
    on: tuple[str, ...]
    allow: int
    per: int
    place: Place = field(compare=False)
    by: By = By.EVERYONE
    is_window: bool = False


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)


def is_on(patterns: tuple[str, ...], operation: str) -> bool:
    """Whether any of the patterns, in which ``*`` stands for any text, is that of an operation."""
    return any(pattern == "*" or _compiled(pattern).fullmatch(operation) is not None for pattern in patterns)

"""What a socket has to say, held back or narrowed by faults, on the scenario's clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from emulator.model.rule import Death, End
from emulator.runtime.clock import Clock, Timer
from emulator.surfaces.convex.sync.troubles import SILENCE, Slowed
from emulator.surfaces.outbox import Said
from emulator.values.durations import SECOND


class Valve:
    """Open, it lets everything through at once. Frames go whole, when there was time for their bytes, and in order."""

    __slots__ = (
        "_bandwidth",
        "_bytes",
        "_clock",
        "_complain",
        "_free",
        "_is_open",
        "_is_shut",
        "_most",
        "_say",
        "_silence",
        "_timer",
        "_waiting",
    )

    def __init__(
        self,
        say: Callable[[Said], None],
        silence: Callable[[], None],
        clock: Clock,
        complain: Callable[[str], None],
        most: int,
    ) -> None:
        """Let through to `say`; `silence` is called when it shuts for ever.

        At most `most` bytes wait behind it, or `complain` is told why the socket is cut off.
        """
        self._say = say
        self._silence = silence
        self._clock = clock
        self._complain = complain
        self._most = most
        self._bandwidth: int | None = None
        self._free = 0
        self._bytes = 0
        self._waiting: deque[tuple[int, Said]] | None = None
        self._timer: Timer | None = None
        self._is_open = True
        self._is_shut = False

    def say(self, what: Said | Slowed) -> None:
        """Let something through, now or when its time comes; or be narrowed, or shut."""
        if self._is_open and isinstance(what, bytes):
            self._say(what)
        elif not self._is_shut:
            self._weigh(what)

    def _weigh(self, what: Said | Slowed) -> None:
        if isinstance(what, Slowed):
            self._is_open = False
            self._free = max(self._free, self._clock.now() + what.delay)
            self._bandwidth = what.bandwidth
        elif what == SILENCE:
            self.stop()
            self._silence()
        elif self._bandwidth is None and not self._waiting and self._free <= self._clock.now():
            self._is_open = True
            self._say(what)
        else:
            self._keep(what)

    def stop(self) -> None:
        """Let nothing through any more."""
        self._is_open = False
        self._is_shut = True
        self._waiting = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _keep(self, what: Said) -> None:
        size = len(what) if isinstance(what, bytes) else 0
        self._bytes += size
        if self._bytes > self._most:
            self._complain(f"{self._bytes} bytes wait for a socket that a fault slows; it is cut off")
            self.stop()
            self._say(Death(End.RESET))
            return
        self._free = max(self._free, self._clock.now()) + (size * SECOND // self._bandwidth if self._bandwidth else 0)
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append((self._free, what))
        if self._timer is None:
            self._go_on()

    def _go_on(self) -> None:
        self._timer = None
        while self._waiting:
            due, what = self._waiting[0]
            if due > self._clock.now():
                self._timer = self._clock.call_at(due, self._go_on)
                return
            self._waiting.popleft()
            self._bytes -= len(what) if isinstance(what, bytes) else 0
            self._say(what)

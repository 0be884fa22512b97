"""What faults and limits do to a socket as such: while it is open, before each Transition, to each Authenticate."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from emulator.engine.call import Call
from emulator.engine.overlay import FAULTS, is_switched_on
from emulator.engine.plan import Finish
from emulator.engine.store import Write
from emulator.model.overlay import AUTHENTICATION, HANDSHAKE, SOCKET, TRANSITION, Fault, is_on
from emulator.model.rule import Death, End
from emulator.runtime.clock import Timer
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.runtime.live import finish_of
from emulator.surfaces.convex.sync.asker import Asker, delay_of, is_answer

SILENCE = Death(End.TIMEOUT)


@dataclass(frozen=True, slots=True)
class Slowed:
    """Let nothing come for `delay` nanoseconds; from now on so many bytes may come in a second, None being all."""

    delay: int = 0
    bandwidth: int | None = None


class Sufferer(Protocol):
    """The socket that they happen to."""

    @property
    def asker(self) -> Asker:
        """Who speaks on it."""

    def say(self, what: Slowed | Death) -> None:
        """Be slowed, or fall silent for ever."""

    def fail(self, finish: Finish, *, is_update: bool = False) -> bool:
        """End over what is no answer; say whether it does. `is_update` says that it is about who somebody is."""

    def tell_owed(self) -> None:
        """Send the Transition that was held back."""


class Troubles:
    """The troubles of one socket."""

    __slots__ = (
        "_emulator",
        "_holds",
        "_is_let_through",
        "_is_mute",
        "_is_over",
        "_narrowing",
        "_socket",
        "_timers",
    )

    def __init__(self, emulator: Emulator, socket: Sufferer) -> None:
        """Trouble `socket`."""
        self._emulator = emulator
        self._socket = socket
        self._timers: dict[Timer, None] = {}
        self._holds = 0
        self._narrowing: dict[str, int] = {}
        self._is_mute = False
        self._is_over = False
        self._is_let_through = False

    def stop(self) -> None:
        """Trouble it no more."""
        self._is_over = True
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def open(self, handshake: Entry | None = None) -> None:
        """Do to the socket what is laid over it when it opens, and what its handshake brings along."""
        if handshake is not None:
            self._slow(handshake, 0)
        self._strike(self._call(SOCKET)._replace(part_of=HANDSHAKE))

    def strike(self, faults: frozenset[str]) -> None:
        """Do to the socket what these faults do, which were switched on."""
        if not self._is_over:
            self._strike(self._call(SOCKET)._replace(faults=faults, is_counted=True))

    def relieve(self, faults: Collection[str]) -> None:
        """Take note that only these faults are on: nothing else holds the next Transition back, or is slow."""
        kept = {name: bandwidth for name, bandwidth in self._narrowing.items() if name in faults}
        if kept != self._narrowing and not self._is_over:
            self._narrowing = kept
            self._socket.say(Slowed(0, min(kept.values(), default=None)))
        self._socket.tell_owed()

    def passes(self) -> bool:
        """Do to the next Transition what is laid over it; say whether it goes out now."""
        if self._holds or self._is_mute:
            return False
        if self._is_let_through:
            self._is_let_through = False
            return True
        entry = self._emulator.meet(self._call(TRANSITION)._replace(part_of=SOCKET, is_framed=True))
        if entry is None:
            return True
        delay = delay_of(entry)
        if delay:
            self._hold(delay, finish_of(entry.decision))
            return False
        return not self._stops(finish_of(entry.decision))

    def admit(self, accept: Callable[[], None]) -> None:
        """Do to an Authenticate what is laid over it; `accept` is called if it is heard."""
        entry = self._emulator.meet(self._call(AUTHENTICATION)._replace(part_of=SOCKET, is_framed=True))
        if entry is None:
            accept()
            return
        finish, delay = finish_of(entry.decision), delay_of(entry)
        if is_answer(finish):
            self._hold(delay)
            accept()
        elif finish.death == SILENCE:
            self._is_mute = True
        elif delay:
            self._later(delay, partial(self._socket.fail, finish, is_update=True))
        else:
            self._socket.fail(finish, is_update=True)

    def _strike(self, call: Call) -> None:
        entry = self._emulator.meet(call)
        if entry is None:
            return
        finish, delay = finish_of(entry.decision), delay_of(entry)
        if is_answer(finish):
            self._slow(entry, delay)
        elif delay:
            self._later(delay, partial(self._end, finish))
        else:
            self._end(finish)

    def _slow(self, entry: Entry, delay: int) -> None:
        faults = entry.decision.admission.faults if finish_of(entry.decision).bandwidth is not None else ()
        self._narrowing |= {each.name: each.bandwidth for each in faults if each.bandwidth is not None}
        if delay or faults:
            self._socket.say(Slowed(delay, min(self._narrowing.values(), default=None)))

    def _end(self, finish: Finish) -> None:
        if finish.death == SILENCE:
            self._socket.say(SILENCE)
        else:
            self._socket.fail(finish)

    def _stops(self, finish: Finish) -> bool:
        """End the socket in place of a Transition, or leave that out; say whether one of these."""
        return finish.death == SILENCE or self._socket.fail(finish)

    def _hold(self, delay: int, finish: Finish | None = None) -> None:
        """Let no Transition through for so long; `finish` is what then becomes of it."""
        self._holds += 1
        self._later(delay, partial(self._release, finish))

    def _release(self, finish: Finish | None) -> None:
        self._holds -= 1
        if finish is not None:
            if self._stops(finish):
                return
            self._is_let_through = True
        self._socket.tell_owed()

    def _later(self, delay: int, callback: Callable[[], object]) -> None:
        def ring() -> None:
            del self._timers[timer]
            callback()

        clock = self._emulator.clock
        timer = clock.call_at(clock.now() + delay, ring)
        self._timers[timer] = None

    def _call(self, operation: str) -> Call:
        asker = self._socket.asker
        return Call(operation, None, {}, asker.caller, address=asker.address, session=asker.session)


class Switches:
    """The faults that are laid over open sockets, as they are switched on and off."""

    def __init__(
        self, emulator: Emulator, strike: Callable[[frozenset[str]], None], relieve: Callable[[Collection[str]], None]
    ) -> None:
        """Call `strike` with those that were switched on, `relieve` with all that are on when any is switched."""
        self._emulator = emulator
        self._strike = strike
        self._relieve = relieve
        self._on = self._switched_on()
        emulator.on_commit(self._hear)
        emulator.on_swap(self._look)

    def _hear(self, writes: tuple[Write, ...]) -> None:
        if any(each.collection == FAULTS for each in writes):
            self._look()

    def _look(self) -> None:
        before, self._on = self._on, self._switched_on()
        new = [each for name, each in self._on.items() if before.get(name) != each]
        laid_over = frozenset(each.name for each in new if is_on(each.on, SOCKET))
        if laid_over:
            self._strike(laid_over)
        self._relieve(self._on)

    def _switched_on(self) -> dict[str, Fault]:
        transaction = self._emulator.reading()
        faults = self._emulator.revision.scenario.faults
        return {each.name: each for each in faults if is_switched_on(each, transaction.state.view)}

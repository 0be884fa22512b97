"""Faults and limits laid over operations, in one place for every surface: before a rule is asked, and over answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, assert_never

from emulator.engine.call import Admin, Call, acting_user
from emulator.engine.draw import draw_delay, fraction
from emulator.engine.meters import Meters, Reading
from emulator.engine.plan import Emit, Finish, Plan, Wait
from emulator.engine.reply import pieces_before
from emulator.engine.store import View
from emulator.engine.transaction import Transaction
from emulator.model.overlay import HANDSHAKE, SOCKET, By, Fault, Limit, is_on
from emulator.model.rule import Death, Failure
from emulator.values.display import spell
from emulator.values.durations import SECOND

FAULTS = "$faults"
_MAX_REMEMBERED = 1_000
_WHOLE = "a socket sends its frames whole"


class Overlay(NamedTuple):
    """The limits and faults of one operation, and the faults that are on until somebody switches them."""

    limits: tuple[Limit, ...]
    faults: tuple[Fault, ...]
    enabled: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Overlays:
    """All limits and faults of a scenario; which concern an operation is found once."""

    limits: tuple[Limit, ...] = ()
    faults: tuple[Fault, ...] = ()
    _known: dict[tuple[str, str | None], Overlay | None] = field(default_factory=dict, compare=False)

    def __bool__(self) -> bool:
        return bool(self.limits or self.faults)

    @property
    def asks_address(self) -> bool:
        """Whether any limit wants to know where a call comes from: all do that tell callers apart."""
        return any(each.by is not By.EVERYONE for each in self.limits)

    def of(self, operation: str, part_of: str | None = None) -> Overlay | None:
        """Return what is laid over an operation and not over the one that it is a part of, None when nothing is."""
        if not self.limits and not self.faults:
            return None
        try:
            return self._known[operation, part_of]
        except KeyError:
            pass
        limits = tuple(each for each in self.limits if _concerns(each.on, operation, part_of))
        faults = tuple(each for each in self.faults if _concerns(each.on, operation, part_of))
        enabled = tuple(each for each in faults if each.enabled)
        overlay = Overlay(limits, faults, enabled) if limits or faults else None
        if len(self._known) < _MAX_REMEMBERED:
            self._known[operation, part_of] = overlay
        return overlay


class Missed(NamedTuple):
    """A fault that hit a call and left no mark on it, or not the whole of it, and why."""

    fault: str
    why: str


class Admission(NamedTuple):
    """What is laid over one call: the limit it is over, else the faults that it is hit by, `delay` being of them all.

    `readings` are those of all its limits; `missed` tells what could not be done to it.
    """

    over: Reading | None = None
    readings: tuple[Reading, ...] = ()
    faults: tuple[Fault, ...] = ()
    delay: int = 0
    missed: tuple[Missed, ...] = ()

    @property
    def hit(self) -> tuple[str, ...]:
        """The names of the faults."""
        return tuple(each.name for each in self.faults)

    @property
    def failure(self) -> Failure | None:
        """What the call gets instead of an answer."""
        return next((each.failure for each in self.faults if each.failure is not None), None)

    @property
    def bandwidth(self) -> int | None:
        """How many bytes of the answer come in a second: the least that any of the faults lets through."""
        return min((each.bandwidth for each in self.faults if each.bandwidth is not None), default=None)


FREE = Admission()


def faults_on(overlay: Overlay, call: Call, view: View) -> Sequence[Fault]:
    """Return the faults that a call may meet: those that are switched on, of those that it is open to."""
    if FAULTS not in view.store.collections:
        on: Sequence[Fault] = overlay.enabled
    else:
        on = [each for each in overlay.faults if is_switched_on(each, view)]
    return on if call.faults is None else [each for each in on if each.name in call.faults]


def hit(faults: Sequence[Fault], admission: Admission, transaction: Transaction) -> Admission:
    """Count a call that these faults concern, and see which of them hit it."""
    due = tuple([each for each in faults if is_due(each, transaction)])
    return admission._replace(faults=due, delay=sum([_delay(each, transaction) for each in due]))


def take(overlay: Overlay, call: Call, now: int, meters: Meters) -> bool:
    """Count a call of which nobody wants to know how its limits stand; say whether that was all there is to do.

    Where it was not, because the call is over or because it has several limits, nothing is counted yet.
    """
    limits = overlay.limits
    return not limits or (len(limits) == 1 and meters.take(limits[0], caller_of(limits[0].by, call), now))


def count(limits: Sequence[Limit], call: Call, now: int, meters: Meters) -> Admission:
    """Count a call against all of these limits, or against none where it is over one."""
    if not limits:
        return FREE
    callers, readings, over = [], [], None
    for limit in limits:
        caller = caller_of(limit.by, call)
        reading = meters.read(limit, caller, now)
        callers.append(caller)
        readings.append(reading)
        if reading.is_over and (over is None or reading.retry_after > over.retry_after):
            over = reading
    for place, reading in enumerate(readings if over is None else ()):
        meters.count(reading, callers[place])
    return Admission(over, tuple(readings))


def count_key(name: str) -> str:
    """Return the key under which calls are counted for a fault: `#seen`, `#hit` and `#missed` stand behind it."""
    return f"fault {name}"


def is_switched_on(fault: Fault, view: View) -> bool:
    """Whether a fault is switched on, by the scenario or since."""
    document = view.read(FAULTS, fault.name)
    return fault.enabled if document is None else document["enabled"] is True


def switch(transaction: Transaction, name: str, *, on: bool) -> None:
    """Switch a fault on or off."""
    transaction.write(FAULTS, name, {"_id": name, "enabled": on})


def caller_of(by: By, call: Call) -> str:
    """Return whose call it is, as a limit counts them; who cannot be told apart so is told by its address."""
    match by:
        case By.EVERYONE:
            return ""
        case By.IDENTITY:
            user = acting_user(call.caller)
            if user is not None:
                return f"user {spell(user.attributes.get('tokenIdentifier', user.name))}"
            if isinstance(call.caller, Admin):
                return "admin"
            return f"credential {call.credential}" if call.credential else f"address {call.address}"
        case By.SESSION:
            return f"session {call.session}" if call.session else f"address {call.address}"
        case By.ADDRESS:
            return f"address {call.address}"
        case _:
            assert_never(by)


def is_due(fault: Fault, transaction: Transaction) -> bool:
    """Count a call that a fault concerns, and say whether it is hit."""
    seen, hits = f"{count_key(fault.name)}#seen", f"{count_key(fault.name)}#hit"
    transaction.count_call(seen)
    number = transaction.count(seen) - fault.after
    if number <= 0 or number % fault.every or (fault.times is not None and transaction.count(hits) >= fault.times):
        return False
    if fault.chance is not None and fraction(transaction.seed, f"fault {fault.name}", number) >= fault.chance:
        return False
    transaction.count_call(hits)
    return True


def _concerns(patterns: tuple[str, ...], operation: str, part_of: str | None) -> bool:
    return is_on(patterns, operation) and not (part_of is not None and is_on(patterns, part_of))


def _delay(fault: Fault, transaction: Transaction) -> int:
    if fault.delay is None:
        return 0
    number = transaction.count(f"{count_key(fault.name)}#hit")
    return draw_delay(fault.delay, fraction(transaction.seed, f"fault {fault.name} delay", number))


def lay_over(plan: Plan, admission: Admission, call: Call, transaction: Transaction) -> tuple[Plan, Admission]:
    """Return a plan with the delays before it and the end that faults want; what cannot be done to it is counted."""
    if not admission.faults:
        return plan, admission
    steps = list(plan)
    last = steps.pop()
    assert isinstance(last, Finish)
    pieces = [step.piece for step in steps if isinstance(step, Emit)]
    missed = [*_answered_before(admission)]
    death = last.death
    for fault in admission.faults:
        why = None if fault.death is None else _spared(fault.death, death, call, is_in_pieces=bool(pieces))
        if why is not None:
            missed.append(Missed(fault.name, why))
        elif fault.death is not None:
            death = fault.death
            if _is_whole(call) and death.after_bytes is not None:
                missed.append(Missed(fault.name, _WHOLE))
            _cut(steps, pieces_before(death, tuple(pieces)))
    bandwidth = admission.bandwidth
    why = None if bandwidth is None else _unslowed(death, call, is_in_pieces=bool(pieces))
    if why is not None:
        missed += [Missed(each.name, why) for each in admission.faults if each.bandwidth is not None]
        bandwidth = None
    elif bandwidth is not None and pieces:
        steps, bandwidth = _slowed(steps, bandwidth), None
    for name in dict.fromkeys(each.fault for each in missed):
        transaction.count_call(f"{count_key(name)}#missed")
    head: Plan = (Wait(admission.delay),) if admission.delay else ()
    laid = (*head, *steps, last._replace(death=death, bandwidth=bandwidth))
    return laid, admission._replace(missed=tuple(missed))


def _answered_before(admission: Admission) -> Iterator[Missed]:
    failing = [each.name for each in admission.faults if each.failure is not None]
    yield from (Missed(each, f"{failing[0]} has answered") for each in failing[1:])


def _spared(death: Death, other: Death | None, call: Call, *, is_in_pieces: bool) -> str | None:
    """Say why a call is spared a death."""
    if other is not None:
        return "the connection dies already"
    if call.is_streamed and not is_in_pieces and (death.after_bytes is not None or death.after_chunks is not None):
        return f"it is over when {call.operation} is answered; what comes then is of POST /api/chat"
    if death.after_chunks is not None and not is_in_pieces:
        return "the answer does not come in pieces"
    return None


def _unslowed(death: Death | None, call: Call, *, is_in_pieces: bool) -> str | None:
    """Say why an answer is not slowed down."""
    if is_in_pieces:
        return None
    if death is not None:
        return "the connection dies"
    if call.is_streamed:
        return f"it is over when {call.operation} is answered; what comes then is of POST /api/chat"
    return _WHOLE if call.is_framed else None


def _is_whole(call: Call) -> bool:
    """Whether nothing of an answer can come before its connection dies."""
    return call.is_framed or call.operation in (HANDSHAKE, SOCKET)


def _cut(steps: list[Wait | Emit | Finish], kept: int) -> None:
    """Leave out all pieces behind those that are kept."""
    places = [place for place, step in enumerate(steps) if isinstance(step, Emit)]
    if len(places) > kept:
        del steps[places[kept] :]


def _slowed(steps: list[Wait | Emit | Finish], bandwidth: int) -> list[Wait | Emit | Finish]:
    """Let each piece come when it is due and there was time for its bytes."""
    slowed: list[Wait | Emit | Finish] = []
    due = free = passed = 0
    for step in steps:
        if isinstance(step, Wait):
            due += step.duration
            continue
        assert isinstance(step, Emit)
        free = max(free, due) + len(step.piece.encode("utf-8", "replace")) * SECOND // bandwidth
        slowed += [Wait(free - passed), step]
        passed = free
    return [*slowed, Wait(due - passed)] if due > passed else slowed

"""Faults and limits laid over operations, in one place for every surface: before a rule is asked, and over answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, assert_never

from emulator.engine.call import Admin, Call, acting_user
from emulator.engine.draw import draw_delay, fraction
from emulator.engine.meters import Meters, Reading
from emulator.engine.plan import Emit, Ending, Finish, Limited, Plan, Wait
from emulator.engine.transaction import Transaction
from emulator.model.overlay import By, Fault, Limit, is_on
from emulator.model.rule import Death, Failure
from emulator.values.display import spell

FAULTS = "$faults"
_MAX_REMEMBERED = 1_000


class Overlay(NamedTuple):
    """The limits and faults of one operation."""

    limits: tuple[Limit, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Overlays:
    """All limits and faults of a scenario; which concern an operation is found once."""

    limits: tuple[Limit, ...] = ()
    faults: tuple[Fault, ...] = ()
    _known: dict[str, Overlay | None] = field(default_factory=dict, compare=False)

    def of(self, operation: str) -> Overlay | None:
        """Return what is laid over an operation, None when nothing is."""
        if not self.limits and not self.faults:
            return None
        try:
            return self._known[operation]
        except KeyError:
            pass
        limits = tuple(each for each in self.limits if is_on(each.on, operation))
        faults = tuple(each for each in self.faults if is_on(each.on, operation))
        overlay = Overlay(limits, faults) if limits or faults else None
        if len(self._known) < _MAX_REMEMBERED:
            self._known[operation] = overlay
        return overlay


class Admission(NamedTuple):
    """What is laid over one call.

    `over` is the limit it is over, `failure` what it gets instead of an answer; `readings` are those of all its limits,
    `hit` names the faults that it was hit by.
    """

    delay: int = 0
    over: Reading | None = None
    failure: Failure | None = None
    death: Death | None = None
    bandwidth: int | None = None
    readings: tuple[Reading, ...] = ()
    hit: tuple[str, ...] = ()


FREE = Admission()


def admit(overlay: Overlay | None, call: Call, transaction: Transaction, meters: Meters) -> Admission:
    """Count a call against its limits, and see which faults hit it."""
    if overlay is None:
        return FREE
    now = transaction.now
    readings = [meters.read(limit, caller_of(limit.by, call), now) for limit in overlay.limits]
    over = max((each for each in readings if each.is_over), key=lambda each: each.retry_after, default=None)
    if over is not None:
        return Admission(over=over, readings=tuple(readings))
    for limit in overlay.limits:
        meters.count(limit, caller_of(limit.by, call), now)
    admission = Admission(readings=tuple(readings))
    for fault in overlay.faults:
        if is_due(fault, transaction):
            admission = _hit(admission, fault, transaction)
    return admission


def is_switched_on(fault: Fault, transaction: Transaction) -> bool:
    """Whether a fault is switched on, by the scenario or since."""
    document = transaction.state.view.read(FAULTS, fault.name)
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
    if not is_switched_on(fault, transaction):
        return False
    seen, hits = f"fault {fault.name}#seen", f"fault {fault.name}#hit"
    transaction.count_call(seen)
    number = transaction.count(seen) - fault.after
    if number <= 0 or number % fault.every or (fault.times is not None and transaction.count(hits) >= fault.times):
        return False
    if fault.chance is not None and fraction(transaction.seed, f"fault {fault.name}", number) >= fault.chance:
        return False
    transaction.count_call(hits)
    return True


def _hit(admission: Admission, fault: Fault, transaction: Transaction) -> Admission:
    delay = admission.delay
    if fault.delay is not None:
        number = transaction.count(f"fault {fault.name}#hit")
        delay += draw_delay(fault.delay, fraction(transaction.seed, f"fault {fault.name} delay", number))
    slower = [each for each in (admission.bandwidth, fault.bandwidth) if each is not None]
    return admission._replace(
        delay=delay,
        failure=admission.failure or fault.failure,
        death=admission.death or fault.death,
        bandwidth=min(slower) if slower else None,
        hit=(*admission.hit, fault.name),
    )


def refusal_of(admission: Admission) -> Ending | None:
    """Return what a call gets instead of an answer, None where it gets that."""
    return Limited(admission.over) if admission.over is not None else admission.failure


def laid_over(plan: Plan, admission: Admission) -> Plan:
    """Return a plan with delays before it, and the end that faults want.

    A death after so many pieces comes only to what comes in pieces: for that the rest of them is left out.
    """
    head: Plan = (Wait(admission.delay),) if admission.delay else ()
    death = admission.death
    if death is None and admission.bandwidth is None:
        return (*head, *plan)
    steps = list(plan)
    last = steps.pop()
    assert isinstance(last, Finish)
    kept = None if death is None else death.after_chunks
    if kept is not None:
        pieces = [place for place, step in enumerate(steps) if isinstance(step, Emit)]
        if not pieces:
            death = None
        elif len(pieces) > kept:
            del steps[pieces[kept] :]
    return (*head, *steps, last._replace(death=death or last.death, bandwidth=admission.bandwidth))

"""Who asks on a socket, and how what he asks for ends."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.engine.call import ANONYMOUS, Admin, Call, Caller
from emulator.engine.index import Decision
from emulator.engine.plan import Finish, Limited, Wait
from emulator.model.function import FunctionType
from emulator.model.rule import Failure
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.surfaces.close import Close
from emulator.surfaces.convex.codec import Answer, read_call
from emulator.surfaces.convex.failures import failure_error
from emulator.surfaces.convex.sync.messages import Add, Run
from emulator.values.formats import Format

OVERLOADED = 1013
INTERNAL = Close(1011, "InternalServerError")
_CALM = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class Asker:
    """Who calls functions: a caller, in a session if its client said so, from an address."""

    caller: Caller = ANONYMOUS
    session: str | None = None
    address: str | None = None

    def call(self, asked: Add | Run, kind: FunctionType) -> Call:
        """Return what is asked for as a call; raise ApiError for the path of no function."""
        call = read_call(asked.path, asked.args, kind, self.caller, asked.size, asked.component)
        return call._replace(session=self.session, address=self.address)

    def redacts(self, emulator: Emulator) -> bool:
        """Whether messages and log lines are hidden from the caller."""
        return emulator.revision.scenario.deployment.redacts and not isinstance(self.caller, Admin)

    def answer(self, emulator: Emulator, entry: Entry, decision: Decision) -> Answer:
        """Return how an answer is written for the caller."""
        rule = decision.rule
        place = rule.place if rule else None
        return Answer(Format.ENCODED, emulator.request_id(entry), self.redacts(emulator), place)


def closing_over(finish: Finish) -> Close | None:
    """Return how the socket is closed over what is no answer of a function, None for an answer (contract §7.11)."""
    ending = finish.ending
    if not isinstance(ending, Failure | Limited):
        return None
    failure = Failure(429) if isinstance(ending, Limited) else ending
    return Close(OVERLOADED, failure_error(failure).code) if failure.status in _CALM else INTERNAL


def delay_of(entry: Entry) -> int:
    """Return how long it takes until a call is answered."""
    return sum(step.duration for step in entry.decision.plan if isinstance(step, Wait))

"""Who asks on a socket, and how what he asks for ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from emulator.engine.call import ANONYMOUS, Admin, Call, Caller, Choice
from emulator.engine.index import Decision
from emulator.engine.plan import Finish, Limited, Wait
from emulator.model.function import FunctionType
from emulator.model.rule import Failure
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.surfaces.close import Close
from emulator.surfaces.convex.codec import Answer, read_call
from emulator.surfaces.convex.failures import failure_error
from emulator.surfaces.convex.sync import frames
from emulator.surfaces.convex.sync.messages import Add, Run
from emulator.values.formats import Format

OVERLOADED = 1013
INTERNAL = Close(1011, "InternalServerError")
NORMAL = 1000
_UNAUTHENTICATED = 401
_GENTLE = frozenset({403, 404})
_CALM = frozenset({408, 425, 429, 503})
_SERVER_ERRORS = 500
_REFUSALS = frozenset({Failure, Limited})


@dataclass(frozen=True, slots=True)
class Asker:
    """Who calls functions: a caller, in a session if its client said so, from an address.

    `headers` gives those of the handshake, `uses` are the variants that its client chose.
    """

    caller: Caller = ANONYMOUS
    session: str | None = None
    address: str | None = None
    headers: Callable[[], Mapping[str, str]] = dict
    uses: tuple[Choice, ...] = ()

    def call(self, emulator: Emulator, asked: Add | Run, kind: FunctionType) -> Call:
        """Return what is asked for as a call; raise ApiError for the path of no function."""
        call = read_call(asked.path, asked.args, kind, self.caller, asked.size, asked.component)
        headers = self.headers() if emulator.revision.index.asks_headers else None
        number = asked.request_id if isinstance(asked, Run) else None
        call = call._replace(session=self.session, address=self.address, request=number)
        return call._replace(headers=headers, is_framed=True, uses=self.uses)

    def redacts(self, emulator: Emulator) -> bool:
        """Whether messages and log lines are hidden from the caller."""
        return emulator.revision.scenario.deployment.redacts and not isinstance(self.caller, Admin)

    def answer(self, emulator: Emulator, entry: Entry, decision: Decision) -> Answer:
        """Return how an answer is written for the caller."""
        rule = decision.rule
        place = rule.place if rule else None
        return Answer(Format.ENCODED, emulator.request_id(entry), self.redacts(emulator), place)


NOBODY = Asker()


def is_answer(finish: Finish) -> bool:
    """Whether something ends as functions do, and not as the infrastructure does."""
    return finish.death is None and type(finish.ending) not in _REFUSALS


def last_words(finish: Finish, identity: int, *, is_update: bool = False) -> tuple[bytes | Close, ...]:
    """Return what a socket says last over what is no answer of a function, nothing for an answer (contract §7.11).

    `identity` is the version of the caller in force, `is_update` says that another one was asked for.
    """
    ending = finish.ending
    if not isinstance(ending, Failure | Limited):
        return ()
    error = failure_error(Failure(429) if isinstance(ending, Limited) else ending)
    if error.status == _UNAUTHENTICATED:
        return frames.auth_error(error.message, identity, is_update=is_update), Close(None)
    if error.status in _GENTLE:
        return (Close(NORMAL, error.code),)
    if error.status in _CALM:
        return (Close(OVERLOADED, error.code),)
    if error.status < _SERVER_ERRORS:
        return frames.fatal_error(error.message), Close(None)
    return (Close(INTERNAL.code, error.code),)


def delay_of(entry: Entry) -> int:
    """Return how long it takes until a call is answered."""
    return sum(step.duration for step in entry.decision.plan if isinstance(step, Wait))

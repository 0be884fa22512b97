"""One client's side of the sync protocol, sans-I/O: frames come in, frames and closings go out (contract convex §7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

from emulator.engine.plan import Finish, Returned
from emulator.model.logs import LogLevel, write_log_line
from emulator.model.rule import Death, End
from emulator.runtime.clock import Timer
from emulator.runtime.emulator import Emulator
from emulator.runtime.live import Live, LiveQueries
from emulator.surfaces.close import Close
from emulator.surfaces.convex.authorization import (
    Credential,
    acting_as,
    expiry_of,
    identify,
    read_authorization,
)
from emulator.surfaces.convex.failures import ApiError
from emulator.surfaces.convex.sync import frames
from emulator.surfaces.convex.sync.asker import INTERNAL, NOBODY, Asker, is_answer, last_words
from emulator.surfaces.convex.sync.messages import (
    Authenticate,
    BadMessageError,
    Connect,
    Message,
    ModifyQuerySet,
    Remove,
    Run,
    read_message,
)
from emulator.surfaces.convex.sync.outcomes import Outcomes
from emulator.surfaces.convex.sync.query_set import QuerySet
from emulator.surfaces.convex.sync.runs import Runs
from emulator.surfaces.convex.sync.troubles import Slowed, Troubles
from emulator.values.durations import MILLISECOND

_EXPIRED = "Convex token identity expired"

Said: TypeAlias = bytes | Close | Death | Slowed


@dataclass(frozen=True, slots=True)
class Common:
    """What all sockets have in common."""

    emulator: Emulator
    live: LiveQueries
    outcomes: Outcomes = field(default_factory=Outcomes)
    transitions: frames.Transitions = field(default_factory=frames.Transitions)


class Session:
    """A socket: what it watches, who it is, and where it stands in time."""

    __slots__ = (
        "_answered",
        "_common",
        "_credential",
        "_emulator",
        "_expiry",
        "_identity",
        "_is_busy",
        "_is_over",
        "_is_owing",
        "_queries",
        "_query_set",
        "_redacts",
        "_runs",
        "_skew",
        "_takes_chunks",
        "_version",
        "_warning",
        "asker",
        "say",
        "troubles",
    )

    def __init__(
        self,
        common: Common,
        say: Callable[[Said], None],
        asker: Asker = NOBODY,
        *,
        takes_chunks: bool = False,
    ) -> None:
        """Say things with `say`, long Transitions in chunks if the client `takes_chunks`.

        Nothing is said before the client speaks, who is `asker` at first.
        """
        emulator = common.emulator
        self._common = common
        self._emulator = emulator
        self.say = say
        self._runs = Runs(emulator, common.outcomes, self)
        self.asker = asker
        self._takes_chunks = takes_chunks
        self.troubles = Troubles(emulator, self)
        self._credential: Credential = None
        self._expiry: Timer | None = None
        self._version = frames.Version()
        self._query_set = 0
        self._identity = 0
        self._answered = 0
        self._skew = b""
        self._queries = QuerySet(emulator, common.live, self.push, self.tell_owed)
        self._is_owing = False
        self._is_busy = False
        self._is_over = False
        self._redacts = self.asker.redacts(emulator)
        self._warning: str | None = None

    def receive(self, text: str) -> None:
        """Take a frame in."""
        if self._is_over:
            return
        self._is_busy = True
        try:
            self._take(read_message(text))
        except BadMessageError as error:
            self._end_with(frames.fatal_error(str(error)))
        except ApiError as error:
            self._end_with(frames.fatal_error(error.message))
        finally:
            self._is_busy = False
        if not self._runs.is_mutating:
            self.push()

    def leave(self) -> None:
        """Watch nothing any more; what runs is done already, only its answer is lost."""
        self._is_over = True
        self._runs.stop()
        self._queries.leave()
        self.troubles.stop()
        if self._expiry is not None:
            self._expiry.cancel()

    def push(self) -> None:
        """Send what changed, unless something is under way that will."""
        if self._queries.has_news and not self._is_busy:
            self._tell()

    def revise(self) -> None:
        """Take note of another scenario: the same credential may stand for somebody else, and hide other things."""
        if self._is_over:
            return
        was_busy, self._is_busy = self._is_busy, True
        try:
            self._become(replace(self.asker, caller=identify(self._credential, self._emulator.revision.scenario)))
        except ApiError:
            self._become(self.asker)  # who is known no more goes on as who he was
        finally:
            self._is_busy = was_busy
        self.push()

    def warn(self, text: str) -> None:
        """Have a developer read something in the client's console: a query is sent again with one more log line."""
        if not self._redacts and self._queries.touch_first():
            self._warning = write_log_line(LogLevel.WARN, [text])
            self.push()

    def catch_up(self) -> None:
        """Have what was committed told to everybody else; what changed here waits to be sent."""
        was_busy, self._is_busy = self._is_busy, True
        self._common.live.flush()
        self._is_busy = was_busy

    def answer(self, written: bytes) -> None:
        """Send an answer, and what changed, at a timestamp that is later than any before."""
        self.say(written)
        self._answered = self._emulator.newest_ts
        self._tell()

    def end(self, last: Close | Death) -> None:
        """Say the last thing."""
        self.say(last)
        self.leave()

    def fail(self, finish: Finish, *, is_update: bool = False) -> bool:
        """End over what is no answer; when only that never comes, everything else goes on. Say whether it is none."""
        if finish.death is not None:
            self._suffer(finish.death)
            return True
        words = last_words(finish, self._identity, is_update=is_update)
        for each in words:
            self.say(each)
        if words:
            self.leave()
        return bool(words)

    def tell_owed(self) -> None:
        """Send the Transition that was held back, if there is one."""
        if self._is_owing:
            self._tell()

    def _suffer(self, death: Death) -> None:
        if death.end is End.TIMEOUT:
            self._tell()
        elif death.end is End.MALFORMED:
            self.say(death)
            self.end(Close(None))
        else:
            self.end(death)

    def _end_with(self, last: bytes) -> None:
        self.say(last)
        self.end(Close(None))

    def _take(self, message: Message) -> None:
        match message:
            case Connect():
                self._connect(message)
            case ModifyQuerySet():
                self._modify(message)
            case Authenticate():
                self._authenticate(message)
            case Run(kind="Mutation"):
                self._runs.mutate(self.asker, message)
            case Run():
                self._runs.act(self.asker, message)

    def _connect(self, message: Connect) -> None:
        self.asker = replace(self.asker, session=message.session_id)
        self._runs.session = message.session_id
        if message.max_observed is not None:
            self._emulator.observe(message.max_observed)
        if message.client_ts:
            self._skew = frames.measured(message.client_ts - self._emulator.clock.now() / MILLISECOND)

    def _modify(self, message: ModifyQuerySet) -> None:
        base = message.base_version
        if base != self._query_set:
            raise BadMessageError(f"Base version {base} passed up doesn't match the current version {self._query_set}")
        for each in message.modifications:
            is_done = (
                self._queries.remove(each.query_id) if isinstance(each, Remove) else self._queries.add(each, self.asker)
            )
            if not is_done:
                self.end(INTERNAL)
                return
        self._query_set = message.new_version
        self._tell()

    def _authenticate(self, message: Authenticate) -> None:
        if message.base_version != self._identity:
            self.end(INTERNAL)
        else:
            self.troubles.admit(partial(self._identify, message))

    def _identify(self, message: Authenticate) -> None:
        try:
            credential = _credential_of(message)
            caller = identify(credential, self._emulator.revision.scenario)
        except ApiError as error:
            self._end_with(frames.auth_error(error.message, self._identity, is_update=True))
            return
        self._credential = credential
        self._expect_expiry()
        self._identity += 1
        self._become(replace(self.asker, caller=caller))
        self._tell()

    def _expect_expiry(self) -> None:
        """End when the token does; one that is past its time when it comes is taken as it is, as over HTTP."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        expiry = expiry_of(self._credential)
        if expiry is not None and expiry > self._emulator.clock.now():
            self._expiry = self._emulator.clock.call_at(expiry, self._expire)

    def _expire(self) -> None:
        self._end_with(frames.auth_error(_EXPIRED, self._identity, is_update=False))

    def _become(self, asker: Asker) -> None:
        """Be somebody else: every query is run again, and those are sent whose answer is another one."""
        before, self.asker = self.asker, asker
        self._queries.ask_anew(asker, is_other=asker.caller != before.caller)
        redacts = asker.redacts(self._emulator)
        if redacts != self._redacts:
            self._redacts = redacts
            self._queries.touch_redacted()

    def _tell(self) -> None:
        """Send a Transition, once all first results are there: it is about all queries of its version."""
        if self._is_over:
            return
        self._is_owing = True
        has_faults = bool(self._emulator.revision.index.overlays)
        if not self._queries.is_waiting and (not has_faults or self.troubles.passes()):
            self._transition()

    def _transition(self) -> None:
        """Send everything that changed, at a timestamp that is later than any that the client knows."""
        if not self._common.live.is_calm:
            self.catch_up()
        self._is_owing = False
        parts = self._parts()
        if parts is None:
            return
        start, emulator = self._version, self._emulator
        transitions, ts = self._common.transitions, emulator.moment(max(start.ts, self._answered))
        self._version = end = transitions.version(self._query_set, self._identity, ts)
        written = transitions.write(start, end, parts, self._skew, emulator.clock)
        if self._takes_chunks and len(written) > frames.MAX_CHUNK:
            for each in frames.chunks(written, end.ts):
                self.say(each)
        else:
            self.say(written)

    def _parts(self) -> tuple[frames.Part, ...] | None:
        """Return what is to be told of each query; None when the socket ends over one."""
        removed, news = self._queries.take()
        parts = list(map(frames.Part, removed))
        for query in news:
            finish = query.live.finish if query.first is None else query.take()
            if not is_answer(finish):
                if finish.death is not None and finish.death.end is End.TIMEOUT:
                    continue
                self.fail(finish)
                return None
            parts.append(frames.Part(query.add.query_id, self._body(query.live), isinstance(finish.ending, Returned)))
        return tuple(parts)

    def _body(self, live: Live) -> bytes:
        written = live.encoded.get(self._redacts)
        if written is not None and self._warning is None:
            return written
        finish = live.finish
        answer = self.asker.answer(self._emulator, live.entry, live.decision)
        if self._warning is not None:
            logs, self._warning = (*finish.logs, self._warning), None
            return frames.query_body(finish.ending, logs, answer, live.journal)
        live.encoded[self._redacts] = written = frames.query_body(finish.ending, finish.logs, answer, live.journal)
        return written


def _credential_of(message: Authenticate) -> Credential:
    """Return what a client says who it is by; raise ApiError when it says nothing sound."""
    if message.kind == "None":
        return None
    credential = read_authorization(f"{'Bearer' if message.kind == 'User' else 'Convex'} {message.value}")
    return credential if message.acting_as is None else acting_as(credential, message.acting_as)

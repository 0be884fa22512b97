"""One client's side of the sync protocol, sans-I/O: frames come in, frames and closings go out (contract convex §7)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from emulator.engine.call import ANONYMOUS, Admin, Caller
from emulator.engine.plan import Finish, Limited, Returned, Wait
from emulator.model.function import FunctionType
from emulator.model.rule import Death, Failure
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.runtime.live import Live, LiveQueries
from emulator.runtime.perform import Performance
from emulator.surfaces.close import Close
from emulator.surfaces.convex.authorization import identify, read_authorization
from emulator.surfaces.convex.codec import Answer, read_call
from emulator.surfaces.convex.failures import ApiError, failure_error
from emulator.surfaces.convex.sync import frames
from emulator.surfaces.convex.sync.messages import (
    Add,
    Authenticate,
    BadMessageError,
    Connect,
    Message,
    ModifyQuerySet,
    Remove,
    Run,
    read_message,
)
from emulator.values.durations import MILLISECOND
from emulator.values.formats import Format

MAX_QUERIES = 4_096
MAX_MUTATIONS = 1_000
MAX_ACTIONS = 1_000
_OVERLOADED = 1013
_INTERNAL = 1011
_CALM = frozenset({429, 503})

Said: TypeAlias = bytes | Close | Death


@dataclass(slots=True)
class _Query:
    """A query that the client watches; `add` is how it asked for it."""

    add: Add
    live: Live


class Outcomes:
    """What became of mutations, so that one that is sent again is not run again; the oldest are forgotten."""

    def __init__(self, most: int = 10_000) -> None:
        """Remember `most` of them."""
        self._most = most
        self._known: dict[tuple[str, int], bytes | None] = {}

    def begin(self, session: str, request_id: int) -> None:
        """Take note that a mutation is under way."""
        self._known[session, request_id] = None
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]

    def end(self, session: str, request_id: int, answer: bytes) -> None:
        """Take note of what it came to."""
        if (session, request_id) in self._known:
            self._known[session, request_id] = answer

    def find(self, session: str, request_id: int) -> bytes | None:
        """Return what a mutation came to, None for one that is under way or was never run."""
        return self._known.get((session, request_id))


class Session:
    """A socket: what it watches, who it is, and where it stands in time."""

    def __init__(self, emulator: Emulator, live: LiveQueries, outcomes: Outcomes, say: Callable[[Said], None]) -> None:
        """Say things with `say`; nothing is said before the client speaks."""
        self._emulator = emulator
        self._live = live
        self._outcomes = outcomes
        self._say = say
        self._version = frames.Version()
        self._query_set = 0
        self._caller: Caller = ANONYMOUS
        self._session: str | None = None
        self._skew: float | None = None
        self._queries: dict[int, _Query] = {}
        self._ids: dict[Live, dict[int, None]] = {}
        self._dirty: dict[int, None] = {}
        self._mutations: deque[Run] = deque()
        self._is_mutating = False
        self._actions = 0
        self._holds = 0
        self._performances: dict[Performance, None] = {}
        self._is_over = False

    def receive(self, text: str) -> None:
        """Take a frame in."""
        if self._is_over:
            return
        try:
            self._take(read_message(text))
        except BadMessageError as error:
            self._end(frames.fatal_error(str(error)))
        except ApiError as error:
            self._end(frames.fatal_error(error.message))

    def leave(self) -> None:
        """Watch nothing any more; mutations under way are committed already, their answers are lost."""
        self._is_over = True
        for query in self._queries.values():
            self._live.leave(query.live, self)
        self._queries.clear()
        for performance in tuple(self._performances):
            performance.stop()

    def touch(self, live: Live) -> None:
        """Take note that a query has another answer."""
        self._dirty.update(self._ids.get(live, {}))

    def push(self) -> None:
        """Send what changed, unless something is under way that will."""
        if self._dirty and not self._holds and not self._is_over:
            self._transition([])

    def _take(self, message: Message) -> None:
        match message:
            case Connect(session_id, observed, client_ts):
                self._session = session_id
                if observed is not None:
                    self._emulator.observe(observed)
                if client_ts:
                    self._skew = client_ts - self._emulator.clock.now() / MILLISECOND
            case ModifyQuerySet():
                self._modify(message)
            case Authenticate():
                self._authenticate(message)
            case Run(kind="Mutation"):
                self._mutate(message)
            case Run():
                self._act(message)

    def _modify(self, message: ModifyQuerySet) -> None:
        if message.base_version != self._query_set:
            raise BadMessageError(
                f"Base version {message.base_version} passed up doesn't match the current version {self._query_set}"
            )
        removed: list[bytes] = []
        added: list[_Query] = []
        for each in message.modifications:
            if isinstance(each, Remove):
                if not self._remove(each.query_id):
                    self._end(Close(_INTERNAL, "InternalServerError"))
                    return
                removed.append(frames.query_removed(each.query_id))
            elif each.query_id in self._queries or len(self._queries) >= MAX_QUERIES:
                self._end(Close(_INTERNAL, "InternalServerError"))
                return
            else:
                added.append(self._add(each))
        self._query_set = message.new_version
        slowest = max((_delay_of(query.live.entry) for query in added), default=0)
        self._later(slowest, partial(self._transition, removed, query_set=message.new_version))

    def _add(self, add: Add) -> _Query:
        call = read_call(add.path, add.args, FunctionType.QUERY, self._caller, 0, add.component)
        live = self._live.watch(call._replace(session=self._session), add.journal, self)
        query = self._queries[add.query_id] = _Query(add, live)
        self._ids.setdefault(live, {})[add.query_id] = None
        self._dirty[add.query_id] = None
        return query

    def _remove(self, query_id: int) -> bool:
        query = self._queries.pop(query_id, None)
        if query is None:
            return False
        self._dirty.pop(query_id, None)
        ids = self._ids[query.live]
        del ids[query_id]
        if not ids:
            del self._ids[query.live]
            self._live.leave(query.live, self)
        return True

    def _authenticate(self, message: Authenticate) -> None:
        identity = self._version.identity
        if message.base_version != identity:
            self._end(Close(_INTERNAL, "InternalServerError"))
            return
        try:
            self._caller = self._caller_of(message)
        except ApiError as error:
            self._end(frames.auth_error(error.message, identity, is_update=True))
            return
        for query_id, query in tuple(self._queries.items()):
            before = query.live
            self._remove(query_id)
            self._add(query.add)
            if self._queries[query_id].live is before:
                self._dirty.pop(query_id, None)
        self._transition([], identity=identity + 1)

    def _caller_of(self, message: Authenticate) -> Caller:
        if message.kind == "None":
            return ANONYMOUS
        scheme = "Bearer" if message.kind == "User" else "Convex"
        return identify(read_authorization(f"{scheme} {message.value}"), self._emulator.revision.scenario)

    def _mutate(self, run: Run) -> None:
        known = self._outcomes.find(self._session, run.request_id) if self._session is not None else None
        if known is not None:
            self._answer(known)
        elif len(self._mutations) >= MAX_MUTATIONS:
            self._end(Close(_OVERLOADED, "TooManyConcurrentMutations"))
        else:
            self._mutations.append(run)
            self._mutate_next()

    def _mutate_next(self) -> None:
        if self._is_mutating or not self._mutations or self._is_over:
            return
        self._is_mutating = True
        run = self._mutations.popleft()
        if self._session is not None:
            self._outcomes.begin(self._session, run.request_id)
        self._run(run, FunctionType.MUTATION, self._mutated)

    def _mutated(self) -> None:
        self._is_mutating = False
        self._mutate_next()

    def _act(self, run: Run) -> None:
        if self._actions >= MAX_ACTIONS:
            self._end(Close(_OVERLOADED, "TooManyConcurrentActions"))
            return
        self._actions += 1
        self._run(run, FunctionType.ACTION, self._acted)

    def _acted(self) -> None:
        self._actions -= 1

    def _run(self, run: Run, kind: FunctionType, done: Callable[[], None]) -> None:
        """Run a function; its commit is told to others at once, and to this client along with the answer."""
        call = read_call(run.path, run.args, kind, self._caller, run.size, run.component)
        self._holds += 1
        entry = self._emulator.handle(call._replace(session=self._session))
        ts = self._emulator.timestamp()
        self._live.flush()
        self._holds -= 1
        self._perform(entry, partial(self._finished, run, entry, ts, done))

    def _finished(self, run: Run, entry: Entry, ts: int, done: Callable[[], None], finish: Finish) -> None:
        if finish.death is not None:
            self._end(finish.death)
            return
        if self._closes_over(finish):
            return
        written = frames.response(
            run.kind, run.request_id, finish.ending, finish.logs, self._answer_for(entry, entry), ts
        )
        if self._session is not None and run.kind == "Mutation":
            self._outcomes.end(self._session, run.request_id, written)
        self._answer(written)
        done()

    def _answer(self, written: bytes) -> None:
        self._say(written)
        self._transition([])

    def _transition(
        self, modifications: list[bytes], *, query_set: int | None = None, identity: int | None = None
    ) -> None:
        """Send everything that changed, at a timestamp that is later than any before."""
        dirty, self._dirty = self._dirty, {}
        results = list(modifications)
        for query_id in dirty:
            query = self._queries[query_id]
            if query.live.finish.death is not None:
                self._end(query.live.finish.death)
                return
            if self._closes_over(query.live.finish):
                return
            is_value = isinstance(query.live.finish.ending, Returned)
            results.append(frames.query_result(query_id, self._body(query.live), is_value=is_value))
        end = frames.Version(
            self._version.query_set if query_set is None else query_set,
            self._version.identity if identity is None else identity,
            self._emulator.timestamp(),
        )
        self._say(frames.transition(self._version, end, results, self._skew, self._emulator.clock.now()))
        self._version = end

    def _body(self, live: Live) -> bytes:
        answer = self._answer_for(live.entry, live)
        written = live.encoded.get(answer.redacts)
        if written is None:
            finish = live.finish
            written = frames.query_body(finish.ending, finish.logs, answer, live.journal)
            live.encoded[answer.redacts] = written
        return written

    def _answer_for(self, entry: Entry, source: Entry | Live) -> Answer:
        redacts = self._emulator.revision.scenario.deployment.redacts and not isinstance(self._caller, Admin)
        rule = source.decision.rule
        place = rule.place if rule else None
        return Answer(Format.ENCODED, self._emulator.request_id(entry), redacts, place)

    def _closes_over(self, finish: Finish) -> bool:
        """Close the socket over what is no answer of a function (contract convex §7.11); say whether it is one."""
        ending = finish.ending
        if not isinstance(ending, Failure | Limited):
            return False
        failure = Failure(429) if isinstance(ending, Limited) else ending
        code = _OVERLOADED if failure.status in _CALM else _INTERNAL
        reason = failure_error(failure).code if code == _OVERLOADED else "InternalServerError"
        self._end(Close(code, reason))
        return True

    def _perform(self, entry: Entry, finished: Callable[[Finish], None]) -> None:
        finish = entry.decision.plan[0]
        if isinstance(finish, Finish):
            finished(finish)
            return
        holder: list[Performance] = []

        def end(last: Finish) -> None:
            if holder:
                self._performances.pop(holder[0], None)
            if not self._is_over:
                finished(last)

        performance = Performance(entry.decision.plan, self._emulator.clock, entry.at, lambda _piece: None, end)
        holder.append(performance)
        self._performances[performance] = None

    def _later(self, delay: int, then: Callable[[], None]) -> None:
        """Do something after a delay, during which nothing else is pushed."""
        if not delay:
            then()
            return
        self._holds += 1

        def wake() -> None:
            self._holds -= 1
            if not self._is_over:
                then()

        self._emulator.clock.call_at(self._emulator.clock.now() + delay, wake)

    def _end(self, last: Said) -> None:
        """Say the last thing; what is no close is followed by one without a code."""
        self._say(last)
        if isinstance(last, bytes):
            self._say(Close(None))
        self.leave()


def _delay_of(entry: Entry) -> int:
    return sum(step.duration for step in entry.decision.plan if isinstance(step, Wait))

"""The emulator: a revision in force, a state, a journal; it handles calls, swaps revisions, and keeps their time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from functools import partial
from typing import TypeAlias, TypeVar

from emulator.engine.added import recount
from emulator.engine.call import Call
from emulator.engine.decide import decide, decide_counted, decide_delayed, decide_known, decide_passing
from emulator.engine.draw import hex_digits
from emulator.engine.image import Image, Restored, replacing, restore
from emulator.engine.index import Decision, Index, build_index, operations_of
from emulator.engine.meters import Meters
from emulator.engine.overlay import FREE, Admission, count_key
from emulator.engine.plan import Finish, Passed, Returned
from emulator.engine.seed import seed
from emulator.engine.state import Change, Counted, Origins, State, at, commit, forget, undo_of
from emulator.engine.store import Write
from emulator.engine.transaction import MAX_WRITES, Delayed, Transaction
from emulator.model.overlay import Fault, Limit
from emulator.model.rule import Death, End
from emulator.model.scenario import ClockSettings, Scenario
from emulator.runtime.clock import Clock, Timer
from emulator.runtime.complaints import Complaints, tell_of_step
from emulator.runtime.connections import Connections
from emulator.runtime.files import FileStore
from emulator.runtime.journal import Entry, Journal
from emulator.runtime.revision import Revision

_MAX_DELAYED = 10_000
_REQUEST_ID_DIGITS = 16
_TIMELINE = Call("timeline", None, {})

Result = TypeVar("Result")
Overlaid = TypeVar("Overlaid", Fault, Limit)
Listener: TypeAlias = Callable[[tuple[Write, ...]], None]

logger = logging.getLogger(__name__)


class Level(Enum):
    """What can begin anew by itself."""

    STATE = "state"
    COUNTS = "counts"
    JOURNAL = "journal"
    LIMITS = "limits"
    CLOCK = "clock"
    RULES = "rules"


SCENARIO = frozenset({Level.STATE, Level.COUNTS, Level.LIMITS, Level.RULES})
"""The levels of which a scenario says how they begin, its time apart."""


class Emulator:
    """Everything that changes while running, and nothing that knows a socket."""

    def __init__(self, scenario: Scenario, clock: Clock, index: Index | None = None) -> None:
        """Put `scenario` in force as revision 1; raise UncomputableError when its tables cannot begin.

        Emulators of the same scenario may share its `index`; one is built if it is left out.
        """
        self.clock = clock
        self.journal = Journal()
        self.connections = Connections()
        self.files = FileStore()
        self.revision = Revision(1, index or build_index(scenario))
        self.state = State()
        self._calls = 0
        self._newest_ts = 0
        self._complaints = Complaints()
        self._timeline: list[Timer] = []
        self._delayed: dict[int, Timer] = {}
        self._numbers = 0
        self._listeners: dict[Listener, None] = {}
        self._swapped: dict[Callable[[], None], None] = {}
        self._resetting: list[Callable[[Collection[Level]], None]] = []
        self._recounted: list[Callable[[], None]] = []
        self._paused: list[Callable[[], None]] = []
        self._warned: list[Callable[[str], None]] = []
        start = scenario.clock.start if scenario.clock else None
        remembered = self.revision.index.remembered
        self._begin(seed(scenario, self.state, clock.now() if start is None else start, remembered=remembered))

    def handle(self, call: Call, ts: int | None = None) -> Entry:
        """Decide a call on the revision in force, commit its changes and write it down, all in this tick.

        With `ts` documents are read as they were then, and none is written, though the call counts as any other; raises
        PastError for what is forgotten.
        """
        now = self.clock.now()
        decision = decide(self.revision.index, self.state if ts is None else at(self.state, ts), call, now)
        if ts is not None:
            counted = tuple(each for each in decision.changes if isinstance(each, Counted))
            decision = decision._replace(changes=counted, delayed=())
        return self._note(call, decision, now)

    def admit(self, call: Call) -> Entry:
        """Hold an operation that has no rules against limits and faults, and write it down."""
        now = self.clock.now()
        return self._note(call, decide_passing(self.revision.index, self.state, call, now), now)

    def meet(self, call: Call) -> Entry | None:
        """Hold what nobody calls against limits and faults; only what they do something to is written down."""
        if self.revision.index.overlays.of(call.operation, call.part_of) is None:
            return None
        now = self.clock.now()
        decision = decide_passing(self.revision.index, self.state, call, now)
        if decision.admission.faults or decision.admission.over is not None:
            return self._note(call, decision, now)
        self._carry_out(decision)
        return None

    def give_up(self, call: Call, why: str) -> None:
        """Write down why a connection was cut, of which `call` says what it was."""
        logger.warning("%s", why)
        self._calls += 1
        decision = Decision((Finish(Passed(), death=Death(End.RESET)),))
        self.journal.add(Entry(self._calls, self.clock.now(), self.revision, call, decision, why))

    def count(self, call: Call) -> Admission:
        """Hold a call against its limits only, ahead of it; one that is over them is written down."""
        now = self.clock.now()
        decision = decide_counted(self.revision.index, self.state, call, now)
        if decision.admission.over is not None:
            self._note(call, decision, now)
        return decision.admission

    def handle_known(self, call: Call, known: Decision) -> Entry:
        """Hold a call whose answer is known against limits and faults, and write it down."""
        now = self.clock.now()
        return self._note(call, decide_known(self.revision.index, self.state, call, now, known), now)

    def look_again(self, call: Call) -> Decision:
        """Decide a query once more as it is now; nothing is counted, committed or written down."""
        return decide(self.revision.index, self.state, call._replace(is_admitted=True), self.clock.now())

    def settle_at(self, origins: Origins) -> None:
        """Take note of where all this is served; functions that were asked before keep what they were told."""
        self.state = replace(self.state, origins=origins)

    def pause(self, *, on: bool) -> None:
        """Let functions run no more, or again; those who watch queries hear of it."""
        self.state = replace(self.state, is_paused=on)
        for listener in self._paused:
            listener()

    def observe(self, ts: int) -> None:
        """Take note of a timestamp that a client has seen: later ones are later than that, too."""
        self._newest_ts = max(self._newest_ts, ts)

    def swap(self, scenario: Scenario, index: Index | None = None) -> Revision:
        """Put another scenario in force at once; what it says otherwise begins anew, everything else goes on.

        Its `index` is built if it is left out. Raises UncomputableError, with the old one still in force, when a table
        cannot begin.
        """
        before = self.revision.scenario
        index = index or build_index(scenario, self.revision.index)
        settings = scenario.clock or ClockSettings()
        is_reset = scenario.clock != before.clock
        start = settings.start if is_reset else None
        now = self.clock.now() if start is None else start
        writes = seed(scenario, self.state, now, before, index.remembered)
        if is_reset:
            self.clock.restart(settings.start, settings.rate)
        self.revision = Revision(self.revision.number + 1, index)
        if scenario.name != before.name:
            self.state = replace(self.state, counts={}, meters=Meters())
            self._cancel_delayed()
        else:
            old, new = operations_of(before), operations_of(scenario)
            faults = map(count_key, _changed(_by_name(before.faults), _by_name(scenario.faults)))
            self.state = forget(self.state, [*_changed(old, new), *faults])
            self.state = recount(self.state, old, new)
            self.state.meters.forget(_changed(_by_name(before.limits), _by_name(scenario.limits)))
        if writes:
            self._commit(writes, is_seed=True)
        if scenario.timeline != before.timeline or scenario.name != before.name:
            self._start_timeline()
        self._complaints.forget()
        for listener in tuple(self._swapped):
            listener()
        return self.revision

    def reset(self, levels: Collection[Level] = SCENARIO) -> None:
        """Begin the scenario in force anew, as far as `levels` say.

        The state is documents, variables, the gateway and the timeline; nothing stays delayed. Raises
        UncomputableError, with only added rules gone and the clock begun anew, when a table cannot begin.
        """
        for told in self._resetting:
            told(levels)
        start = self._restart_clock() if Level.CLOCK in levels else self.clock.now()
        begun = (self.revision.scenario, self.state, start, None, self.revision.index.remembered)
        writes = seed(*begun) if Level.STATE in levels else ()
        if Level.JOURNAL in levels:
            self.journal.clear()
        if Level.LIMITS in levels:
            self.state.meters.forget()
        if Level.COUNTS in levels:
            self.state = replace(self.state, counts={})
            for listener in self._recounted:
                listener()
        if Level.STATE in levels:
            self._cancel_delayed()
            if self.state.is_paused:
                self.pause(on=False)
            self._begin(writes)
            for listener in tuple(self._swapped):
                listener()

    def restore(self, image: Image, contents: Mapping[str, bytes] = {}) -> Restored:
        """Have the state be what it was, as far as the scenario says nothing otherwise by now, or change nothing.

        `contents` are the bytes of its files. The timeline begins anew, and nothing stays delayed. Raises ImageError,
        FilesFullError, and UncomputableError when a table cannot begin.
        """
        self.observe(image.ts)
        before = self.state.view
        restored = restore(image, self.revision.scenario, self.state, self.timestamp(), self.clock.now())
        self.files.take(contents)
        self.state = restored.state
        writes = replacing(before, self.state.view) if self._listeners else ()
        for listener in tuple(self._listeners):
            listener(writes)
        self._cancel_delayed()
        self._begin(restored.writes)
        for swapped in self._swapped:
            swapped()
        return restored

    def undo(self) -> bool:
        """Take the newest commit back, by a commit of its own; say whether there was one."""
        undo = undo_of(self.state)
        if undo is None:
            return False
        self._commit(undo.writes, undoes=undo.ts)
        return True

    @property
    def newest_ts(self) -> int:
        """The latest timestamp that was given out, in nanoseconds."""
        return self._newest_ts

    @property
    def calls(self) -> int:
        """How many calls came; the number of the newest."""
        return self._calls

    def reading(self, max_writes: int = MAX_WRITES) -> Transaction:
        """Return a transaction to read the present state with."""
        return Transaction(self.state, self.clock.now(), self.revision.scenario.seed, max_writes)

    def transact(self, change: Callable[[Transaction], Result], max_writes: int = MAX_WRITES) -> Result:
        """Have `change` read and write, commit what it wrote, and return what it returns; when it raises, nothing."""
        transaction = self.reading(max_writes)
        result = change(transaction)
        self._carry_out(Decision((), transaction.changes, delayed=tuple(transaction.delayed)))
        return result

    def commit_unless_changed(self, transaction: Transaction, collections: Iterable[str]) -> bool:
        """Commit what was written beside the loop, unless any of these collections changed since it began."""
        view, since = self.state.view, transaction.state.view.ts
        if any(view.collection(each).changed > since for each in collections):
            return False
        self._carry_out(Decision((), transaction.changes))
        return True

    def on_commit(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` hear of all writes of each commit from now on; return what ends that."""
        self._listeners[listener] = None
        return lambda: self._listeners.pop(listener, None)

    def on_swap(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have `listener` called after each swap and reset from now on; return what ends that."""
        self._swapped[listener] = None
        return lambda: self._swapped.pop(listener, None)

    def on_reset(self, listener: Callable[[Collection[Level]], None]) -> None:
        """Have `listener` called with the levels of each reset, before it is done."""
        self._resetting.append(listener)

    def on_recount(self, listener: Callable[[], None]) -> None:
        """Have `listener` called when calls are numbered from 1 again."""
        self._recounted.append(listener)

    def on_pause(self, listener: Callable[[], None]) -> None:
        """Have `listener` called when functions run no more, and when they do again."""
        self._paused.append(listener)

    def on_warning(self, listener: Callable[[str], None]) -> None:
        """Have `listener` called with what a developer should read."""
        self._warned.append(listener)

    def warn(self, text: str) -> None:
        """Have developers read something wherever they look."""
        for listener in self._warned:
            listener(text)

    def timestamp(self) -> int:
        """Return a timestamp later than every one before it, in nanoseconds."""
        self._newest_ts = max(self.clock.now(), self._newest_ts + 1)
        return self._newest_ts

    def moment(self, after: int) -> int:
        """Return a timestamp later than `after` as of which everything is as it is now, in nanoseconds."""
        return self._newest_ts if self._newest_ts > after else self.timestamp()

    def request_id(self, handled: Entry) -> str:
        """Return the id that error texts show for a call whose client sent none."""
        return hex_digits(handled.revision.scenario.seed, "request", handled.number, _REQUEST_ID_DIGITS)

    def _note(self, call: Call, decision: Decision, now: int) -> Entry:
        revision = self.revision
        if decision.changes or decision.delayed:
            self._carry_out(decision)
        self._calls += 1
        last = decision.plan[-1]
        is_plain = type(last) is Finish and type(last.ending) is Returned and decision.admission is FREE
        explanation = None if is_plain and not call.uses else self._complaints.explain(call, decision, revision.index)
        entry = Entry(self._calls, now, revision, call, decision, explanation)
        self.journal.add(entry)
        return entry

    def _begin(self, writes: tuple[Write, ...]) -> None:
        """Put tables, variables and the gateway at their beginning, and the timeline at its own."""
        if writes:
            self._commit(writes, is_seed=True)
        self._start_timeline()

    def _restart_clock(self) -> int:
        """Begin the scenario's time anew; return when that is, for times and draws to be the same again."""
        settings = self.revision.scenario.clock or ClockSettings()
        self.clock.restart(settings.start, settings.rate)
        return self.clock.now() if settings.start is None else settings.start

    def _cancel_delayed(self) -> None:
        for timer in self._delayed.values():
            timer.cancel()
        self._delayed.clear()

    def _start_timeline(self) -> None:
        for timer in self._timeline:
            timer.cancel()
        start = self.clock.now()
        steps = [
            Delayed(start + step.at, step.effects, {}, step.stream, _TIMELINE)
            for step in self.revision.scenario.timeline
        ]
        self._timeline = [self.clock.call_at(each.due, partial(self._do_delayed, each)) for each in steps]

    def _commit(self, changes: Sequence[Change], *, undoes: int | None = None, is_seed: bool = False) -> None:
        self.state = commit(self.state, changes, self.timestamp(), undoes=undoes, is_seed=is_seed)
        writes = tuple(each for each in changes if isinstance(each, Write))
        for listener in tuple(self._listeners) if writes else ():
            listener(writes)

    def _carry_out(self, decision: Decision) -> None:
        """Commit what a decision changes, and remember what it delays."""
        if decision.changes:
            self._commit(decision.changes)
        if not decision.delayed:
            return
        room = _MAX_DELAYED - len(self._delayed)
        if len(decision.delayed) > room:
            logger.warning("%d delayed steps wait; %d more are dropped", _MAX_DELAYED, len(decision.delayed) - room)
        for each in decision.delayed[:room]:
            self._numbers += 1
            self._delayed[self._numbers] = self.clock.call_at(each.due, partial(self._do_waiting, self._numbers, each))

    def _do_waiting(self, number: int, delayed: Delayed) -> None:
        del self._delayed[number]
        self._do_delayed(delayed)

    def _do_delayed(self, delayed: Delayed) -> None:
        decision = decide_delayed(self.revision.index, self.state, delayed, max(delayed.due, self.clock.now()))
        self._carry_out(decision)
        tell_of_step(delayed.effects[0].place, decision)


def _by_name(overlays: Iterable[Overlaid]) -> dict[str, Overlaid]:
    return {each.name: each for each in overlays}


def _changed(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """Return the names of what is another than before, or gone."""
    pairs = ((name, before.get(name), after.get(name)) for name in {**before, **after})
    return [name for name, old, new in pairs if old is not new and old != new]

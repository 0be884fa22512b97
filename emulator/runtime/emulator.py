"""The emulator: a revision in force, a state, a journal; it handles calls and swaps revisions."""

from __future__ import annotations

import logging

from emulator.engine.call import Call
from emulator.engine.decide import decide
from emulator.engine.draw import hex_digits
from emulator.engine.explain import explain, rule_to_paste
from emulator.engine.index import Decision, build_index
from emulator.engine.plan import Finish, Uncomputable, Unmatched, Unscripted, WrongType
from emulator.engine.state import State, commit, forget
from emulator.model.scenario import Scenario
from emulator.runtime.clock import Clock
from emulator.runtime.journal import Entry, Journal
from emulator.runtime.revision import Revision

_MAX_VOICED = 1_000
_MAX_TEXT = 1_000
_REQUEST_ID_DIGITS = 16

logger = logging.getLogger(__name__)


class Emulator:
    """Everything that changes while running, and nothing that knows a socket."""

    def __init__(self, scenario: Scenario, clock: Clock) -> None:
        """Put `scenario` in force as revision 1."""
        self.clock = clock
        self.journal = Journal()
        self.revision = Revision(1, build_index(scenario))
        self.state = State()
        self._calls = 0
        self._newest_ts = 0
        self._voiced: set[str] = set()

    def handle(self, call: Call) -> Entry:
        """Decide a call on the revision in force, commit its changes and write it down, all in this tick."""
        revision = self.revision
        now = self.clock.now()
        decision = decide(revision.index, self.state, call, now)
        if decision.changes:
            self.state = commit(self.state, decision.changes, self.timestamp())
        self._calls += 1
        last = decision.plan[-1]
        is_answered = decision.rule is not None and type(last) is Finish and type(last.ending) is not Uncomputable
        explanation = None if is_answered else self._voice(call, decision)
        entry = Entry(self._calls, now, revision, call, decision, explanation)
        self.journal.add(entry)
        return entry

    def swap(self, scenario: Scenario) -> Revision:
        """Put another scenario in force at once; functions whose definition changed are counted anew."""
        before = self.revision.scenario.functions
        changed = [path for path, function in scenario.functions.items() if before.get(path) != function]
        gone = [path for path in before if path not in scenario.functions]
        self.state = forget(self.state, [*changed, *gone])
        self.revision = Revision(self.revision.number + 1, build_index(scenario, self.revision.index))
        self._voiced.clear()
        return self.revision

    def timestamp(self) -> int:
        """Return a timestamp later than every one before it, in nanoseconds."""
        self._newest_ts = max(self.clock.now(), self._newest_ts + 1)
        return self._newest_ts

    def request_id(self, handled: Entry) -> str:
        """Return the id that error texts show for a call whose client sent none."""
        return hex_digits(handled.revision.scenario.seed, "request", handled.number, _REQUEST_ID_DIGITS)

    def _voice(self, call: Call, decision: Decision) -> str | None:
        """Say why nothing answered: each text once a revision, for polling clients would repeat it for ever."""
        last = decision.plan[-1]
        assert isinstance(last, Finish)
        ending = last.ending
        if not isinstance(ending, Unscripted | WrongType | Unmatched | Uncomputable):
            return None
        text = explain(ending)[:_MAX_TEXT]
        if text not in self._voiced and len(self._voiced) < _MAX_VOICED:
            self._voiced.add(text)
            is_missing = isinstance(ending, Unscripted) and ending.hidden is None and not ending.component
            needs_rule = is_missing or isinstance(ending, Unmatched)
            paste = f"\nto answer it:\n{rule_to_paste(call)}" if needs_rule else ""
            logger.warning("%s%s", text, paste)
        return text

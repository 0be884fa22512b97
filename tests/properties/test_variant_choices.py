"""Any interleaving of calls, choices of variants and resets, beside the same calls where nobody ever chooses.

Who chose nothing gets what he would get anyway: answers, delays, draws, ids, numbers of calls, limits and faults. Who
did gets his variant: the client's own choice before its user's, that before everybody's, a name before a pattern.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import partial
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.engine.call import ANONYMOUS, Call, Caller, Choice, User
from emulator.engine.index import Decision
from emulator.engine.state import Counted
from emulator.engine.transaction import Delayed
from emulator.engine.variants import choices_of, choose, unchoose
from emulator.model.function import BUILT_IN
from emulator.model.scenario import Scenario
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator, Level
from emulator.values.durations import SECOND
from tests.support.scenarios import load_text
from tests.support.tables import documents, variables

TEXT = """
seed: 7
clock: {start: 2024-02-08T12:00:00Z}
identities: {ada: {token: a}, bob: {token: b}}
state: {n: 0}
tables: {notes: {documents: [{t: first}]}}
faults: [{name: flaky, on: "r:*", chance: 0.2, delay: {min: 1ms, max: 9ms}}]
limits: [{name: few, on: "r:*", allow: 5, per: 10s, by: identity}]
functions:
  r:all: {type: query, query: {table: notes}, variants: {mine: {when: {args: {mine: true}}, result: mine}}}
  r:steps:
    type: mutation
    sequence: [{result: 1}, {result: 2}, {error: Third}]
    repeat: true
    variants: {other: {sequence: [{result: a}, {result: b}]}, mine: {when: {args: {mine: true}}, result: mine}}
  r:second: {rules: [{when: {call: 2}, result: second}, {result: another}]}
  d:number:
    type: mutation
    delay: {min: 1ms, max: 1s}
    result: ${random.int(1, 1000000)}
    variants: {other: {result: "${random.int(1, 1000000)}", delay: {min: 1ms, max: 1s}}}
  d:calls: {type: action, do: [{call: {function: "r:steps", as: n}}], result: "${n}"}
  r:coin: {rules: [{when: {chance: 0.5}, result: heads}, {result: tails}]}
  w:add:
    type: mutation
    do: [{insert: {into: notes, document: {t: "${args.t}"}, as: key}}, {set: {n: "${state.n + 1}"}}]
    result: ${key}
    variants: {other: {result: nothing}}
  w:later: {type: mutation, do: [{after: 2s, do: [{insert: {into: notes, document: {t: late}}}]}], result: null}
"""
WRITTEN = {"r:all": ["mine"], "d:number": ["other"], "r:steps": ["other", "mine"], "w:add": ["other"]}
OPERATIONS = ["r:all", "r:steps", "r:second", "d:number", "d:calls", "r:coin", "w:add", "w:later"]
CALLERS: dict[str | None, Caller] = {None: ANONYMOUS, **{name: User({}, name=name) for name in ("ada", "bob")}}

names = st.sampled_from(["other", "mine", "other", "empty", "error", "loading"])
operations = st.sampled_from(OPERATIONS)
patterns = st.one_of(operations, st.sampled_from(["*", "r:*", "d:*", "*:s*"]))
identities = st.sampled_from([None, "ada", "bob"])
choices = st.builds(Choice, patterns, names, identities)


class Asked(NamedTuple):
    """A call, with what its client chose for itself."""

    operation: str
    who: str | None
    mine: bool
    uses: tuple[Choice, ...]


class Unchosen(NamedTuple):
    """Choose nothing any more."""

    operation: str | None
    identity: str | None


def _asked(operation: str) -> st.SearchStrategy[Asked]:
    """Draw a call, for which its client often chose something."""
    own = st.builds(Choice, st.one_of(st.just(operation), patterns), names)
    uses = st.one_of(st.just(()), st.lists(own, max_size=2).map(tuple))
    return st.builds(Asked, st.just(operation), identities, st.booleans(), uses)


steps = st.one_of(
    operations.flatmap(_asked),
    operations.flatmap(_asked),
    choices,
    st.builds(Unchosen, st.one_of(st.none(), patterns), identities),
    st.sets(st.sampled_from(Level), min_size=1),
    st.integers(1, 4 * SECOND),
)


class Both:
    """An emulator in which variants are chosen, and one in which they are not; `expected` says what is chosen."""

    def __init__(self, scenario: Scenario) -> None:
        self.chosen = Emulator(scenario, VirtualClock(0))
        self.plain = Emulator(scenario, VirtualClock(0))
        self.expected: list[Choice] = []
        self.own: set[str] = set()  # under which draws of variants are counted

    async def do(self, step: Asked | Choice | Unchosen | set[Level] | int) -> None:
        """Do one thing in both, but choose in one only."""
        match step:
            case Asked():
                self.ask(step)
            case Choice():
                self.expected = [*(each for each in self.expected if each[::2] != step[::2]), step]
                self.chosen.transact(partial(choose, choice=step))
            case Unchosen(operation, identity):
                gone = partial(_is_meant, operation, identity)
                self.expected = [each for each in self.expected if not gone(each)]
                self.chosen.transact(partial(unchoose, operation=operation, identity=identity))
            case int():
                for clock in (self.chosen.clock, self.plain.clock):
                    assert isinstance(clock, VirtualClock)
                    await clock.advance(step)
            case levels:
                self.chosen.reset(levels)
                self.plain.reset(levels)
                self.expected = [] if Level.STATE in levels else self.expected

    def ask(self, asked: Asked) -> None:
        """Call in both, and compare what comes of it."""
        call = Call(asked.operation, None, {"t": "x", "mine": asked.mine}, CALLERS[asked.who])
        decision = self.chosen.handle(call._replace(uses=asked.uses)).decision
        variant = self.variant_of(asked)
        if not asked.operation.startswith("r:") and variant is not None:
            assert decision.variant == variant
            self.own.update(each.key for each in _counted(decision))
            return
        plain = self.plain.handle(call).decision
        assert decision.admission == plain.admission
        assert _counted(decision) == _counted(plain)
        assert decision.variant == (None if plain.admission.over else variant)
        if decision.variant is None or (decision.variant == "mine" and not asked.mine):
            assert decision._replace(variant=None, delayed=_of_nobody(decision)) == plain

    def variant_of(self, asked: Asked) -> str | None:
        """Return which variant a call is to get, the naive way."""
        own = [*BUILT_IN, *WRITTEN.get(asked.operation, ())]
        user = [each for each in self.expected if asked.who is not None and each.identity == asked.who]
        everybody = [each for each in self.expected if each.identity is None]
        for layer in (asked.uses, user, everybody):
            known = [each for each in layer if each.variant in own]
            exact = [each for each in known if each.operation == asked.operation]
            loose = [each for each in known if fnmatchcase(asked.operation, each.operation)]
            for each in (exact or loose)[-1:]:
                return each.variant
        return None

    def compare(self) -> None:
        """Compare what both keep."""
        assert choices_of(self.chosen.reading()) == self.expected
        counts, plain = self.chosen.state.counts, self.plain.state.counts
        assert {key: count for key, count in counts.items() if key in plain or key not in self.own} == plain
        assert documents(self.chosen, "notes") == documents(self.plain, "notes")
        assert variables(self.chosen) == variables(self.plain)


def _is_meant(operation: str | None, identity: str | None, choice: Choice) -> bool:
    return operation in (None, choice.operation) and identity in (None, choice.identity)


def _of_nobody(decision: Decision) -> tuple[Delayed, ...]:
    """Return what is delayed as if the client had chosen nothing for its other calls."""
    return tuple(each._replace(call=each.call._replace(uses=())) for each in decision.delayed)


def _counted(decision: Decision) -> Iterable[Counted]:
    return [each for each in decision.changes if isinstance(each, Counted)]


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return load_text(tmp_path_factory.mktemp("variants"), TEXT)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(done=st.lists(steps, max_size=40))
async def test_choosing_variants_changes_nothing_for_those_who_did_not(scenario: Scenario, done: list[object]) -> None:
    both = Both(scenario)
    for each in done:
        await both.do(each)  # type: ignore[arg-type]  # what is drawn of several kinds is an object
        both.compare()
    await both.do(Unchosen(None, None))
    for operation in OPERATIONS:
        for who in CALLERS:
            await both.do(Asked(operation, who, mine=True, uses=()))
    both.compare()

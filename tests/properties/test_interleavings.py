"""Any interleaving of calls, time, undo, reset and reloads, against a model that does the same the naive way.

What holds after every step:

- tables and variables hold what the model says, in the order of creation; no document is lost or there twice, and
  times of creation strictly grow;
- a step that fails leaves everything as it was; what a rule did before a scripted error stays;
- delayed steps and the timeline happen once, in order, at their times, over reloads, and not after a reset;
- undo takes back the newest change that stands, and nothing from before something began anew;
- a reload begins anew what begins otherwise, and nothing else; a changed function begins its sequence anew;
- timestamps strictly grow; every moment that is kept reads as it did then, and a page after another gives each
  document once;
- the journal and the kept past stay within their bounds.
"""

from __future__ import annotations

import asyncio
import tempfile
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from emulator.engine.call import Call
from emulator.engine.plan import Rejected, Threw, Uncomputable
from emulator.model.scenario import Scenario
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Journal
from emulator.values.convex import Value
from emulator.values.durations import SECOND
from tests.support.engine import MUTATION, QUERY, call, ending_of, value_of
from tests.support.scenarios import load_text
from tests.support.tables import change, documents, variables

TEXT = """
state: {{n: 0, m: {m}}}
tables:
  notes: {{documents: [{notes}]}}
  tags: {{count: 2, document: {{t: "${{tables.notes[index].t ?? '-'}}{tag}", u: "${{uuid()}}"}}}}
timeline: [{{at: {line}s, do: [{{set: {{m: "${{state.m + 1}}"}}}}]}}]
functions:
  n:all: {{query: {{table: notes}}}}
  n:find: {{query: {{table: notes, where: {{t: "${{args.t}}"}}, order: desc}}}}
  n:page: {{query: {{table: notes, order: {{by: t}}, paginate: true}}}}
  n:add:
    do: [{{insert: {{into: notes, document: {{t: "${{args.t}}"}}, as: key}}}}, {{set: {{n: "${{state.n + 1}}"}}}}]
    result: ${{key}}
  n:patch: {{do: [{{patch: {{table: notes, id: "${{args.id}}", fields: {{t: "${{args.t}}"}}}}}}]}}
  n:del: {{do: [{{delete: {{table: notes, id: "${{args.id}}"}}}}]}}
  n:fail:
    do:
      - call: {{function: "n:add", args: {{t: x}}}}
      - {{after: 1s, do: [{{set: {{n: 99}}}}]}}
      - {{delete: {{table: notes, id: x}}}}
  n:throw: {{do: [{{set: {{n: "${{state.n + 1}}"}}}}], error: Boom}}
  n:unique: {{query: {{table: tags, unique: true}}}}
  n:later: {{do: [{{after: 5s, do: [{{insert: {{into: notes, document: {{t: "${{args.t}}"}}}}}}]}}]}}
  n:vain: {{do: [{{after: 3s, do: [{{set: {{n: 99}}}}, {{delete: {{table: notes, id: x}}}}]}}]}}
  j:seq: {{sequence: [{{result: {first}}}, {{result: 2}}, {{result: 3}}], repeat: true}}
"""
MAX_ENTRIES, MAX_COMMITS = 8, 10


class Variant(NamedTuple):
    """What a scenario file says; each part decides what a reload begins anew."""

    notes: str = "ab"
    tag: str = ""
    m: int = 0
    line: int = 8
    first: int = 1

    @property
    def text(self) -> str:
        notes = ", ".join(f"{{t: {each}}}" for each in self.notes)
        return TEXT.format(notes=notes, tag=self.tag, m=self.m, line=self.line, first=self.first)


VARIANTS = (
    Variant(),
    Variant(first=7),
    Variant(notes="cde"),
    Variant(tag="!"),
    Variant(m=5, line=6),
    Variant(notes="cde", first=7, line=6),
)


def load_all() -> dict[Variant, Scenario]:
    with tempfile.TemporaryDirectory() as folder:
        return {each: load_text(Path(folder), each.text) for each in VARIANTS}


SCENARIOS = load_all()
texts = st.sampled_from("abcxyz")


@dataclass
class Content:
    """What tables and variables hold: texts by name and, of notes, ids where the model knows them."""

    notes: list[tuple[str, str | None]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    state: dict[str, float] = field(default_factory=dict)


class Pending(NamedTuple):
    """Something to come: when, in which order it was asked for, what it is, and its text."""

    due: int
    number: int
    what: str
    text: str = ""


class Model:
    """The same, done the naive way."""

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.now = 0
        self.content = Content()
        self.undoable: list[Content] = []
        self.pending: list[Pending] = []
        self.numbers = 0
        self.calls = 0
        self.begin()

    def begin(self) -> None:
        self.begin_notes()
        self.begin_tags()
        self.content.state = {"n": 0.0, "m": float(self.variant.m)}
        self.undoable, self.calls = [], 0
        self.pending = []
        self.expect(self.variant.line, "line")

    def begin_notes(self) -> None:
        self.content.notes = [(each, None) for each in self.variant.notes]

    def begin_tags(self) -> None:
        present = [*(text for text, _ in self.content.notes), "-", "-"]
        self.content.tags = [each + self.variant.tag for each in present[:2]]

    def expect(self, seconds: int, what: str, text: str = "") -> None:
        self.numbers += 1
        self.pending.append(Pending(self.now + seconds * SECOND, self.numbers, what, text))

    def changing(self) -> Content:
        """Remember the present for undo, and return what is to be changed."""
        self.undoable.append(deepcopy(self.content))
        return self.content

    def swap(self, variant: Variant) -> None:
        before, self.variant = self.variant, variant
        is_other = variant.notes != before.notes or variant.tag != before.tag or variant.m != before.m
        if variant.notes != before.notes:
            self.begin_notes()
        if (variant.notes, variant.tag) != (before.notes, before.tag):
            self.begin_tags()
        if variant.m != before.m:
            self.content.state["m"] = float(variant.m)
        if variant.first != before.first:
            self.calls = 0
        if variant.line != before.line:
            self.pending = [each for each in self.pending if each.what != "line"]
            self.expect(variant.line, "line")
        if is_other:
            self.undoable = []

    def advance(self, seconds: int) -> None:
        self.now += seconds * SECOND
        due = sorted(each for each in self.pending if each.due <= self.now)
        self.pending = [each for each in self.pending if each.due > self.now]
        for each in due:
            if each.what == "line":
                self.changing().state["m"] += 1
            elif each.what == "later":
                self.changing().notes.append((each.text, None))

    def sequence(self) -> float:
        self.calls += 1
        return [float(self.variant.first), 2.0, 3.0][(self.calls - 1) % 3]


class Interleavings(RuleBasedStateMachine):
    """Does the same to an emulator and to the model."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = VirtualClock(0)

    @initialize(variant=st.sampled_from(VARIANTS))
    def start(self, variant: Variant) -> None:
        self.emulator = Emulator(SCENARIOS[variant], self.clock)
        self.emulator.journal = Journal(MAX_ENTRIES)
        store = self.emulator.state.view.store
        store._max_commits = MAX_COMMITS
        self.model = Model(variant)
        self.stamp = 0
        self.asked = 0
        self.moments: dict[int, list[Any]] = {}

    def teardown(self) -> None:
        self.runner.close()

    def notes(self) -> list[str]:
        return [str(each["_id"]) for each in documents(self.emulator, "notes")]

    @rule(text=texts)
    def add(self, text: str) -> None:
        key = change(self.emulator, "n:add", {"t": text})
        content = self.model.changing()
        content.notes.append((text, str(key)))
        content.state["n"] += 1
        self.asked += 1

    @precondition(lambda self: self.model.content.notes)
    @rule(data=st.data(), text=texts)
    def patch(self, data: st.DataObject, text: str) -> None:
        place = data.draw(st.integers(0, len(self.model.content.notes) - 1))
        change(self.emulator, "n:patch", {"id": self.notes()[place], "t": text})
        notes = self.model.changing().notes
        notes[place] = (text, notes[place][1])
        self.asked += 1

    @precondition(lambda self: self.model.content.notes)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.model.content.notes) - 1))
        change(self.emulator, "n:del", {"id": self.notes()[place]})
        del self.model.changing().notes[place]
        self.asked += 1

    @rule(operation=st.sampled_from(["n:fail", "n:del", "n:unique"]))
    def fail(self, operation: str) -> None:
        ending = ending_of(call(self.emulator, operation, {"id": "none"}, MUTATION))
        assert isinstance(ending, Rejected if operation == "n:unique" else Uncomputable)
        self.asked += 1

    @rule()
    def throw(self) -> None:
        assert isinstance(ending_of(call(self.emulator, "n:throw", {}, MUTATION)), Threw)
        self.model.changing().state["n"] += 1
        self.asked += 1

    @rule(text=texts)
    def find(self, text: str) -> None:
        found = value_of(call(self.emulator, "n:find", {"t": text}))
        assert isinstance(found, list)
        expected = [each for each in documents(self.emulator, "notes")[::-1] if each["t"] == text]
        assert found == expected
        self.asked += 1

    @rule(size=st.integers(1, 3), text=texts)
    def page_through(self, size: int, text: str) -> None:
        """Ask for one page after the other, with a document inserted between the first two."""
        there = self.notes()
        seen: list[str] = []
        cursor: Value = None
        for number in range(len(there) + 3):
            args: dict[str, Value] = {"paginationOpts": {"numItems": float(size), "cursor": cursor}}
            page: Any = value_of(call(self.emulator, "n:page", args))
            self.asked += 1
            seen += [each["_id"] for each in page["page"]]
            cursor = page["continueCursor"]
            if page["isDone"]:
                break
            if number == 0:
                self.add(text)
        assert len(seen) == len(set(seen))
        assert set(there) <= set(seen)

    @rule()
    def next_of_sequence(self) -> None:
        assert value_of(call(self.emulator, "j:seq")) == self.model.sequence()
        self.asked += 1

    @rule(what=st.sampled_from(["later", "vain"]), text=texts)
    def delay(self, what: str, text: str) -> None:
        change(self.emulator, f"n:{what}", {"t": text})
        self.model.expect(5 if what == "later" else 3, what, text)
        self.asked += 1

    @rule(seconds=st.integers(0, 12))
    def advance(self, seconds: int) -> None:
        self.runner.run(self.clock.advance(seconds * SECOND))
        self.model.advance(seconds)

    @rule()
    def undo(self) -> None:
        kept = len(self.emulator.state.view.store.commits)
        is_done = self.emulator.undo()
        if is_done:
            self.model.content = self.model.undoable.pop()
        else:
            assert not self.model.undoable or kept == MAX_COMMITS

    @rule()
    def reset(self) -> None:
        self.emulator.reset()
        self.model.begin()

    @rule(variant=st.sampled_from(VARIANTS))
    def reload(self, variant: Variant) -> None:
        self.emulator.swap(replace(SCENARIOS[variant], name=self.emulator.revision.scenario.name))
        self.model.swap(variant)

    @rule()
    def switch(self) -> None:
        """Put the same under another name in force, which begins everything anew."""
        scenario = SCENARIOS[self.model.variant]
        self.emulator.swap(replace(scenario, name=self.emulator.revision.scenario.name + "x"))
        self.model.begin()

    @rule()
    def remember(self) -> None:
        ts = self.emulator.timestamp()
        assert ts > self.stamp
        self.stamp = ts
        self.moments[ts] = documents(self.emulator, "notes")

    @precondition(lambda self: self.moments)
    @rule(data=st.data())
    def look_back(self, data: st.DataObject) -> None:
        ts = data.draw(st.sampled_from(sorted(self.moments)))
        if ts >= self.emulator.state.view.store.floor:
            assert value_of(self.emulator.handle(Call("n:all", QUERY, {}), ts)) == self.moments[ts]
            self.asked += 1

    @invariant()
    def content_is_what_the_model_says(self) -> None:
        content = self.model.content
        found = documents(self.emulator, "notes")
        assert [each["t"] for each in found] == [text for text, _ in content.notes]
        assert all(key in (None, each["_id"]) for each, (_, key) in zip(found, content.notes, strict=True))
        assert [each["t"] for each in documents(self.emulator, "tags")] == content.tags
        assert variables(self.emulator) == content.state

    @invariant()
    def documents_are_in_order_and_there_once(self) -> None:
        found = documents(self.emulator, "notes")
        times = [float(str(each["_creationTime"])) for each in found]
        assert times == sorted(set(times))
        assert len({str(each["_id"]) for each in found}) == len(found)

    @invariant()
    def everything_stays_within_its_bounds(self) -> None:
        store = self.emulator.state.view.store
        assert self.emulator.state.view.ts == store.ts
        assert len(store.commits) <= MAX_COMMITS
        assert len(self.emulator.journal) == min(self.asked, MAX_ENTRIES)
        assert [each.number for each in self.emulator.journal] == [*range(1, self.asked + 1)][-MAX_ENTRIES:]
        assert len(self.emulator._delayed) == sum(each.what != "line" for each in self.model.pending)


Interleavings.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
test_interleavings = Interleavings.TestCase

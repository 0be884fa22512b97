"""Whatever is written, undone, begun anew, reloaded or jumped over: what watchers were told last is what holds now.

The model is naive: after every tick each query is answered from scratch, by documents that a list keeps and variables
that a mapping keeps. A query is told exactly when that answer changed, once a tick, and to everybody who watches it.
"""

from __future__ import annotations

import asyncio
import tempfile
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from emulator.model.scenario import Scenario
from emulator.runtime.live import Live
from emulator.values.durations import MILLISECOND, SECOND
from tests.support.scenarios import load_text
from tests.support.tables import documents
from tests.support.watching import Audience, Stage, shown

TEXT = """
vars: {{word: {word}}}
state: {{n: 0}}
tables: {{notes: {{documents: [{{t: a}}, {{t: c}}]}}}}
functions:
  q:all: {{type: query, result: "${{[n.t for n in tables.notes]}}"}}
  q:like: {{type: query, result: "${{len([n for n in tables.notes if n.t == args.t])}}"}}
  q:page: {{type: query, query: {{table: notes, order: {{by: t}}, paginate: true}}}}
  q:n: {{type: query, rules: [{{when: {{state: {{n: 3}}}}, error: Three}}, {{result: "${{state.n}}"}}]}}
  q:word: {{type: query, result: "${{vars.word}} {fixed}"}}
  q:now: {{type: query, result: "${{now}}"}}
  q:seq: {{type: query, sequence: [{{result: "1 ${{state.n}}"}}, {{result: "2 ${{state.n}}"}}]}}
  m:add: {{type: mutation, do: [{{insert: {{into: notes, document: {{t: "${{args.t}}"}}}}}}]}}
  m:del: {{type: mutation, do: [{{delete: {{table: notes, id: "${{tables.notes[0]._id}}"}}}}]}}
  m:set: {{type: mutation, do: [{{set: {{n: "${{args.n}}"}}}}]}}
  {more}
"""
MORE = "q:more: {type: query, result: more}"
Place: TypeAlias = tuple[str, float, str]
texts = st.sampled_from("abcde")
WATCHABLE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("q:all", {}),
    ("q:like", {"t": "a"}),
    ("q:like", {"t": "d"}),
    ("q:page", {"paginationOpts": {"numItems": 1.0, "cursor": None}}),
    ("q:n", {}),
    ("q:word", {}),
    ("q:now", {}),
    ("q:seq", {}),
    ("q:more", {}),
)


class Variant(NamedTuple):
    """What a scenario file says."""

    word: str = "hi"
    fixed: int = 1
    more: str = ""

    @property
    def text(self) -> str:
        return TEXT.format(word=self.word, fixed=self.fixed, more=self.more)


VARIANTS = (Variant(), Variant(word="ho"), Variant(fixed=2), Variant(more=MORE))


def load_all() -> dict[Variant, Scenario]:
    with tempfile.TemporaryDirectory() as folder:
        return {each: load_text(Path(folder), each.text) for each in VARIANTS}


SCENARIOS = load_all()


@dataclass
class Content:
    """What is stored."""

    notes: list[str] = field(default_factory=lambda: ["a", "c"])
    n: float = 0.0


@dataclass
class Watched:
    """One query that is watched, what was told of it, and how it is answered from scratch."""

    live: Live
    audience: Audience
    operation: str
    args: dict[str, Any]
    end: Place | None
    number: int
    told: object


class LiveInterleavings(RuleBasedStateMachine):
    """Steps that end a tick or do not; all is compared when one ends."""

    def __init__(self) -> None:
        super().__init__()
        self.variant = VARIANTS[0]
        self.loop = asyncio.new_event_loop()
        self.theatre = self.loop.run_until_complete(self._open())
        self.content = Content()
        self.undoable: list[Content] = []
        self.sequence = 0
        self.watched: list[Watched] = []

    async def _open(self) -> Stage:
        return Stage(SCENARIOS[self.variant])

    def teardown(self) -> None:
        self.loop.close()
        for each in self.watched:
            self.theatre.live.leave(each.live, each.audience)
        assert len(self.theatre.live) == 0
        assert not self.theatre.live._readers
        assert not self.theatre.live._known

    def expected(self, each: Watched) -> object:
        """Answer a query from scratch."""
        match each.operation:
            case "q:all":
                return list(self.content.notes)
            case "q:like":
                return float(self.content.notes.count(each.args["t"]))
            case "q:page":
                stored = sorted(self.places())
                return [place[0] for place in stored if each.end is None or place <= each.end]
            case "q:n":
                return "Three" if self.content.n == 3 else self.content.n
            case "q:word":
                return f"{self.variant.word} {self.variant.fixed}"
            case "q:now":
                return self.theatre.clock.now() / MILLISECOND
            case "q:seq":
                return f"{min(each.number, 2)} {self.content.n:.0f}"
            case _:
                return "more" if self.variant.more else None

    def places(self) -> list[Place]:
        """Return what places each document on pages: texts are the model's, times of creation and ids the store's."""
        stored: list[Any] = documents(self.theatre.emulator, "notes")
        assert [each["t"] for each in stored] == self.content.notes
        return [(each["t"], each["_creationTime"], each["_id"]) for each in stored]

    @staticmethod
    def seen(live: Live) -> object:
        """Return what a live query says now, in the terms of the model."""
        value: Any = shown(live.finish)
        if isinstance(value, dict):
            return [each["t"] for each in value["page"]]
        return getattr(value, "message", None if hasattr(value, "operation") else value)

    @initialize()
    def begin(self) -> None:
        for operation, args in WATCHABLE:
            self.watch((operation, args))

    @rule(what=st.sampled_from(WATCHABLE))
    def watch(self, what: tuple[str, dict[str, Any]]) -> None:
        operation, args = what
        audience = Audience()
        is_known = operation == "q:seq" and any(each.operation == "q:seq" for each in self.watched)
        live = self.theatre.watch(operation, deepcopy(args), audience=audience)
        self.take_told()
        number = end = None
        if operation == "q:seq" and not is_known:
            self.sequence += 1
        if operation == "q:seq":
            known = [each.number for each in self.watched if each.operation == "q:seq"]
            number = known[0] if known else self.sequence
        if operation == "q:page":
            end = self.end_of_page(live)
        self.watched.append(Watched(live, audience, operation, args, end, number or 0, self.seen(live)))

    def end_of_page(self, live: Live) -> Place | None:
        """Return the last place on a page that somebody began to watch; None for the end of all."""
        for each in self.watched:
            if each.live is live:
                return each.end
        page: Any = shown(live.finish)
        return None if page["isDone"] else min(self.places())

    @precondition(lambda self: self.watched)
    @rule(index=st.integers(0, 20))
    def leave(self, index: int) -> None:
        each = self.watched.pop(index % len(self.watched))
        self.theatre.live.leave(each.live, each.audience)

    @rule(text=texts)
    def add(self, text: str) -> None:
        self.undoable.append(deepcopy(self.content))
        self.theatre.mutate("m:add", {"t": text})
        self.content.notes.append(text)

    @precondition(lambda self: self.content.notes)
    @rule()
    def delete(self) -> None:
        self.undoable.append(deepcopy(self.content))
        self.theatre.mutate("m:del")
        del self.content.notes[0]

    @rule(n=st.integers(0, 4))
    def set_n(self, n: int) -> None:
        self.undoable.append(deepcopy(self.content))
        self.theatre.mutate("m:set", {"n": float(n)})
        self.content.n = float(n)

    @rule()
    def undo(self) -> None:
        assert self.theatre.emulator.undo() is bool(self.undoable)
        if self.undoable:
            self.content = self.undoable.pop()

    @rule()
    def reset(self) -> None:
        self.theatre.emulator.reset()
        self.content, self.undoable, self.sequence = Content(), [], 0
        for each in self.watched:
            each.number = min(each.number, 1)

    @rule(variant=st.sampled_from(VARIANTS))
    def reload(self, variant: Variant) -> None:
        self.theatre.emulator.swap(SCENARIOS[variant])
        self.variant = variant

    @rule(seconds=st.integers(1, 100))
    def jump(self, seconds: int) -> None:
        self.loop.run_until_complete(self.theatre.clock.advance(seconds * SECOND))

    @rule()
    def end_tick(self) -> None:
        self.theatre.told()
        self.take_told()

    def take_told(self) -> None:
        """Hold every query against the model; each was told if it changed, and not otherwise."""
        for each in self.watched:
            pushes = each.audience.told()
            expected = self.expected(each)
            assert self.seen(each.live) == expected, each.operation
            assert len(pushes) == (expected != each.told), (each.operation, each.told, expected)
            each.told = expected

    @invariant()
    def the_same_is_watched_once(self) -> None:
        assert len(self.theatre.live) == len({id(each.live) for each in self.watched})


LiveInterleavings.TestCase.settings = settings(max_examples=150, stateful_step_count=30)
TestLiveInterleavings = LiveInterleavings.TestCase

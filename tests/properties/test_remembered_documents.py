"""First documents that are remembered are those that would be made anew, whatever happened and whenever it is."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.engine.files import store_file
from emulator.engine.index import build_index
from emulator.engine.remembered import MAX_REMEMBERED, Remembered
from emulator.engine.seed import seed
from emulator.engine.state import Origins, State, commit
from emulator.engine.store import Write
from emulator.engine.surroundings import UncomputableError
from emulator.engine.transaction import MAX_WRITES, Transaction
from emulator.model.scenario import Scenario
from emulator.values.durations import SECOND
from emulator.values.formats import Format, encode
from tests.support.clocks import START
from tests.support.scenarios import load_text

NAMES = ("a", "b", "c")
ANYWHERE = (
    *("plain", "${index}", "${now}", "${iso()}", '${ago("1h")}', "${random.int(1, 9)}", "${uuid()}"),
    *("${fake.name()}", "${fake.date_this_year()}", '${iso(fake.date_time_between("-2y", "now"))}', "${vars.word}"),
    *(
        "${state.n}",
        "${[name for name in state]}",
        "${upload_url()}",
        '${storage_url("kg2")}',
        "${now if index > 0 else 1}",
    ),
)
AFTER_A = ("${tables.a[0]._id}", "${tables.a[0]._creationTime}", "${tables.a[0]}", "${len(tables.a)}")
AFTER_B = ("${tables.b[0].x}", "${[each._creationTime for each in tables.b]}")


def documents(*expressions: str) -> st.SearchStrategy[list[dict[str, str]]]:
    """Draw the first documents of a table."""
    expression = st.sampled_from(expressions)
    return st.lists(st.fixed_dictionaries({"x": expression}, optional={"y": expression}), min_size=1, max_size=3)


TABLES = st.fixed_dictionaries(
    {
        "a": documents(*ANYWHERE),
        "b": documents(*ANYWHERE, *AFTER_A),
        "c": documents(*ANYWHERE, *AFTER_A, *AFTER_B),
    }
)
INSTANTS = st.sampled_from([START, START, START + 1, START + SECOND, START + 400 * 86_400 * SECOND])


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Draw a scenario with tables whose first documents depend on all that they may."""
    drawn = draw(TABLES)
    tables = {name: {"documents": drawn[name]} for name in NAMES}
    tree = {"seed": draw(st.integers(0, 3)), "vars": {"word": "w"}, "state": {"n": 1, "m": [2]}, "tables": tables}
    with tempfile.TemporaryDirectory() as folder:
        return load_text(Path(folder), json.dumps(tree))


def spelled(writes: tuple[Write, ...] | str) -> Any:
    """Return writes as texts, in which the order of fields is to be seen, too."""
    if isinstance(writes, str):
        return writes
    return [
        (each.collection, each.key, json.dumps(encode(each.document, Format.ENCODED) if each.document else None))
        for each in writes
    ]


def begun(scenario: Scenario, state: State, now: int, remembered: Remembered | None) -> tuple[Write, ...] | str:
    """Return how a scenario begins, or why it cannot."""
    try:
        return seed(scenario, state, now, None, remembered)
    except UncomputableError as error:
        return str(error)


def disturbed(data: st.DataObject, state: State, now: int, ts: int) -> State:
    """Return a state in which something was inserted, deleted, stored or set."""
    transaction = Transaction(state, now, 1, MAX_WRITES)
    for name in data.draw(st.lists(st.sampled_from((*NAMES, "$state", "_storage")), max_size=3)):
        if name == "$state":
            transaction.assign("z", 1.0)
        elif name == "_storage":
            store_file(transaction, "digest", 1, None)
        else:
            documents = transaction.documents(name)
            if documents:
                transaction.write(name, str(documents[0]["_id"]), None)
            transaction.insert(name, {"x": 1.0})
    return commit(state, transaction.changes, ts)


@settings(deadline=None, max_examples=60)
@given(scenarios(), st.data())
def test_a_beginning_with_what_is_remembered_is_one_that_is_made_anew(scenario: Scenario, data: st.DataObject) -> None:
    remembered, states = build_index(scenario).remembered, [State(), State(origins=Origins("http://a", "http://b"))]
    if data.draw(st.booleans()):
        states[1].view.store.number_of("elsewhere")
    for step in range(data.draw(st.integers(2, 5))):
        number = data.draw(st.integers(0, 1))
        now = data.draw(INSTANTS)
        state = disturbed(data, states[number], now, 10 * step + 1)
        anew = begun(scenario, state, now, None)
        short = begun(scenario, state, now, remembered)
        assert spelled(short) == spelled(anew)
        states[number] = state if isinstance(short, str) else commit(state, short, 10 * step + 2, is_seed=True)


def test_what_is_remembered_is_bounded(tmp_path: Path) -> None:
    table = f"tables: {{a: {{count: {MAX_REMEMBERED + 10}, document: {{x: '${{index}}'}}}}}}"
    scenario = load_text(tmp_path, table)
    remembered = Remembered()

    assert len(seed(scenario, State(), START, None, remembered)) > MAX_REMEMBERED
    assert len(remembered._made) == MAX_REMEMBERED
    assert seed(scenario, State(), START, None, remembered) == seed(scenario, State(), START)

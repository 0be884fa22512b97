"""Whatever an emulator may keep is the same after it was written to a file and read again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.engine.image import Image, Kept
from emulator.persistence.snapshot import read_snapshot, write_snapshot
from emulator.values.convex import Value
from emulator.values.ids import FIRST_USER_TABLE
from tests.support.values import arguments, identical, values

names = st.text(st.characters(), min_size=1, max_size=10)
times = st.floats(0, 1e15)
deep: Value = [[]]
for _ in range(80):
    deep = {"a": [deep]}


@st.composite
def tables(draw: st.DrawFn) -> Kept:
    keys = draw(st.lists(names, unique=True, max_size=4))
    documents: list[dict[str, Value]] = [{**draw(arguments), "_creationTime": draw(times), "_id": key} for key in keys]
    return Kept(documents, draw(st.integers(0, 1 << 40)), draw(times))


@given(
    st.dictionaries(names.filter(lambda name: not name.startswith("$")), tables(), max_size=3),
    st.dictionaries(names, values, max_size=3),
    st.integers(0, 1 << 68),
    names.filter(lambda name: all(not "\ud800" <= each <= "\udfff" for each in name)),
)
def test_an_image_is_the_same_after_it_was_a_file(
    tables: dict[str, Kept], variables: dict[str, Value], ts: int, scenario: str
) -> None:
    tables = {name.encode("utf-8", "replace").decode(): kept for name, kept in tables.items()}
    state: list[dict[str, Value]] = [{"_id": name, "value": value} for name, value in variables.items()]
    state.append({"_id": "\0deep", "value": deep})
    collections = {**tables, "$state": Kept(state, len(state), 0.0)}
    numbers = {name: FIRST_USER_TABLE + number for number, name in enumerate(tables)}
    image = Image(scenario, ts, numbers, collections, {"table a": "1"})

    found = read_snapshot(write_snapshot(image, {})).image

    assert (found.scenario, found.ts, found.numbers, found.definitions) == (scenario, ts, numbers, {"table a": "1"})
    assert found.collections.keys() == collections.keys()
    for name, kept in collections.items():
        assert (found.collections[name].inserted, found.collections[name].newest) == kept[1:]
        assert identical(list(found.collections[name].documents), list(kept.documents))

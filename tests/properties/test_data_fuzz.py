"""Whatever a connector sends, export and import answer in the service's own way; what is imported comes out again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.surfaces.convex.late_routes import FOR_ADMINS
from tests.support.export import applied, deltas_since, own, snapshot_of, submit
from tests.support.fuzzing import Sent, check_all, shared, write_json
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving
from tests.support.values import json_trees

SCENARIO = """
deployment: {name: fuzz, admin_keys: [fuzz|key, demo-otter|s3cret]}
tables:
  users: {documents: [{name: Ada}], fields: {name: string, "n": number?}}
  rows: {}
"""
KEY = {"Authorization": "Convex fuzz|key", "Content-Type": "application/json"}
MODULES = ("emulator.surfaces.convex.export.", "emulator.surfaces.convex.streaming_import.")
ROUTES = [(method, path) for (module, _), rows in FOR_ADMINS for method, path, _ in rows if module.startswith(MODULES)]
names = st.one_of(st.sampled_from(["users", "rows", "_id", "id", "name", "x y", "", "이름"]), st.text(max_size=5))
words = st.sampled_from(["included", "excluded", "Upsert", "Update", "HardDelete", "SoftDelete", "json", "export_json"])
rows = st.dictionaries(names, json_trees, max_size=3)
keys = st.one_of(st.none(), st.lists(st.lists(names, max_size=2), max_size=2), json_trees)
streams = st.fixed_dictionaries({"primaryKey": keys, "jsonSchema": json_trees})
messages = st.fixed_dictionaries({"tableName": names, "data": rows})
operations = st.fixed_dictionaries({"table": names, "operation": words, "row": rows})
columns = st.one_of(words, st.dictionaries(names | st.just("_other"), words, max_size=3))
tables = st.one_of(words, st.dictionaries(names | st.just("_other"), columns, max_size=3))
selections = st.one_of(json_trees, st.dictionaries(st.sampled_from(["", "_other", "x"]), tables, max_size=3))
numbers = st.one_of(st.integers(-(2**70), 2**70), st.just(0), json_trees)
indexes = st.fixed_dictionaries({"indexDescriptor": st.just("by_primary_key"), "fields": st.lists(names | json_trees)})
members: dict[str, st.SearchStrategy[Any]] = {
    "tables": st.one_of(st.dictionaries(names, streams, max_size=2), st.lists(names), json_trees),
    "messages": st.one_of(st.lists(messages, max_size=3), json_trees),
    "indexes": st.one_of(st.dictionaries(names, keys, max_size=2), json_trees),
    "tableNames": st.one_of(st.lists(names), json_trees),
    "tableName": names | json_trees,
    "deleteType": words,
    "deleteBefore": numbers | st.text(max_size=12),
    "tableDefinition": st.fixed_dictionaries(
        {"tableName": names, "indexes": st.lists(indexes | json_trees, max_size=2)}
    ),
    "selection": selections,
    "snapshot": numbers,
    "cursor": numbers | st.text(max_size=12),
    "format": words,
}
bodies = st.one_of(
    st.fixed_dictionaries({}, optional=members),
    st.lists(operations, max_size=3),
    json_trees,
).map(write_json)
url_queries = st.dictionaries(
    st.sampled_from(["snapshot", "cursor", "tableName", "component", "format", "limit", "deltaSchema", "byComponent"]),
    st.one_of(st.text(max_size=6), st.integers().map(str), st.just("true"), words),
    max_size=3,
).map(lambda given: "?" + "&".join(f"{name}={quote(each.encode('utf-8', 'replace'))}" for name, each in given.items()))
requests_to_any = st.tuples(st.sampled_from(ROUTES), url_queries, bodies).map(
    lambda drawn: Sent(drawn[0][0], drawn[0][1], drawn[1], dict(KEY), drawn[2])
)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """Serve a deployment that connectors read and write."""
    async with serving(load_text(tmp_path, SCENARIO)) as served:
        yield served


@settings(shared, max_examples=50)
@given(requests=st.lists(requests_to_any, min_size=5, max_size=20))
async def test_whatever_a_connector_sends_is_answered(
    served: Served, caplog: pytest.LogCaptureFixture, requests: list[Sent]
) -> None:
    await check_all(served, caplog, requests)
    documents, _ = await snapshot_of(served)
    assert all(isinstance(each["_id"], str) for each in documents)


fields = st.dictionaries(
    st.text("abcxyz_ ", min_size=1, max_size=4).filter(lambda name: not name.startswith("_")),
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
        max_leaves=5,
    ),
    max_size=4,
)
imports = st.lists(st.tuples(st.integers(0, 5), fields, st.booleans()), max_size=4)


@settings(shared, max_examples=25)
@given(batches=st.lists(imports, max_size=4))
async def test_what_is_imported_by_primary_key_comes_out_again(served: Served, batches: list[Any]) -> None:
    await submit(served, "streaming_import/clear_tables", {"tableNames": ["rows"]}, by="PUT")
    before, cursor = await snapshot_of(served, tableName="rows")
    expected: dict[float, dict[str, Any]] = {}
    for batch in batches:
        messages = []
        for number, row, is_gone in batch:
            mark = {"_ab_cdc_deleted_at": "now"} if is_gone else {}
            messages.append({"tableName": "rows", "data": {**row, "key": number, **mark}})
            expected.pop(number, None)
            if not is_gone:
                expected[number] = {**row, "key": float(number)}
        stream = {"primaryKey": [["key"]], "jsonSchema": {}}
        sent = {"tables": {"rows": stream}, "messages": messages}
        assert (await submit(served, "streaming_import/import_airbyte_records", sent)).status == 200

    after, _ = await snapshot_of(served, tableName="rows")
    changes, _ = await deltas_since(served, cursor, tableName="rows")
    assert before == []
    assert applied({}, changes) == {each["_id"]: own(each) for each in after}
    found = {each["key"]: {k: v for k, v in own(each).items() if not k.startswith("_")} for each in after}
    assert found == expected

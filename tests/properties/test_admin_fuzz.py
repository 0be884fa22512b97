"""Whatever an admin sends, the answer is one of the service's own, and the emulator says nothing of bugs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.engine.system.answer import QUERIES
from emulator.surfaces.convex.admin import logs
from emulator.surfaces.convex.late_routes import BY_BODY, FOR_ADMINS
from tests.support.fuzzing import Sent, check_alive, check_all, shared, visible, write_json
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving
from tests.support.values import json_trees

SCENARIO = """
deployment: {name: fuzz, admin_keys: [fuzz|key], env: {A: x}}
tables: {users: {fields: {name: string}, documents: [{name: Ada}]}, notes: {}}
functions: {"messages:list": {type: query, result: 1, logs: [hi]}}
http: {GET /tea: {body: oolong}}
"""
ROUTES = [(method, path) for _, rows in (*FOR_ADMINS, *BY_BODY) for method, path, _ in rows]
HEADERS: list[dict[str, str | bytes]] = [
    {"Authorization": "Convex fuzz|key", "Content-Type": "application/json"},
    {"Authorization": "Convex fuzz|key", "Content-Type": "application/json", "Convex-Client": "npm-cli-1.48.0"},
    {"Authorization": "Convex fuzz|key"},
    {},
]
_texts = st.one_of(st.sampled_from(["users", "notes", "A", "jsonLines", "zip", "append", "x", "", "_x"]), visible)
_values: st.SearchStrategy[Any] = st.one_of(_texts, json_trees, st.none(), st.lists(_texts, max_size=3))
_named = {"mode": _texts, "tableName": _texts}
_members = {
    "adminKey": st.one_of(st.just("fuzz|key"), _values),
    "changes": st.one_of(st.lists(st.fixed_dictionaries({"name": _texts, "value": _values}), max_size=3), json_trees),
    "import": st.one_of(
        st.fixed_dictionaries({"format": _texts}, optional={"mode": _texts, "tableName": _texts}), _values
    ),
    "uploadToken": _values,
    "partTokens": _values,
    "importId": _values,
    "cursor": _values,
    "selection": _values,
    "tableName": _values,
    "tables": _values,
    "messages": _values,
    "tableNames": _values,
    "indexes": _values,
}
bodies = st.one_of(
    st.fixed_dictionaries({}, optional=_members).map(lambda each: write_json({"adminKey": "fuzz|key"} | each)),
    json_trees.map(write_json),
    st.binary(max_size=50),
)
queries = st.one_of(
    st.just(""),
    st.sampled_from(["?cursor=0", "?cursor=1e400", "?includeStorage=true", "?tableName=users", "?component=x"]),
    st.tuples(st.sampled_from(["cursor", "uploadToken", "partNumber", "format", "snapshot"]), visible).map(
        lambda pair: f"?{pair[0]}={pair[1].replace('#', '')}&partNumber=1"
    ),
)
paths = st.one_of(st.just(""), st.just("x"), st.integers(0, 2**70).map(str), visible)


@st.composite
def requests_of_admins(draw: st.DrawFn) -> Sent:
    """Draw a request for one of the routes, or of a system query."""
    headers = draw(st.sampled_from(HEADERS))
    if draw(st.booleans()):
        args = draw(
            st.one_of(json_trees, st.fixed_dictionaries({}, optional=dict.fromkeys(("table", "name"), _values)))
        )
        asked = {"path": draw(st.sampled_from(sorted(QUERIES))), "args": args}
        return Sent("POST", "/api/query", "", headers, write_json(asked))
    method, path = draw(st.sampled_from(ROUTES))
    rest = draw(paths).replace("?", "") if path.endswith("/") else ""
    return Sent(method, path + rest, draw(queries), headers, b"" if method == "GET" else draw(bodies))


@pytest.fixture
async def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    """Serve a scenario whose polls wait for nothing."""
    monkeypatch.setattr(logs, "LONGEST", 0.0)
    async with serving(load_text(tmp_path, SCENARIO)) as served:
        yield served


@settings(shared, max_examples=60)
@given(requests=st.lists(requests_of_admins(), min_size=5, max_size=20))
async def test_whatever_an_admin_sends_is_answered(
    served: Served, caplog: pytest.LogCaptureFixture, requests: list[Sent]
) -> None:
    await check_all(served, caplog, requests)
    served.emulator.pause(on=False)
    await check_alive(served)

"""The control API is sent what its own description allows, and what it does not; it answers in its own words."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.clocks import WatchedClock
from tests.support.control import BEARER, PREFIX, Control, controlling
from tests.support.described import check_described, description
from tests.support.fuzzing import Sent, answers, check, check_log, headers, shared, write_json
from tests.support.raw import RawAnswer
from tests.support.scenarios import load_text
from tests.support.values import json_trees
from tests.wire.control.conftest import SCENARIO

NAMES = ("notes", "outage", "few", "default", "telegram", "1", "count", "label", "state", "5ms", "0s", "connected")
KNOWN = {"tables": "notes", "faults": "outage", "scenarios": "default", "channels": "telegram", "journal": "1"}
VALUES = ({"$integer": "AQAAAAAAAAA="}, {"$float": "AAAAAAAA+H8="}, {"$bytes": "AQ=="}, {"$odd": 1}, 10**400, -0.0)
texts = st.one_of(st.sampled_from(NAMES), st.text(max_size=12))
any_value = st.one_of(json_trees, st.sampled_from(VALUES))


class Described:
    """Requests as a description has them."""

    def __init__(self, description: Any) -> None:
        self._schemas = description["components"]["schemas"]
        self.operations = [
            (method.upper(), path, operation)
            for path, operations in description["paths"].items()
            for method, operation in operations.items()
            if not path.endswith("/follow")  # which does not end
        ]

    def valid(self, schema: Any) -> st.SearchStrategy[Any]:
        """Draw what a schema allows."""
        if "$ref" in schema:
            return self.valid(self._schemas[schema["$ref"].rpartition("/")[2]])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        if "anyOf" in schema:
            return st.one_of(*map(self.valid, schema["anyOf"]))
        match schema.get("type"):
            case "string":
                return texts
            case "integer":
                low = schema.get("minimum", -5)
                return st.integers(low, max(low, 0) + 50)
            case "number":
                return st.floats(0.001, schema.get("maximum", 100.0))
            case "boolean":
                return st.booleans()
            case "null":
                return st.none()
            case "array":
                return st.lists(self.valid(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
            case "object":
                return self._object(schema)
            case _:
                return any_value

    def _object(self, schema: Any) -> st.SearchStrategy[Any]:
        fields = {name: self.valid(each) for name, each in schema.get("properties", {}).items()}
        if not fields:
            return st.dictionaries(texts, any_value, max_size=3)
        needed = {name: each for name, each in fields.items() if name in schema.get("required", ())}
        others = {name: each for name, each in fields.items() if name not in needed}
        if "timeout" in others:  # nobody has five seconds for each
            needed["timeout"] = st.sampled_from(["0ms", "1ms"])
            del others["timeout"]
        return st.fixed_dictionaries(needed, optional=others)

    @property
    def requests(self) -> st.SearchStrategy[Sent]:
        """Draw a request, mostly sound."""
        return st.sampled_from(self.operations).flatmap(lambda each: self._request(*each))

    def _request(self, method: str, path: str, operation: Any) -> st.SearchStrategy[Sent]:
        parameters = {each["name"]: each["schema"] for each in operation["parameters"] if each["in"] == "query"}
        queries = st.fixed_dictionaries({}, optional={name: self.valid(each) for name, each in parameters.items()})
        known = KNOWN.get(path.split("/")[2], "x")
        segments = st.one_of(st.just(known), st.just(known), texts.filter(bool))
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        bodies = st.just(b"") if content is None else self._bodies(content["schema"])
        sound = st.just({"Host": "localhost", **BEARER})
        own = st.one_of(sound, sound, sound, headers.map(lambda each: {"Host": "localhost", **each}))
        return st.builds(
            lambda path, query, headers, body: Sent(method, path, query, headers, body),
            segments.map(lambda name: re.sub(r"{\w+}", lambda _: quote(name, safe=""), path)),
            queries.map(lambda query: f"?{urlencode(query)}" if query else ""),
            own,
            bodies,
        )

    def _bodies(self, schema: Any) -> st.SearchStrategy[bytes]:
        valid = self.valid(schema)
        broken = st.tuples(valid, st.dictionaries(texts, any_value, max_size=2)).map(lambda two: {**two[0], **two[1]})
        keys = list(self._schemas[schema["$ref"].rpartition("/")[2]]["properties"])
        swapped = st.dictionaries(st.sampled_from(keys).filter(lambda each: each != "count"), any_value, max_size=3)
        quick = swapped.map(lambda each: {**each, "timeout": "1ms"} if "timeout" in keys else each)
        return st.one_of(
            valid.map(write_json),
            valid.map(write_json),
            broken.map(_quickly).map(write_json),
            quick.map(write_json),
            any_value.filter(bool).map(_quickly).map(write_json),
            st.binary(max_size=10).filter(bytes.strip),
        )


def _quickly(tree: Any) -> Any:
    return {**tree, "timeout": "1ms"} if isinstance(tree, dict) and "timeout" in tree else tree


@pytest.fixture(scope="module")
def described() -> Described:
    return Described(description())


@pytest.fixture
async def control(tmp_path: Path) -> AsyncIterator[Control]:
    async with controlling(load_text(tmp_path, SCENARIO), WatchedClock()) as control:
        yield control


def check_answer(sent: Sent, answer: RawAnswer) -> None:
    """Hold an answer against what any of the control API must be."""
    check(sent, answer)
    told = (bytes(sent), answer)
    assert all(not name.startswith("access-control") for name, _ in answer.headers), told
    check_described(sent.method, sent.path, answer.status, answer.header("content-type"), answer.body)
    if answer.status != 200:
        error = json.loads(answer.body)["error"]
        assert error["code"] != "internal", told
        assert error["message"], told


@settings(shared, max_examples=60)
@given(data=st.data())
async def test_whatever_is_sent_is_answered_as_the_description_says(
    control: Control, described: Described, caplog: pytest.LogCaptureFixture, data: st.DataObject
) -> None:
    requests = data.draw(st.lists(described.requests, min_size=5, max_size=15))
    async for sent, answer in answers(control.url, requests):
        check_answer(sent, answer)
        check_log(caplog, bytes(sent))
    await check_alive(control)


odd_paths = st.lists(
    st.one_of(texts, st.sampled_from(["journal", "tables", "clock", "%", "%ff", "..", ""])), max_size=4
)


@settings(shared, max_examples=40)
@given(
    requests=st.lists(
        st.builds(
            Sent,
            st.sampled_from(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE")),
            odd_paths.map(lambda parts: f"{PREFIX}/{'/'.join(quote(part, safe='%') for part in parts)}"),
            st.sampled_from(("", "?", "?limit=1", "?%ff=%zz", "?after=")),
            headers.map(lambda each: {"Host": "localhost", **each}),
            st.one_of(st.just(b""), json_trees.map(write_json)),
        ),
        min_size=5,
        max_size=15,
    )
)
async def test_whatever_is_asked_of_any_path_is_answered(
    control: Control, caplog: pytest.LogCaptureFixture, requests: list[Sent]
) -> None:
    async for sent, answer in answers(control.url, requests):
        if sent.method != "HEAD" and answer.status not in (400, 417):
            check_answer(sent, answer)
        check(sent, answer)
        check_log(caplog, bytes(sent))
    await check_alive(control)


async def check_alive(control: Control) -> None:
    """Fail unless the emulator still answers, and can begin anew."""
    assert await control.send("POST", "/reset") == {"ok": True}
    assert (await control.call("notes:list"))["status"] == "success"
    assert (await control.get("/status"))["tables"] == {"notes": 1}

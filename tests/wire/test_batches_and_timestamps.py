"""Several queries in one request, and queries at a timestamp (contract convex §4.1)."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from typing import Any

import pytest

from tests.support.clocks import START, WatchedClock
from tests.support.functions import Answer, error_text, post, send
from tests.support.serving import Served


async def batch(served: Served, *queries: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
    return await post(served, "/api/query_batch", {"queries": queries}, headers)


def asking(path: str, args: object = None, **more: object) -> dict[str, Any]:
    return {"path": path, "args": {} if args is None else args, **more}


async def test_a_batch_is_answered_in_its_order_errors_and_all(served: Served) -> None:
    answer = await batch(
        served, asking("jobs/nightly"), asking("errors:data"), asking("no:such"), asking("echo:args", [{"n": 1}])
    )

    first, second, third, fourth = answer.json["results"]
    assert answer.status == 200
    assert first == {"status": "success", "value": "nightly", "logLines": []}
    assert second["errorData"] == {"code": "NO_TEA", "left": "0"}
    assert error_text(third) == "Could not find public function for 'no:such'."
    assert fourth["value"] == "a float"
    assert all(each["logLines"] == [] for each in (first, second, fourth))
    assert third["logLines"][0].startswith("[WARN] 'no:such is not scripted")


async def test_an_empty_batch_has_no_results(served: Served) -> None:
    assert (await batch(served)).json == {"results": []}


async def test_each_query_of_a_batch_has_a_format_of_its_own(served: Served) -> None:
    queries = [asking("messages:list", format=form) for form in ("json", "convex_encoded_json", "export_json")]

    answer = await batch(served, *queries, asking("messages:list"))

    likes = [each["value"][0]["likes"] for each in answer.json["results"]]
    assert likes == ["3", {"$integer": "AwAAAAAAAAA="}, 3, "3"]


async def test_a_batch_of_an_old_client_is_encoded(served: Served) -> None:
    answer = await batch(served, asking("messages:list"), headers={"Convex-Client": "npm-1.4.0"})

    assert answer.json["results"][0]["value"][0]["likes"] == {"$integer": "AwAAAAAAAAA="}


async def test_a_batch_runs_queries_only(served: Served) -> None:
    (result,) = (await batch(served, asking("messages:send"))).json["results"]

    assert error_text(result) == "Trying to execute messages.js:send as Query, but it is defined as Mutation."


async def test_a_bad_format_refuses_a_batch_before_anything_has_run(served: Served) -> None:
    refused = await batch(served, asking("jobs:status"), asking("jobs:status", format="xml"))
    answer = await batch(served, asking("jobs:status"))

    assert refused.refusal == (400, "BadFormat", "format param must be one of [`json`]. Got xml")
    assert answer.json["results"][0]["value"] == "queued"


async def test_a_malformed_path_refuses_a_batch_before_anything_has_run(served: Served) -> None:
    refused = await batch(served, asking("jobs:status"), asking("x.ts:a"))
    answer = await batch(served, asking("jobs:status"))

    assert refused.refusal[:2] == (400, "BadConvexFunctionIdentifier")
    assert answer.json["results"][0]["value"] == "queued"


async def test_a_failure_of_the_infrastructure_fails_the_whole_batch(served: Served, clock: WatchedClock) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(batch(served, asking("jobs/nightly"), asking("slow:down")))
        await clock.until_asleep()
        await clock.pass_milliseconds(100)

    assert task.result().refusal[:2] == (503, "ExecuteFullError")


async def test_a_batch_is_decided_at_once_and_waits_for_its_slowest(served: Served, clock: WatchedClock) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(batch(served, asking("slow:list"), asking("slow:list"), asking("jobs:status")))
        await clock.until_asleep(2)
        await clock.pass_milliseconds(249)
        assert clock.asleep == 2
        await clock.pass_milliseconds(1)

    values = [each["value"] for each in task.result().json["results"]]
    assert values == ["slow", "slow", "queued"]


async def test_a_timestamp_is_eight_bytes_little_endian_of_the_clock(served: Served) -> None:
    answer = await post(served, "/api/query_ts", {})

    assert answer.status == 200
    assert set(answer.json) == {"ts"}
    number = int.from_bytes(b64decode(answer.json["ts"], validate=True), "little")
    assert number == START + 1  # the first one was of the beginning


async def test_timestamps_strictly_grow(served: Served, clock: WatchedClock) -> None:
    async def stamp() -> int:
        text = (await post(served, "/api/query_ts", None)).json["ts"]
        return int.from_bytes(b64decode(text), "little")

    stamps = [await stamp() for _ in range(3)]
    await clock.pass_milliseconds(5)
    stamps.append(await stamp())

    assert stamps == sorted(set(stamps))
    assert stamps[-1] == START + 5_000_000


@pytest.mark.parametrize(
    ("body", "kind"), [(b"", "application/json"), (b"", ""), (b"not json", "text/plain"), (b"{", "application/json")]
)
async def test_asking_for_a_timestamp_needs_no_body_and_reads_none(served: Served, body: bytes, kind: str) -> None:
    answer = await send(served, "/api/query_ts", body, {"Content-Type": kind})

    assert answer.status == 200
    assert len(answer.json["ts"]) == 12


async def test_a_query_runs_at_a_timestamp(served: Served) -> None:
    ts = (await post(served, "/api/query_ts", None)).json["ts"]

    answer = await post(served, "/api/query_at_ts", {"path": "jobs/nightly", "args": [{}], "ts": ts})
    encoded = await post(
        served,
        "/api/query_at_ts",
        {"path": "messages:list", "format": "convex_encoded_json", "args": [{}], "ts": ts},
    )

    assert answer.value == "nightly"
    assert encoded.value[0]["likes"] == {"$integer": "AwAAAAAAAAA="}


async def test_a_mutation_runs_at_no_timestamp(served: Served) -> None:
    ts = b64encode(bytes(8)).decode()

    answer = await post(served, "/api/query_at_ts", {"path": "messages:send", "args": {}, "ts": ts})

    assert answer.error == "Trying to execute messages.js:send as Query, but it is defined as Mutation."


async def test_a_query_at_a_timestamp_needs_it(served: Served) -> None:
    answer = await send(served, "/api/query_at_ts", '{"path":"jobs/nightly","args":{}}')

    message = "Failed to deserialize the JSON body into the target type: missing field `ts` at line 1 column 33"
    assert answer.refusal == (400, "BadJsonBody", message)


@pytest.mark.parametrize("ts", ["", "AAAA", "not base64!", b64encode(bytes(9)).decode(), "안녕"])
async def test_a_timestamp_that_is_none_is_refused(served: Served, ts: str) -> None:
    answer = await post(served, "/api/query_at_ts", {"path": "jobs:status", "args": {}, "ts": ts})

    assert answer.refusal[0] == 400
    assert (await post(served, "/api/query", {"path": "jobs:status", "args": {}})).value == "queued"

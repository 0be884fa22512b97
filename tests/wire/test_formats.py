"""Formats of answers: asked for, by default, unknown (contract convex §1.4, §2.1)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.functions import post, query, send
from tests.support.serving import Served

NAN, INF, MINUS_INF, MINUS_ZERO = (f'{{"$float":"AAAAAAAA{tail}="}}' for tail in ("+H8", "8H8", "8P8", "AIA"))
ENCODED = (
    f'[null,true,1.5,3.0,{NAN},{INF},{MINUS_INF},{MINUS_ZERO},"tea",'
    '{"$integer":"KgAAAAAAAAA="},{"$bytes":"AQID"},{"k":[]}]'
)
CLEAN = '[null,true,1.5,3.0,"NaN","Infinity","-Infinity",-0.0,"tea","42","AQID",{"k":[]}]'
EXPORT = f'[null,true,1.5,3.0,{NAN},{INF},{MINUS_INF},-0.0,"tea",42,{{"$bytes":"AQID"}},{{"k":[]}}]'
BAD_FORMAT = (400, "BadFormat", "format param must be one of [`json`]. Got xml")


def success(value: str) -> bytes:
    return f'{{"status":"success","value":{value},"logLines":[]}}'.encode()


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("convex_encoded_json", ENCODED),
        ("convex_json", ENCODED),
        ("json", CLEAN),
        ("convex_clean_json", CLEAN),
        ("export_json", EXPORT),
    ],
)
@pytest.mark.parametrize("client", [None, "npm-1.0.0", "python-0.8.1"])
async def test_values_are_written_in_the_format_asked_for_whoever_asks(
    served: Served, form: str, value: str, client: str | None
) -> None:
    headers = {"Convex-Client": client} if client else {}

    for _ in range(2):
        assert (await query(served, "values:all", headers=headers, format=form)).body == success(value)


@pytest.mark.parametrize(
    ("client", "value"),
    [
        (None, CLEAN),
        ("npm-1.4.0", ENCODED),
        ("npm-0.20.0", ENCODED),
        ("npm-cli-1.4.0", ENCODED),
        ("actions-1.4.0", ENCODED),
        ("npm-1.4.1", CLEAN),
        ("npm-cli-1.4.1", CLEAN),
        ("actions-1.4.1", CLEAN),
        ("npm-1.48.0", CLEAN),
        ("npm-2.0.0", CLEAN),
        ("python-0.4.9", ENCODED),
        ("python-0.2.1", ENCODED),
        ("python-convex-0.4.9", ENCODED),
        ("python-0.5.0", CLEAN),
        ("python-0.8.1", CLEAN),
        ("rust-0.1.0", CLEAN),
        ("swift-0.0.1", CLEAN),
        ("airbyte-export-0.4.51", CLEAN),
        ("my-esolang-client-0.0.1", CLEAN),
    ],
)
async def test_without_a_format_the_client_decides(served: Served, client: str | None, value: str) -> None:
    headers = {"Convex-Client": client} if client else {}
    body = {"path": "values:all", "args": {}}

    assert (await query(served, "values:all", headers=headers)).body == success(value)
    assert (await post(served, "/api/query", {**body, "format": None}, headers)).body == success(value)
    by_url = await send(served, "/api/query?path=values:all&args=%7B%7D", None, headers, by="GET")
    assert by_url.body == success(value)


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("convex_encoded_json", {"code": "NO_TEA", "left": {"$integer": "AAAAAAAAAAA="}}),
        ("json", {"code": "NO_TEA", "left": "0"}),
        ("export_json", {"code": "NO_TEA", "left": 0}),
    ],
)
async def test_error_data_are_written_in_the_format_asked_for(served: Served, form: str, data: Any) -> None:
    answer = await query(served, "errors:data", format=form)

    assert answer.json["errorData"] == data


async def test_an_unknown_format_is_refused_after_the_function_has_run(served: Served) -> None:
    refused = await query(served, "jobs:status", format="xml")
    answer = await query(served, "jobs:status")

    assert refused.refusal == BAD_FORMAT
    assert answer.value == "running"


@pytest.mark.parametrize("path", ["/api/mutation", "/api/action", "/api/function", "/api/query_at_ts"])
async def test_an_unknown_format_is_refused_wherever_it_may_stand(
    served: Served, admin: dict[str, str], path: str
) -> None:
    body = {"path": "jobs:status", "args": {}, "format": "xml", "ts": "AAAAAAAAAAA="}

    refused = await post(served, path, body, admin)

    assert refused.refusal == BAD_FORMAT
    assert (await query(served, "jobs:status")).value == "running"


async def test_an_unknown_format_is_refused_when_running_by_url_and_in_a_url(served: Served) -> None:
    by_post = await post(served, "/api/run/jobs/status", {"args": {}, "format": "xml"})
    by_get = await send(served, "/api/query?path=jobs:status&args=%7B%7D&format=xml", by="GET")

    assert by_post.refusal == by_get.refusal == BAD_FORMAT
    assert (await query(served, "jobs:status")).value == "done"


@pytest.mark.parametrize("form", ["", "JSON", "öäü", "a\nb", "x" * 5000])
async def test_any_text_may_be_an_unknown_format(served: Served, form: str) -> None:
    refused = await query(served, "jobs:status", format=form)

    assert refused.refusal == (400, "BadFormat", f"format param must be one of [`json`]. Got {form}")


@pytest.mark.parametrize("form", ["xml", "json"])
async def test_a_scripted_failure_or_error_is_not_hidden_by_the_format(served: Served, form: str) -> None:
    answer = await query(served, "errors:plain", format=form)

    assert answer.status == (400 if form == "xml" else 200)

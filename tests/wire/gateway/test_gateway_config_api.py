"""The config over the wire; what a patch makes of a tree is tested with the engine (openclaw §1.10)."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.wire.gateway.conftest import Serve

CONFIG = """
gateway:
  auth: {password: secret}
  config:
    agents: {defaults: {maxConcurrent: 2}, list: [{id: main}]}
    channels: {telegram: {botToken: "123:abc"}}
    a.b: 1
"""
ALL = {"Authorization": "Bearer secret"}
MODEL = "anthropic/claude-sonnet-4-20250514"
SMALL = "gateway: {config: {x: {y: 1}}}"


async def test_the_config_is_a_tree_without_secrets_and_its_hash(serve: Serve) -> None:
    gateway = await serve(CONFIG)

    answer = await gateway.get("/api/config", ALL)

    assert set(answer.ok) == {"config", "hash"}
    assert answer.ok["config"] == {
        "agents": {"defaults": {"model": MODEL, "maxConcurrent": 2}, "list": [{"id": "main"}]},
        "gateway": {"port": 18789, "auth": {"mode": "password", "password": "__REDACTED__"}},
        "channels": {"telegram": {"botToken": "__REDACTED__"}},
        "a": {"b": 1},
    }
    assert answer.ok["hash"].startswith("sha256:")
    assert answer.headers["ETag"] == f'"{answer.ok["hash"]}"'
    assert b"123:abc" not in answer.body
    assert b"secret" not in answer.body.replace(b"secrets", b"")


async def test_one_value_is_read_by_its_path(serve: Serve) -> None:
    gateway = await serve(CONFIG)

    async def read(key: str) -> object:
        answer = (await gateway.get(f"/api/config?key={key}", ALL)).ok
        assert set(answer) == {"key", "value"}
        return answer["value"]

    assert await read("agents.defaults.model") == MODEL
    assert await read("agents.list.0.id") == "main"
    assert await read("agents.defaults") == {"model": MODEL, "maxConcurrent": 2}
    assert await read("channels.telegram.botToken") == "__REDACTED__"
    for key in ("agents.nothing", "", "agents.list.1", "agents.defaults.model.x"):
        assert (await gateway.get(f"/api/config?key={key}", ALL)).refusal == (404, "NOT_FOUND")


async def test_the_config_is_read_flat(serve: Serve) -> None:
    gateway = await serve(CONFIG)

    assert (await gateway.get("/api/config?flat=1", ALL)).ok["config"] == {
        "agents.defaults.model": MODEL,
        "agents.defaults.maxConcurrent": 2,
        "agents.list.0.id": "main",
        "gateway.port": 18789,
        "gateway.auth.mode": "password",
        "gateway.auth.password": "__REDACTED__",
        "channels.telegram.botToken": "__REDACTED__",
        "a.b": 1,
    }


async def test_the_documented_example_changes_the_model(serve: Serve) -> None:
    gateway = await serve(SMALL)

    answer = await gateway.patch({"agents.defaults.model": "anthropic/claude-opus-4"})

    assert set(answer.ok) == {"ok", "applied", "config", "hash"}
    assert (answer.ok["ok"], answer.ok["applied"]) == (True, ["agents.defaults.model"])
    assert answer.ok["config"]["agents"]["defaults"]["model"] == "anthropic/claude-opus-4"
    again = await gateway.get("/api/config")
    assert again.ok == {"config": answer.ok["config"], "hash": answer.ok["hash"]}
    assert answer.headers["ETag"] == again.headers["ETag"] == f'"{answer.ok["hash"]}"'


@pytest.mark.parametrize(
    ("patch", "key", "value"),
    [
        ({"a.b.c": 1}, "a", {"b": {"c": 1}}),
        ({"x": {"z": 2}}, "x", {"y": 1, "z": 2}),
        ({"x.y": {"deep": True}}, "x.y", {"deep": True}),
        ({"x.y": None}, "x", {}),
        ({"x": {"y": None, "z": 1}}, "x", {"z": 1}),
        ({"x.list": [1, 2]}, "x.list", [1, 2]),
        ({"x.list": [1, 2], "x.list.0": 9, "x.list.2": 3}, "x.list", [9, 2, 3]),
        ({r"x.a\.b": 1}, "x", {"y": 1, "a.b": 1}),
        ({"한글.키": "값"}, "한글.키", "값"),
        ({"x.y": 2, "x": {"y": 3}}, "x.y", 3),
    ],
    ids=str,
)
async def test_a_patch_is_a_merge_by_paths(serve: Serve, patch: dict[str, object], key: str, value: object) -> None:
    gateway = await serve(SMALL)

    assert (await gateway.patch(patch)).status == 200
    assert (await gateway.get(f"/api/config?key={quote(key)}")).ok["value"] == value


@pytest.mark.parametrize(
    ("patch", "places"),
    [
        ({"x.y.z": 1}, ["x.y.z"]),
        ({"x..z": 1}, ["x."]),
        ({"": 1}, [""]),
        ({"__proto__.x": 1}, ["__proto__"]),
        ({"x.constructor": 1}, ["x.constructor"]),
        ({"agents.defaults.model": 5}, ["agents.defaults.model"]),
        ({"agents.defaults.maxConcurrent": 0}, ["agents.defaults.maxConcurrent"]),
        ({"channels.slack.enabled": "no"}, ["channels.slack.enabled"]),
        ({"x.list": [1], "x.list.5": 1}, ["x.list.5"]),
        ({"x.y.a": 1, "x..b": 2, "agents.defaults.model": []}, None),
    ],
    ids=str,
)
async def test_a_patch_that_cannot_be_changes_nothing(
    serve: Serve, patch: dict[str, object], places: list[str] | None
) -> None:
    gateway = await serve(SMALL)
    before = (await gateway.get("/api/config")).ok

    refused = await gateway.patch({"good": 1, **patch})

    assert refused.issues == places or (places is None and refused.issues)
    assert (await gateway.get("/api/config")).ok == before


async def test_an_empty_patch_changes_nothing(serve: Serve) -> None:
    gateway = await serve(SMALL)
    before = (await gateway.get("/api/config")).ok

    answer = await gateway.patch({})

    assert answer.ok == {"ok": True, "applied": [], **before}


@pytest.mark.parametrize(
    "patch",
    [{"gateway.auth.password": "mine"}, {"gateway.auth": None}, {"gateway": {"auth": {}}}, {"gateway": None}],
    ids=str,
)
async def test_nobody_locks_themselves_out(serve: Serve, patch: dict[str, object]) -> None:
    gateway = await serve(CONFIG)

    refused = await gateway.patch({"good": 1, **patch}, ALL)

    assert refused.refusal == (403, "FORBIDDEN")
    assert (await gateway.get("/api/config?key=good", ALL)).status == 404


async def test_what_was_read_can_be_written_back(serve: Serve) -> None:
    gateway = await serve(CONFIG.replace("auth:", "version: x\n  #"))
    read = (await gateway.get("/api/config")).ok
    del read["config"]["gateway"]["auth"]

    written = (await gateway.patch(read["config"])).ok

    assert written["hash"] == read["hash"]


async def test_a_change_of_a_secret_is_seen_in_the_hash_only(serve: Serve) -> None:
    gateway = await serve(CONFIG)
    before = (await gateway.get("/api/config", ALL)).ok

    after = (await gateway.patch({"channels.telegram.botToken": "456:def"}, ALL)).ok

    assert after["config"] == before["config"]
    assert after["hash"] != before["hash"]


async def test_a_change_meant_for_another_config_is_refused(serve: Serve) -> None:
    gateway = await serve(SMALL)
    old = (await gateway.get("/api/config")).headers["ETag"]
    new = (await gateway.patch({"x.y": 2})).headers["ETag"]

    refused = await gateway.patch({"x.y": 3}, {"If-Match": old})
    listed = await gateway.patch({"x.z": 1}, {"If-Match": f"{old}, {new}"})
    anyhow = await gateway.patch({"x.z": 2}, {"If-Match": "*"})

    assert old != new
    assert refused.refusal == (412, "INVALID_REQUEST")
    assert (listed.status, anyhow.status) == (200, 200)
    assert (await gateway.get("/api/config?key=x.y")).ok["value"] == 2


async def test_the_hash_is_the_same_in_every_run(serve: Serve) -> None:
    gateway, again = await serve(SMALL), await serve(SMALL)

    assert (await gateway.get("/api/config")).body == (await again.get("/api/config")).body

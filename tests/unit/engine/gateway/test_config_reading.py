"""The gateway's config as it is read: whole, flat or one value, without its secrets; and what it begins with."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.engine.gateway.config import (
    PLACEHOLDER,
    ForbiddenKeyError,
    flat,
    hash_of,
    initial,
    patched,
    redacted,
    value_at,
)

TREE: Any = {
    "agents": {"defaults": {"model": "a/b"}, "list": [{"id": "main", "model": "x"}, {"id": "ops"}]},
    "channels": {"signal": {"note": "hers", "botToken": "s3cret"}},
    "gateway": {"port": 18789, "auth": {"mode": "password", "password": "hunter2"}},
}


def test_secrets_are_redacted_at_any_depth() -> None:
    tree: Any = {
        "password": "a",
        "b": [{"token": 7, "botToken": "c", "openaiApiKey": "d", "apiKey": "e"}],
        "secret": {"deep": {"secret": "f"}},
        "maxTokens": 5,
        "tokens": "g",
        "auth": {"password": "", "token": None, "apiKey": False},
    }

    assert redacted(tree) == {
        "password": PLACEHOLDER,
        "b": [{"token": PLACEHOLDER, "botToken": PLACEHOLDER, "openaiApiKey": PLACEHOLDER, "apiKey": PLACEHOLDER}],
        "secret": {"deep": {"secret": PLACEHOLDER}},
        "maxTokens": 5,
        "tokens": "g",
        "auth": {"password": "", "token": None, "apiKey": False},
    }
    assert tree["password"] == "a"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("agents.defaults.model", "a/b"),
        ("agents.list.1", {"id": "ops"}),
        ("agents.list.0.id", "main"),
        ("gateway.auth", {"mode": "password", "password": "hunter2"}),
    ],
)
def test_a_value_is_found_at_its_path(key: str, value: Any) -> None:
    assert value_at(TREE, key) == value


@pytest.mark.parametrize(
    "key", ["", "agents.none", "agents.list.2", "agents.list.x", "agents.list.-1", "gateway.port.x", "gateway."]
)
def test_nothing_is_found_where_nothing_is(key: str) -> None:
    with pytest.raises(KeyError):
        value_at(TREE, key)


def test_a_flat_tree_has_all_values_by_their_paths() -> None:
    tree: Any = {"a": {"b.c": 1, "d\\": 2, "e": {}, "f": []}, "g": [None, {"h": True}]}

    assert flat(tree) == {
        r"a.b\.c": 1,
        r"a.d" + "\\\\": 2,
        "a.e": {},
        "a.f": [],
        "g.0": None,
        "g.1.h": True,
    }
    assert flat({}) == {}


def test_the_hash_is_of_the_values_not_of_the_order_of_their_keys() -> None:
    assert hash_of({"a": 1, "b": 2}) == hash_of({"b": 2, "a": 1})
    assert hash_of({"a": 1}) == "sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
    assert hash_of({"token": "x"}) != hash_of({"token": "y"})
    assert hash_of({"a": {"b": 1}}) != hash_of({"a.b": 1})


def test_a_config_begins_with_what_the_gateway_is() -> None:
    tree = initial({}, has_password=True, has_tokens=True, port=18789, model="a/b")

    assert tree == {
        "agents": {"defaults": {"model": "a/b"}},
        "gateway": {"port": 18789, "auth": {"mode": "password", "password": PLACEHOLDER}},
    }
    assert patched(tree, {"a": 1}).tree == {**tree, "a": 1}


def test_a_config_without_a_password_says_so() -> None:
    tokens = initial({}, has_password=False, has_tokens=True, port=0, model="m")
    neither = initial({}, has_password=False, has_tokens=False, port=0, model="m")

    assert value_at(tokens, "gateway.auth") == {"mode": "token"}
    assert value_at(neither, "gateway.auth") == {"mode": "none"}


def test_a_scenario_writes_over_the_config() -> None:
    written: Any = {"agents": {"list": [1]}, "agents.defaults.model": "mine", "gateway": {"port": 1}}
    tree = initial(written, has_password=False, has_tokens=False, port=18789, model="m")

    assert value_at(tree, "agents") == {"defaults": {"model": "mine"}, "list": [1]}
    assert value_at(tree, "gateway.port") == 1


def test_a_scenario_cannot_write_how_people_get_in() -> None:
    with pytest.raises(ForbiddenKeyError):
        initial({"gateway.auth.mode": "none"}, has_password=True, has_tokens=False, port=1, model="m")

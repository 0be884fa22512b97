"""The gateway's config: what a PATCH sets, merges, removes and refuses."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from emulator.engine.gateway.config import (
    PLACEHOLDER,
    ConfigError,
    ForbiddenKeyError,
    patched,
    redacted,
    value_at,
)

TREE: Any = {
    "agents": {"defaults": {"model": "a/b"}, "list": [{"id": "main", "model": "x"}, {"id": "ops"}]},
    "channels": {"signal": {"note": "hers", "botToken": "s3cret"}},
    "gateway": {"port": 18789, "auth": {"mode": "password", "password": "hunter2"}},
}


def after(patch: Any, tree: Any = TREE) -> Any:
    before, given = copy.deepcopy(tree), copy.deepcopy(patch)
    result: Any = patched(tree, patch).tree

    assert (tree, patch) == (before, given), "the input has been changed"
    return result


def refusal(patch: Any, tree: Any = TREE) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as caught:
        after(patch, tree)
    return [(each.path, each.message) for each in caught.value.issues]


def test_the_documented_patch_sets_and_removes() -> None:
    patch: Any = {
        "agents.defaults.model": "openai/gpt-4.1",
        "agents.defaults.maxConcurrent": 2,
        "channels.signal.note": None,
    }

    result = patched(TREE, patch)

    assert value_at(result.tree, "agents.defaults") == {"model": "openai/gpt-4.1", "maxConcurrent": 2}
    assert value_at(result.tree, "channels.signal") == {"botToken": "s3cret"}
    assert result.applied == ("agents.defaults.model", "agents.defaults.maxConcurrent", "channels.signal.note")


def test_a_dotted_key_and_nested_objects_mean_the_same() -> None:
    dotted = patched(TREE, {"agents.defaults.model": "x/y"})

    assert patched(TREE, {"agents": {"defaults": {"model": "x/y"}}}) == dotted
    assert patched(TREE, {"agents.defaults": {"model": "x/y"}}) == dotted


def test_objects_on_the_way_are_made() -> None:
    assert after({"a.b.c": 1}, {}) == {"a": {"b": {"c": 1}}}


def test_removing_what_is_not_there_makes_nothing() -> None:
    assert after({"a.b.c": None}, {}) == {}


def test_an_empty_patch_changes_nothing() -> None:
    assert patched(TREE, {}).tree == TREE
    assert patched(TREE, {}).applied == ()


@pytest.mark.parametrize(
    ("tree", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"a": [1, 2]}, {"a": {"a": "b", "c": None}}, {"a": {"a": "b"}}),
        ({"e": [None]}, {"a": 1}, {"e": [None], "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": "text"}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
        ({}, {"a": [None, {"b": None}]}, {"a": [None, {"b": None}]}),
    ],
)
def test_values_merge_as_rfc_7396_has_it(tree: Any, patch: Any, expected: Any) -> None:
    assert after(patch, tree) == expected


def test_dots_inside_nested_objects_are_parts_of_the_key() -> None:
    assert after({"peers": {"a.b": 1}}, {}) == {"peers": {"a.b": 1}}


@pytest.mark.parametrize(
    ("key", "path"),
    [
        (r"peers.a\.b", ["peers", "a.b"]),
        (r"peers.a\\b", ["peers", "a\\b"]),
        (r"peers.a\\.b", ["peers", "a\\", "b"]),
        (r"peers.a\\\.b", ["peers", "a\\.b"]),
        (r"peers.C:\x", ["peers", "C:\\x"]),
        ("peers.a\\", ["peers", "a\\"]),
        ("peers.채널 @é\n", ["peers", "채널 @é\n"]),
    ],
)
def test_a_backslash_makes_a_dot_a_part_of_the_segment(key: str, path: list[str]) -> None:
    value: Any = after({key: 1}, {})
    for segment in path:
        value = value[segment]

    assert value == 1


def test_a_whole_number_stands_for_an_element_of_an_array() -> None:
    assert after({"agents.list.1.model": "y"})["agents"]["list"] == [
        {"id": "main", "model": "x"},
        {"id": "ops", "model": "y"},
    ]
    assert after({"agents.list.0": {"id": None}})["agents"]["list"][0] == {"model": "x"}
    assert after({"agents.list.0": None})["agents"]["list"] == [{"id": "ops"}]


def test_the_next_free_index_appends() -> None:
    assert after({"a.2": 3, "a.3.b": 4}, {"a": [1, 2]}) == {"a": [1, 2, 3, {"b": 4}]}
    assert after({"a.2": None}, {"a": [1, 2]}) == {"a": [1, 2]}


@pytest.mark.parametrize("segment", ["3", "00", "-1", r"1\.5", "+1", "x", "١", "9" * 5000])
def test_what_is_no_index_of_an_array_is_refused(segment: str) -> None:
    [(path, message)] = refusal({f"a.{segment}": 1}, {"a": [1, 2]})

    assert path.startswith("a.")
    assert "no index of an array of 2" in message or "more than 1000 characters" in message


def test_a_whole_number_is_a_key_of_an_object() -> None:
    assert after({"a.0.b": 1}, {}) == {"a": {"0": {"b": 1}}}


def test_keys_apply_in_the_order_of_the_body() -> None:
    assert after({"a": {"b": 1}, "a.b": 2, "a.c": 3}, {}) == {"a": {"b": 2, "c": 3}}
    assert after({"a.b": 2, "a": None}, {}) == {}
    assert after({"a": None, "a.b": 2}, {"a": {"c": 1}}) == {"a": {"b": 2}}
    assert after({"a.0": None, "a.1": "z"}, {"a": ["x", "y"]}) == {"a": ["y", "z"]}


def test_a_path_that_is_set_twice_is_applied_once() -> None:
    assert patched({}, {"a.b": 1, "a": {"b": 2}}).applied == ("a.b",)


def test_a_patch_shares_nothing_with_what_comes_of_it() -> None:
    patch = {"a": [{"b": 1}], "a.0.b": 2}

    assert after(patch, {}) == {"a": [{"b": 2}]}


@pytest.mark.parametrize("value", ["text", 1, True, [], None])
def test_what_is_no_object_in_the_way_is_refused(value: Any) -> None:
    assert [path for path, _ in refusal({"a.0.c": 1}, {"a": [value]})] == ["a.0.c"]


def test_all_or_nothing() -> None:
    assert refusal({"agents.defaults.model": "x", "gateway.port.deep": 1, "agents.list.9": 1, "b": 1}) == [
        ("gateway.port.deep", "'deep' is looked for in what is no object"),
        ("agents.list.9", "'9' is no index of an array of 2, nor the next one"),
    ]


@pytest.mark.parametrize("patch", [None, [], "x", 1, True, [{"a": 1}]])
def test_a_patch_that_is_no_object_is_refused(patch: Any) -> None:
    assert refusal(patch) == [("", "must be an object")]


@pytest.mark.parametrize("key", ["", ".", "a.", ".a", "a..b"])
def test_an_empty_segment_is_refused(key: str) -> None:
    assert "has an empty segment" in [message for _, message in refusal({key: 1})]


@pytest.mark.parametrize("name", ["__proto__", "constructor", "prototype", ""])
@pytest.mark.parametrize("shape", ["dotted", "nested", "in an array", "removed"])
def test_keys_that_harm_javascript_are_refused_wherever_they_stand(name: str, shape: str) -> None:
    patch: dict[str, Any] = {
        "dotted": {f"a.{name}.b": 1},
        "nested": {"a": {name: {"b": 1}}},
        "in an array": {"a": [{name: 1}]},
        "removed": {f"a.{name}": None},
    }

    [(path, message)] = refusal(patch[shape], {})

    assert path == ("a.0." if shape == "in an array" else "a.") + name
    assert message == (f"{name} cannot be a key" if name else "has an empty segment")


@pytest.mark.parametrize(
    "patch",
    [
        {"gateway.auth.mode": "none"},
        {"gateway.auth.password": PLACEHOLDER},
        {"gateway.auth": None},
        {"gateway": None},
        {"gateway": "open"},
        {"gateway": {"auth": {"mode": "none"}}},
        {"gateway": {"port": 1, "auth": None}},
        {"a..b": 1, "gateway.auth.token": "x"},
    ],
)
def test_nobody_changes_how_people_get_in(patch: Any) -> None:
    with pytest.raises(ForbiddenKeyError) as caught:
        after(patch)

    assert caught.value.path.startswith("gateway.auth")


def test_the_rest_of_the_gateway_can_be_changed() -> None:
    result = after({"gateway": {"port": 4000}, r"gateway.auth\.x": 1, "gateway.authority": 2})

    assert result["gateway"] == {**TREE["gateway"], "port": 4000, "auth.x": 1, "authority": 2}


@pytest.mark.parametrize(
    ("patch", "issue"),
    [
        ({"agents.defaults.model": 7}, ("agents.defaults.model", "must be a text")),
        ({"agents": {"defaults": {"model": ["x"]}}}, ("agents.defaults.model", "must be a text")),
        ({"agents.defaults.maxConcurrent": 0}, ("agents.defaults.maxConcurrent", "must be a whole number from 1")),
        ({"agents.defaults.maxConcurrent": 1.5}, ("agents.defaults.maxConcurrent", "must be a whole number from 1")),
        ({"agents.defaults.maxConcurrent": True}, ("agents.defaults.maxConcurrent", "must be a whole number from 1")),
        ({"channels.signal.enabled": "no"}, ("channels.signal.enabled", "must be true or false")),
        ({"channels.new.enabled": 1}, ("channels.new.enabled", "must be true or false")),
        ({"channels": {"new": {"enabled": {}}}}, ("channels.new.enabled", "must be true or false")),
        ({r"channels.a\.b.enabled": 0}, (r"channels.a\.b.enabled", "must be true or false")),
        ({"gateway.port": 0}, ("gateway.port", "must be a whole number from 1 to 65535")),
        ({"gateway.port": 65536}, ("gateway.port", "must be a whole number from 1 to 65535")),
        ({"gateway.port": "80"}, ("gateway.port", "must be a whole number from 1 to 65535")),
        ({"agents": 1}, ("agents", "must be an object")),
        ({"agents.defaults": []}, ("agents.defaults", "must be an object")),
        ({"channels.signal": True}, ("channels.signal", "must be an object")),
    ],
)
def test_a_known_key_takes_only_its_kind(patch: Any, issue: tuple[str, str]) -> None:
    assert refusal(patch) == [issue]


@pytest.mark.parametrize(
    "patch",
    [
        {"agents.defaults.maxConcurrent": 2.0},
        {"channels.signal.enabled": False},
        {"gateway.port": 65535},
        {"agents.defaults.model": None},
        {"channels": None},
        {"whatever.else": {"port": "x", "enabled": []}},
    ],
)
def test_a_known_key_takes_its_kind_and_can_be_removed(patch: Any) -> None:
    assert after(patch)


def test_what_was_there_before_is_not_held_against_a_patch() -> None:
    assert after({"a": 1}, {"gateway": {"port": 0}}) == {"gateway": {"port": 0}, "a": 1}


def test_the_placeholder_leaves_the_secret_as_it_is() -> None:
    dotted = patched(TREE, {"channels.signal.botToken": PLACEHOLDER, "channels.signal.note": "new"})

    assert value_at(dotted.tree, "channels.signal") == {"note": "new", "botToken": "s3cret"}
    assert dotted.applied == ("channels.signal.note",)
    assert after({"channels": value_at(redacted(TREE), "channels")}) == TREE
    assert after({"channels.other.token": PLACEHOLDER}) == TREE


def test_the_placeholder_in_an_array_stands_for_the_secret_at_the_same_place() -> None:
    tree = {"peers": [{"id": 1, "token": "one"}, {"id": 2, "token": "two"}]}
    patch = {"peers": [{"id": 1, "token": PLACEHOLDER}, {"id": 3, "token": "new"}, {"id": 4, "token": PLACEHOLDER}]}

    assert after(patch, tree) == {"peers": [{"id": 1, "token": "one"}, {"id": 3, "token": "new"}, {"id": 4}]}


def test_the_placeholder_is_a_text_as_any_other_where_no_secret_is() -> None:
    assert after({"a.note": PLACEHOLDER}, {}) == {"a": {"note": PLACEHOLDER}}

"""The gateway's config: no patch breaks it, whatever it is."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from emulator.engine.gateway.config import (
    ConfigError,
    ForbiddenKeyError,
    Patched,
    flat,
    hash_of,
    patched,
    redacted,
    value_at,
)

SEGMENTS = [
    "a",
    "b",
    "0",
    "1",
    "agents",
    "defaults",
    "model",
    "gateway",
    "port",
    "auth",
    "channels",
    "enabled",
    "token",
]
keys = st.one_of(
    st.lists(st.sampled_from([*SEGMENTS, "", "__proto__", "x\\.y", "\\"]), max_size=4).map(".".join),
    st.sampled_from(SEGMENTS),
    st.text(max_size=5),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.text(st.characters(), max_size=2),
    st.just("__REDACTED__"),
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=15
)
objects = st.dictionaries(keys, anything, max_size=6)


def attempt(tree: Any, patch: Any) -> Patched | None:
    with suppress(ConfigError, ForbiddenKeyError):
        return patched(tree, patch)
    return None


def grown(patches: list[Any]) -> Any:
    """Return the tree that patches make of an empty one, those left out that are refused."""
    tree: Any = {}
    for patch in patches:
        result = attempt(tree, patch)
        tree = result.tree if result else tree
    return tree


def has_array(tree: Any) -> bool:
    return isinstance(tree, list) or (isinstance(tree, dict) and any(map(has_array, tree.values())))


trees = st.lists(objects, max_size=3).map(grown)


def test_the_strategies_make_what_is_accepted_and_what_is_refused() -> None:
    accepted = []

    @given(trees, objects)
    def count(tree: Any, patch: Any) -> None:
        accepted.append(attempt(tree, patch) is not None)

    count()
    assert 5 < sum(accepted) < len(accepted) - 5


@given(anything, anything)
def test_a_patch_is_applied_or_refused_and_changes_nothing_it_was_given(tree: Any, patch: Any) -> None:
    before = copy.deepcopy((tree, patch))
    result = attempt(tree, patch)

    assert repr((tree, patch)) == repr(before)
    if result is not None:
        assert isinstance(result.tree, dict)
        orjson.dumps([result.tree, result.applied, hash_of(result.tree), flat(result.tree)])


@given(trees, st.dictionaries(keys, anything, min_size=1, max_size=1))
def test_one_key_set_twice_is_as_if_set_once(tree: Any, patch: Any) -> None:
    result = attempt(tree, patch)
    if result is not None and not has_array(result.tree):
        assert patched(result.tree, patch) == result


@given(trees)
def test_what_is_flat_makes_the_tree_again(tree: Any) -> None:
    entries: Any = flat(tree)

    assert all(value_at(tree, key) == value for key, value in entries.items())
    if not has_array(tree):
        assert patched({}, entries).tree == tree


@given(trees)
def test_what_was_read_redacted_can_be_written_back(tree: Any) -> None:
    shown: Any = redacted(tree)
    read = {key.replace("\\", r"\\").replace(".", r"\."): value for key, value in shown.items()}

    assert patched(tree, read).tree == tree


@given(trees)
def test_the_hash_is_that_of_equal_trees_only(tree: Any) -> None:
    assert hash_of(tree) == hash_of(json.loads(json.dumps(tree)))
    assert hash_of({**tree, "another": 1.5}) != hash_of(tree) or tree.get("another") == 1.5

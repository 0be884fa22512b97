"""The bounds of the gateway's config: how deep, how many, how large, and what cannot be sent."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from emulator.engine.gateway.config import (
    MAX_LEAVES,
    ConfigError,
    ForbiddenKeyError,
    Issue,
    flat,
    patched,
)


def after(patch: Any, tree: Any) -> Any:
    return patched(tree, patch).tree


def refusal(patch: Any, tree: Any) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as caught:
        after(patch, tree)
    return [(each.path, each.message) for each in caught.value.issues]


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


def test_a_tree_is_at_most_64_deep() -> None:
    assert after(nested(64), {}) == nested(64)
    assert after({".".join("a" * 64): 1}, {}) == nested(64)
    for value in (nested(64), nested(900), json.loads("[" * 900 + "]" * 900)):
        with pytest.raises(ConfigError, match=r"^[a.0]{,1000}: is nested more than 64 deep$"):
            patched({}, {"a": value})
    assert refusal({".".join("a" * 65): 1}, {}) == [(".".join("a" * 65), "is nested more than 64 deep")]
    with pytest.raises(ConfigError):
        patched(nested(900), {"b": 1})


def test_a_path_has_at_most_1000_characters() -> None:
    assert after({"a" * 1000: 1}, {})
    [(path, message)] = refusal({"a" * 500: {"b" * 501: 1}}, {})

    assert len(path) == 1000
    assert message == "is a path of more than 1000 characters"


def test_a_tree_has_at_most_10000_values() -> None:
    full: Any = {"a": [0] * MAX_LEAVES}

    assert after(full, {}) == full
    assert refusal({"b": 1}, full) == [("", "has more than 10000 values")]
    assert refusal({"a": [0] * (MAX_LEAVES + 1)}, {}) == [("", "has more than 10000 values")]
    assert after({"a": None, "b": 1}, full) == {"b": 1}


def test_a_tree_has_at_most_one_mebibyte_of_json() -> None:
    fits = "가" * ((1 << 20) // 3 - 4)

    assert after({"a": fits}, {})
    assert refusal({"a": fits + "가" * 4}, {}) == [("", "has more than 1048576 bytes")]


@pytest.mark.parametrize(
    ("patch", "issue"),
    [
        ({"a": "\ud800"}, ("a", "has half a surrogate pair")),
        ({"\ud800": 1}, ("?", "has half a surrogate pair")),
        ({"a": [float("nan")]}, ("a.0", "must be a finite number")),
        ({"a": float("-inf")}, ("a", "must be a finite number")),
        ({"a": 1 << 64}, ("a", "must be a number of at most 64 bits")),
    ],
)
def test_what_cannot_be_sent_as_json_is_refused(patch: Any, issue: tuple[str, str]) -> None:
    assert refusal(patch, {}) == [issue]


def test_a_refusal_names_at_most_a_hundred_issues() -> None:
    assert len(refusal({f"a.{number}.": 1 for number in range(5000)}, {})) == 100


def test_a_refusal_says_what_is_wrong() -> None:
    with pytest.raises(ConfigError, match=r"^gateway\.port: must be a whole number from 1 to 65535; b\.: has an empty"):
        raise ConfigError(
            (Issue("gateway.port", "must be a whole number from 1 to 65535"), Issue("b.", "has an empty"))
        )
    with pytest.raises(ConfigError, match=r"^must be an object$"):
        patched({}, [])


def deep_and_wide() -> Any:
    return {".".join(["a"] * 63 + [f"k{number}"]): number for number in range(9_000)}


@pytest.mark.parametrize(
    "patch",
    [
        {"a." * 500_000: 1},
        {"\\" * 1_000_000: 1},
        {"a" * 1_000_000: dict.fromkeys(map(str, range(9_000)), 1)},
        {".".join("a" * 500_000): dict.fromkeys(map(str, range(9_000)), 1)},
        {f"{number}.": 1 for number in range(100_000)},
        {f"a.{number}": {} for number in range(100_000)},
        {"a": [0] * 9_000, **{f"a.{number}": None for number in reversed(range(1_000))}},
        {"gateway.auth." + "x" * 1_000_000: 1},
        deep_and_wide(),
    ],
    ids=[
        "many segments",
        "backslashes",
        "long key over many",
        "deep key over many",
        "empty segments",
        "many keys",
        "removals",
        "forbidden",
        "deep and wide",
    ],
)
def test_an_ill_meant_patch_is_soon_dealt_with(patch: Any) -> None:
    start = time.process_time()
    error: Exception | None = None
    try:
        flat(patched({}, patch).tree)
    except (ConfigError, ForbiddenKeyError) as refused:
        error = refused

    assert time.process_time() - start < 5
    assert len(str(error)) < 200_000

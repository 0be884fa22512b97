"""Paths with parameters, matched as they were sent (contract openclaw §1.3)."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulator.surfaces.paths import PathError, PathTable

PATTERNS = {
    "/": ("GET",),
    "/health": ("GET",),
    "/api/sessions": ("GET",),
    "/api/sessions/{key}": ("DELETE",),
    "/api/sessions/{key}/history": ("GET",),
    "/api/nodes/pair": ("POST",),
    "/api/nodes/pair/redeem": ("POST",),
    "/api/nodes/{id}": ("DELETE",),
    "/api/nodes/{id}/photos/{photo}": ("GET", "PUT"),
}


def table() -> PathTable[str]:
    paths: PathTable[str] = PathTable()
    for pattern, methods in PATTERNS.items():
        paths.add(methods, pattern, pattern)
    return paths


PATHS = table()


def endpoint_at(path: str) -> str | None:
    found = PATHS.find(path)
    return next(iter(found.methods.values())) if found else None


def parameters_of(path: str) -> dict[str, str]:
    found = PATHS.find(path)
    assert found is not None
    return found.parameters


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/", "/"),
        ("/health", "/health"),
        ("/health/", "/health"),
        ("/api/sessions/", "/api/sessions"),
        ("/api/sessions/a", "/api/sessions/{key}"),
        ("/api/sessions/a/", "/api/sessions/{key}"),
        ("/api/sessions/a%2Fhistory", "/api/sessions/{key}"),
        ("/api/sessions/a/history/", "/api/sessions/{key}/history"),
        ("/api/nodes/pair", "/api/nodes/pair"),
        ("/api/nodes/pair/redeem", "/api/nodes/pair/redeem"),
        ("/api/nodes/p", "/api/nodes/{id}"),
        ("/api/nodes/pair/photos/3", "/api/nodes/{id}/photos/{photo}"),
    ],
)
def test_a_path_has_its_pattern(path: str, pattern: str) -> None:
    assert endpoint_at(path) == pattern


@pytest.mark.parametrize(
    "path",
    ["", "*", "//", "health", "/Health", "/health//", "/api", "/api/sessions//", "/api/sessions//history", "/a?b"],
)
def test_nothing_is_at_any_other_path(path: str) -> None:
    assert PATHS.find(path) is None


def test_head_is_answered_wherever_get_is() -> None:
    found = PATHS.find("/api/nodes/n/photos/1")

    assert found is not None
    assert list(found.methods) == ["GET", "HEAD", "PUT"]


def test_methods_of_one_path_come_together() -> None:
    paths: PathTable[int] = PathTable()
    paths.add(["GET"], "/api/config", 1)
    paths.add(["PATCH"], "/api/config", 2)

    found = paths.find("/api/config")

    assert found is not None
    assert found.methods == {"GET": 1, "HEAD": 1, "PATCH": 2}


def test_a_parameter_has_one_name_in_a_pattern() -> None:
    paths: PathTable[int] = PathTable()
    paths.add(["GET"], "/a/{x}", 1)
    paths.add(["GET"], "/a/{y}/b", 2)

    with pytest.raises(ValueError, match="other names"):
        paths.add(["PUT"], "/a/{y}", 3)


@pytest.mark.parametrize(
    ("segment", "key"),
    [
        ("agent:main:api:dm:team-42", "agent:main:api:dm:team-42"),
        ("agent%3Amain%3aapi:dm:1203630%40g.us", "agent:main:api:dm:1203630@g.us"),
        ("guild%2Fchannel", "guild/channel"),
        ("100%2525", "100%25"),
        ("a+b", "a+b"),
        ("%ED%8C%80", "팀"),
        ("팀", "팀"),
    ],
)
def test_a_parameter_is_decoded_once(segment: str, key: str) -> None:
    assert parameters_of(f"/api/sessions/{segment}/history") == {"key": key}


def test_each_parameter_has_its_name() -> None:
    assert parameters_of("/api/nodes/a%20b/photos/1") == {"id": "a b", "photo": "1"}


@pytest.mark.parametrize(
    "segment", ["%", "100%", "%4", "%zz", "%FF", "%ED%8C", "%C0%80", "%ED%A0%80", "\udcff", "x\ud800y"]
)
def test_a_parameter_that_is_no_percent_encoded_utf_8_is_refused(segment: str) -> None:
    found = PATHS.find(f"/api/sessions/{segment}")
    assert found is not None

    with pytest.raises(PathError) as caught:
        _ = found.parameters

    assert caught.value.name == "key"


keys = st.text(st.one_of(st.sampled_from("/:%@.+ ?#가힣\0"), st.characters(exclude_categories=["Cs"])), min_size=1)


@given(keys, st.sampled_from(["", "/"]))
@example("%2F", "/")
@example(".", "")
def test_a_key_comes_back_as_it_was_encoded(key: str, end: str) -> None:
    assert parameters_of(f"/api/sessions/{quote(key, safe='')}/history{end}") == {"key": key}


segments = st.one_of(
    st.sampled_from(["api", "sessions", "nodes", "pair", "history", "photos", "", "%", "%2F", "%ff", "..", "팀"]),
    st.text(st.characters(), max_size=6),
)
any_path = st.one_of(st.text(st.characters()), st.lists(segments, max_size=7).map(lambda each: "/" + "/".join(each)))


@given(any_path)
def test_no_path_is_too_strange(path: str) -> None:
    found = PATHS.find(path)
    if found is None:
        return
    with suppress(PathError):
        assert all(found.parameters.values())

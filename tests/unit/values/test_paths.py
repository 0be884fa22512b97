"""Function paths: every spelling of one function, and the service's sentences about bad ones (contract convex §4.2)."""

from __future__ import annotations

import pytest

from emulator.values.paths import FunctionPath, InvalidPathError, parse_path

LIST = FunctionPath("messages", "list")
NIGHTLY = FunctionPath("jobs/nightly", "default")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("messages:list", LIST),
        ("messages.js:list", LIST),
        ("jobs/nightly", NIGHTLY),
        ("jobs/nightly.js", NIGHTLY),
        ("jobs/nightly:default", NIGHTLY),
        ("jobs/nightly.js:default", NIGHTLY),
        ("messages", FunctionPath("messages", "default")),
        ("a/b/c.js:d", FunctionPath("a/b/c", "d")),
        ("_system/frontend/x:y", FunctionPath("_system/frontend/x", "y")),
        ("Under_score9:fn_2", FunctionPath("Under_score9", "fn_2")),
        (f"{'m' * 64}:{'f' * 64}", FunctionPath("m" * 64, "f" * 64)),
    ],
)
def test_every_spelling_of_a_path_names_the_same_function(text: str, path: FunctionPath) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize(
    ("path", "public", "canonical"),
    [
        (LIST, "messages:list", "messages.js:list"),
        (NIGHTLY, "jobs/nightly", "jobs/nightly.js:default"),
    ],
)
def test_a_path_has_a_public_and_a_canonical_spelling(path: FunctionPath, public: str, canonical: str) -> None:
    assert (path.public, path.canonical) == (public, canonical)


@pytest.mark.parametrize("path", [LIST, NIGHTLY])
def test_all_spellings_of_a_path_are_distinct_and_mean_it(path: FunctionPath) -> None:
    assert len(set(path.spellings)) == len(path.spellings)
    assert {parse_path(each) for each in path.spellings} == {path}
    assert {path.public, path.canonical} <= set(path.spellings)


ALPHANUMERIC = "can only contain alphanumeric characters, underscores, or periods."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x.ts", "Module path (x.ts) has an extension that isn't 'js'."),
        ("x.ts:list", "Module path (x.ts) has an extension that isn't 'js'."),
        ("a/x.mjs:list", "Module path (a/x.mjs) has an extension that isn't 'js'."),
        ("messages.list", "Module path (messages.list) has an extension that isn't 'js'."),
        ("a-b.js:list", f"Path component a-b.js {ALPHANUMERIC}"),
        ("a-b:list", f"Path component a-b.js {ALPHANUMERIC}"),
        ("a-b/c:list", f"Path component a-b {ALPHANUMERIC}"),
        ("a b:list", f"Path component a b.js {ALPHANUMERIC}"),
        ("a:b:c", f"Path component a:b.js {ALPHANUMERIC}"),
        ("é:list", f"Path component é.js {ALPHANUMERIC}"),
    ],
)
def test_a_bad_module_is_refused_in_the_words_of_the_service(text: str, reason: str) -> None:
    with pytest.raises(InvalidPathError) as caught:
        parse_path(text)

    assert str(caught.value) == f"{text} is not a valid path to a Convex function. {reason}"


def test_a_long_component_is_refused_with_its_length() -> None:
    long = "m" * 70

    with pytest.raises(InvalidPathError) as caught:
        parse_path(f"{long}/x:list")

    assert "Path component is too long (70 > maximum 64): mmmm" in str(caught.value)
    assert str(caught.value).endswith("m...")


def test_an_absolute_module_is_refused() -> None:
    with pytest.raises(InvalidPathError, match=r"^/x:list is not a valid path .* Module paths must be relative"):
        parse_path("/x:list")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        ":list",
        "a:",
        "a//b:c",
        "a/:b",
        "../a:b",
        "./a:b",
        "a/..:b",
        ".js:a",
        ".:a",
        "..",
        "a:b-c",
        "a:1b",
        "a:é",
    ],
)
def test_a_text_that_names_no_function_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(InvalidPathError) as caught:
        parse_path(text)

    assert str(caught.value).startswith(f"{text} is not a valid path to a Convex function. ")


def test_a_very_long_path_is_not_repeated_in_full() -> None:
    with pytest.raises(InvalidPathError) as caught:
        parse_path("-" * 1_000_000)

    assert len(str(caught.value)) < 2_000


def test_a_path_of_megabytes_is_refused_at_once_and_not_repeated() -> None:
    with pytest.raises(InvalidPathError) as caught:
        parse_path("a/" * 3_000_000)

    assert str(caught.value).endswith("... is not a valid path to a Convex function. The path is too long.")
    assert len(str(caught.value)) < 200

"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.expressions.functions import TABLE, fake_names
from emulator.expressions.functions.fakes import PREFIX
from emulator.scenario.problem import SLUGS

ROOT = Path(__file__).parents[2]
MODULES = sorted(each for top in ("emulator", "tests", "bench") for each in (ROOT / top).glob("**/*.py"))
MODULES = [each for each in MODULES if "node_modules" not in each.parts]
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 40
MAX_ARCHITECTURE_LINES = 150
FORBIDDEN_NAMES = ("Manager", "Helper", "Util")


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count from the signature's end to the last line: options and a docstring are no code."""
    documented = ast.get_docstring(node) is not None
    body = node.body[1:] if documented else node.body
    return (node.end_lineno or node.lineno) - body[0].lineno + 1 if body else 0


def defined_names() -> set[str]:
    names = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                names.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
    return names


def test_no_module_is_longer_than_400_lines() -> None:
    lengths = {str(each.relative_to(ROOT)): len(each.read_text(encoding="utf-8").splitlines()) for each in MODULES}

    assert {name: length for name, length in lengths.items() if length > MAX_MODULE_LINES} == {}


def test_no_function_is_longer_than_40_lines() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in MODULES
        for node in functions_of(path)
        if length_of(node) > MAX_FUNCTION_LINES
    ]

    assert long == []


def test_no_name_says_nothing() -> None:
    names = [name for name in defined_names() if name.endswith(FORBIDDEN_NAMES)]

    assert names == []


def test_the_architecture_page_is_short_and_names_what_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    known = defined_names() | {"serve", "exec", "check", "schema"}
    named = set(re.findall(r"`([A-Za-z_]\w*(?:\.\w+)?)`", text))
    identifiers = {each for name in named for each in name.split(".")}
    packages = {"ast", "yaml", "watchfiles", "faker", "cronsim", "segno", "bench", "when", "convex", "openclaw"}
    packages |= {each.name for each in (ROOT / "emulator").iterdir()}

    assert len(text.splitlines()) <= MAX_ARCHITECTURE_LINES
    assert sorted(identifiers - known - packages) == []


@pytest.mark.parametrize("path", re.findall(r"`((?:emulator|tests)/[\w/.]+)`", (ROOT / "ARCHITECTURE.md").read_text()))
def test_a_path_on_the_architecture_page_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_package_is_on_the_architecture_page() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    packages = [each.parent.name for each in (ROOT / "emulator").glob("*/__init__.py")]

    assert [each for each in packages if f"`emulator/{each}`" not in text] == []


def test_the_page_of_problems_has_each_slug_with_its_meaning() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (.*) \|$", (ROOT / "docs/problems.md").read_text("utf-8"), re.MULTILINE)

    assert dict(rows) == SLUGS


def test_the_page_of_expressions_has_each_function_with_its_sentence() -> None:
    rows = re.findall(
        r"^\| `([\w.]+)\(.*?\)` \| (.*) \|$", (ROOT / "docs/expressions.md").read_text("utf-8"), re.MULTILINE
    )
    documented = {name: entry.call.__doc__ or "" for name, entry in TABLE.items() if not name.startswith(PREFIX)}
    sentences = {name: " ".join(text.split()) for name, text in documented.items()}

    assert dict(rows) == {name: text.replace("``", "`") for name, text in sentences.items()}


def test_the_page_of_expressions_has_each_function_of_faker() -> None:
    page = (ROOT / "docs/expressions.md").read_text("utf-8")
    rows = re.findall(r"^\| (\w+) \| (`.*`) \|$", page, re.MULTILINE)

    assert {group: re.findall(r"`(.+?)`", cell) for group, cell in rows} == {
        group: list(fake_names.functions_of(group)) for group in fake_names.GROUPS
    }


def test_every_slug_is_used_and_every_used_slug_is_known() -> None:
    files = [*(ROOT / "emulator/scenario").glob("*.py"), *(ROOT / "emulator/reload").glob("*.py")]
    sources = [each.read_text(encoding="utf-8") for each in files]
    text = "\n".join(source for source in sources if "SLUGS: dict" not in source)

    assert [slug for slug in SLUGS if f'"{slug}"' not in text] == []

"""What the command says at its start."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.cli.banner import banner
from tests.support.scenarios import load_text

URL = "http://127.0.0.1:1"
FACTS: dict[str, object] = {
    "convex_url": URL,
    "gateway_url": URL,
    "control_url": f"{URL}/__emulator/",
    "token": "secret",
    "admin_key": "name|secret",
    "site_url": f"{URL}/http",
}


@pytest.mark.parametrize(
    ("text", "pasted"),
    [
        ("functions: {a:b: {when: {args: {x: 1}}, result: 1}, c:d: {result: 2}}", ['"path": "c:d"']),
        ("functions: {a:b: {args: {x: number}, result: 1}, c:d: {args: {x: number?}, result: 2}}", ['"path": "c:d"']),
        ("functions: {a:b: {args: {x: number}, result: 1}}", []),
        ("functions: {}", ["The scenario has no function yet"]),
        ("http: {GET /a: {body: 1}}", []),
        ("gateway: {chat: {reply: hi}}", ["/api/chat"]),
    ],
)
def test_the_line_to_paste_is_a_call_that_is_answered(text: str, pasted: list[str], tmp_path: Path) -> None:
    lines = banner(load_text(tmp_path, text), FACTS, None).splitlines()
    after = lines[lines.index(f"  CONVEX_URL={URL}") + 1 :]

    assert len(after) == len(pasted)
    assert all(part in line for part, line in zip(pasted, after, strict=True))


def test_http_actions_are_told_where_there_are_any(tmp_path: Path) -> None:
    without = banner(load_text(tmp_path, "functions: {}"), FACTS, None)
    some = banner(load_text(tmp_path, "http: {GET /a: {body: 1}, GET /b: {body: 2}}"), FACTS, None)

    assert f"  HTTP        {URL}/http  2 routes\n" in some
    assert "HTTP " not in without

"""Log lines: how a console call is written, and where the service cuts (contract convex §5.3)."""

from __future__ import annotations

import pytest

from emulator.model.logs import LogLevel, cap_log_lines, write_log_line
from emulator.values.convex import Int64, Value


@pytest.mark.parametrize("level", LogLevel)
def test_a_line_begins_with_its_level(level: LogLevel) -> None:
    assert write_log_line(level, ["x"]) == f"[{level.value}] 'x'"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], ""),
        (["hi", {"a": 1.0}], "'hi' { a: 1 }"),
        ([None, True, 0.5, Int64(2), "it's"], 'null true 0.5 2n "it\'s"'),
        ([[1.0, "x"], {}], "[ 1, 'x' ] {}"),
        (["two\nlines"], "'two\\nlines'"),
    ],
)
def test_arguments_are_written_as_a_console_does_with_spaces_between(arguments: list[Value], text: str) -> None:
    assert write_log_line(LogLevel.LOG, arguments) == f"[LOG] {text}"


def test_a_line_has_32768_characters_and_then_says_that_it_was_cut() -> None:
    whole = write_log_line(LogLevel.LOG, ["x" * (32_768 - 2)])
    cut = write_log_line(LogLevel.LOG, ["x" * (32_768 - 1)])

    assert len(whole) == len("[LOG] ") + 32_768
    assert whole.endswith("x'")
    assert cut == f"[LOG] '{'x' * (32_768 - 1)} (truncated due to length)"


def test_a_call_has_256_lines_and_then_says_that_more_were_left_out() -> None:
    lines = [f"[LOG] {number}" for number in range(257)]

    assert cap_log_lines(lines[:256]) == tuple(lines[:256])
    assert cap_log_lines(lines)[:256] == tuple(lines[:256])
    assert cap_log_lines(lines * 3)[256:] == ("[ERROR] Log overflow (maximum 256). Remaining log lines omitted.",)

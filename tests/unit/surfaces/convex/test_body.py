"""Bodies of function requests, read quickly whatever they hold (contract convex §1.3, §16)."""

from __future__ import annotations

import tracemalloc

import pytest

from emulator.surfaces.convex.body import read_function_body

LENGTH = 300_000


@pytest.mark.parametrize(
    "text",
    ["x" * LENGTH + "\\u0041", "\\uc548" * (LENGTH // 6), '\\"' * (LENGTH // 2) + "\\u0041", "\\\\" * (LENGTH // 2)],
    ids=["one escape", "escapes", "quotes", "backslashes"],
)
@pytest.mark.parametrize("member", ["args", "more"])
def test_a_long_text_takes_a_few_times_its_length_to_read(text: str, member: str) -> None:
    body = f'{{"path":"a:b","args":{{}},"{member}":"{text}"}}'.replace('"args":{},"args"', '"args"').encode()
    tracemalloc.start()
    try:
        path, _, _ = read_function_body(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert path == "a:b"
    assert peak < 20 * len(body)

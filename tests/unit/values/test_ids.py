"""Document ids: the test vectors of contract convex §2.3, both ways, and what is no id."""

from __future__ import annotations

import pytest

from emulator.values.ids import InvalidIdError, decode_id, encode_id

VECTORS = {
    "j57000820c20a1g7104gm2rc1m70ynr8": (10001, bytes(range(16))),
    "j97fzzzzzzzzzzzzzzzzzzzzzzzzzm7a": (10002, b"\xff" * 16),
    "j579y71vbnz8m826r79ybxr834n3q5kb": (10001, bytes.fromhex("9f1c3b5d7e8a2046c1d3e5f708192a3b")),
}
GOOD = "j57000820c20a1g7104gm2rc1m70ynr8"

vectors = pytest.mark.parametrize(("text", "parts"), VECTORS.items())


@vectors
def test_table_and_bytes_make_the_id(text: str, parts: tuple[int, bytes]) -> None:
    assert encode_id(*parts) == text


@vectors
def test_the_id_gives_table_and_bytes(text: str, parts: tuple[int, bytes]) -> None:
    assert decode_id(text) == parts


@pytest.mark.parametrize(("number", "prefix"), [(10001, "j5"), (10002, "j9"), (10003, "jd")])
def test_ids_of_one_table_begin_alike(number: int, prefix: str) -> None:
    assert encode_id(number, bytes(16)).startswith(prefix)
    assert encode_id(number, b"\x0f" * 16).startswith(prefix)


@pytest.mark.parametrize(("number", "length"), [(0, 31), (127, 31), (128, 32), (16383, 32), (16384, 34), (2**32, 37)])
def test_the_length_of_an_id_follows_from_the_number_of_its_table(number: int, length: int) -> None:
    text = encode_id(number, b"\x01" * 16)

    assert len(text) == length
    assert decode_id(text) == (number, b"\x01" * 16)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "table number"),
        ("j", "wrong length"),
        ("0", "wrong length"),
        (GOOD[:-1], "wrong length"),
        (GOOD + "0", "wrong length"),
        (GOOD * 2, "wrong length"),
        ("z" * 32, "table number"),
        (GOOD.upper(), "a character that no document id has: 'J'"),
        (GOOD[:-1] + "u", "a character that no document id has: 'u'"),
        (GOOD[:-1] + "=", "a character that no document id has: '='"),
        (GOOD[:-1] + "ö", "a character that no document id has: 'ö'"),
        (f" {GOOD}", "a character that no document id has: ' '"),
        (GOOD[:-1] + "9", "wrong checksum"),
        (GOOD.replace("820c", "c028"), "wrong checksum"),
    ],
)
def test_a_text_that_is_no_id_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidIdError, match=reason):
        decode_id(text)


@pytest.mark.parametrize("length", [0, 15, 17])
def test_an_id_holds_sixteen_bytes(length: int) -> None:
    with pytest.raises(InvalidIdError, match=f"an id needs 16 bytes, not {length}"):
        encode_id(10001, bytes(length))

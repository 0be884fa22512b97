"""Tokens of upload URLs say when they were given out, and nothing else passes for one."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from emulator.values.upload_tokens import (
    NONCE_BYTES,
    ForeignTokenError,
    GarbledTokenError,
    read_token,
    write_token,
)

instants = st.integers(0, 2**63 - 1)
nonces = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)
_LETTERS = string.ascii_letters + string.digits + "-_"


@given(instants, nonces, st.text())
def test_a_token_says_when_it_was_given_out(issued: int, nonce: bytes, purpose: str) -> None:
    assert read_token(purpose, write_token(purpose, issued, nonce)) == issued


@given(instants, nonces, st.text(), st.text())
def test_a_token_for_something_else_is_told_apart(issued: int, nonce: bytes, one: str, other: str) -> None:
    assume(one != other)
    with pytest.raises(ForeignTokenError):
        read_token(other, write_token(one, issued, nonce))


@given(instants, nonces, st.integers(0, 36), st.sampled_from(_LETTERS))
def test_a_changed_token_is_none(issued: int, nonce: bytes, place: int, letter: str) -> None:
    token = write_token("p", issued, nonce)
    changed = token[:place] + letter + token[place + 1 :]
    assume(changed != token)
    with pytest.raises((GarbledTokenError, ForeignTokenError)):
        read_token("p", changed)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(GarbledTokenError):
        read_token("p", text)

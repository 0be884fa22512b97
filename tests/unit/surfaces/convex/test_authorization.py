"""Forms of the `Authorization` header that no HTTP server lets through as they are (contract convex §3.1)."""

from __future__ import annotations

import pytest

from emulator.surfaces.convex.authorization import Key, Token, read_authorization
from emulator.surfaces.convex.failures import ApiError


@pytest.mark.parametrize("header", ["Bearer ", "bearer    ", "Convex ", "Convex   "])
def test_a_scheme_with_nothing_behind_it_is_refused(header: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_authorization(header)

    assert (caught.value.status, caught.value.code, caught.value.message) == (
        400,
        "InvalidAdminKey",
        "Invalid admin key",
    )


def test_no_header_is_no_credential() -> None:
    assert read_authorization(None) is None


def test_secrets_are_not_in_what_is_printed_of_them() -> None:
    assert read_authorization("Bearer secret-token") == Token("secret-token")
    assert read_authorization("Convex name|secret") == Key("name|secret")
    assert "secret" not in repr(Token("secret-token")) + repr(Key("name|secret"))

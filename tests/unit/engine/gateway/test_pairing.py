"""Pairing codes: drawn from the seed, forgiving when typed, and what an app scans."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from emulator.engine.gateway.pairing import ALPHABET, draw_code, normal_code, pairing_url


def test_a_code_has_eight_characters_that_nobody_takes_for_another() -> None:
    codes = [draw_code(7, number) for number in range(500)]

    assert all(re.fullmatch("[A-HJ-NP-Z2-9]{8}", each) for each in codes)
    assert set("".join(codes)) == set(ALPHABET)


def test_the_same_seed_draws_the_same_codes_always() -> None:
    assert [draw_code(7, number) for number in range(3)] == [draw_code(7, number) for number in range(3)]
    assert draw_code(0, 0) == "NHQLB3EK"
    assert draw_code(7, 0) != draw_code(8, 0)


def test_no_two_codes_of_a_gateway_are_the_same() -> None:
    assert len({draw_code(1, number) for number in range(5000)}) == 5000


@pytest.mark.parametrize("typed", ["K7RM2XQH", "k7rm2xqh", "K7RM-2XQH", " k7 rm-2x\tqh\n", "k-7-r-m-2-x-q-h"])
def test_a_code_may_be_typed_with_hyphens_blanks_and_small_letters(typed: str) -> None:
    assert normal_code(typed) == "K7RM2XQH"


def test_a_code_that_is_none_stays_none() -> None:
    assert normal_code("") == ""
    assert normal_code("- -") == ""


def test_the_url_holds_the_address_and_the_code() -> None:
    url = pairing_url("http://192.168.0.7:18789/gate?x=1&y=ü", "K7RM2XQH")

    assert url == "openclaw://pair?url=http%3A%2F%2F192.168.0.7%3A18789%2Fgate%3Fx%3D1%26y%3D%C3%BC&code=K7RM2XQH"
    assert parse_qs(urlsplit(url).query) == {
        "url": ["http://192.168.0.7:18789/gate?x=1&y=ü"],
        "code": ["K7RM2XQH"],
    }


def test_an_address_that_is_no_text_is_no_accident() -> None:
    assert pairing_url("http://\udcff", "A B") == "openclaw://pair?url=http%3A%2F%2F%3F&code=A%20B"

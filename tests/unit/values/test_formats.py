"""Values as JSON and back: the type table of the contract, row by row (contract convex §2)."""

from __future__ import annotations

import json
import math
import struct
from base64 import b64encode
from typing import Any

import pytest

from emulator.values.convex import Int64, InvalidValueError, Value
from emulator.values.formats import Format, Json, decode, encode, parse_format
from tests.support.values import identical

ID = '"j579y71vbnz8m826r79ybxr834n3q5kb"'
# value, convex_encoded_json, json, export_json
TABLE: dict[str, tuple[Value, str, str, str]] = {
    "null": (None, "null", "null", "null"),
    "int64": (Int64(42), '{"$integer":"KgAAAAAAAAA="}', '"42"', "42"),
    "int64 -1": (Int64(-1), '{"$integer":"//////////8="}', '"-1"', "-1"),
    "int64 max": (Int64(2**63 - 1), '{"$integer":"/////////38="}', '"9223372036854775807"', "9223372036854775807"),
    "int64 min": (Int64(-(2**63)), '{"$integer":"AAAAAAAAAIA="}', '"-9223372036854775808"', "-9223372036854775808"),
    "fraction": (1.5, "1.5", "1.5", "1.5"),
    "whole float": (3.0, "3.0", "3.0", "3.0"),
    "zero": (0.0, "0.0", "0.0", "0.0"),
    "nan": (math.nan, '{"$float":"AAAAAAAA+H8="}', '"NaN"', '{"$float":"AAAAAAAA+H8="}'),
    "infinity": (math.inf, '{"$float":"AAAAAAAA8H8="}', '"Infinity"', '{"$float":"AAAAAAAA8H8="}'),
    "-infinity": (-math.inf, '{"$float":"AAAAAAAA8P8="}', '"-Infinity"', '{"$float":"AAAAAAAA8P8="}'),
    "-0": (-0.0, '{"$float":"AAAAAAAAAIA="}', "-0.0", "-0.0"),
    "true": (True, "true", "true", "true"),
    "false": (False, "false", "false", "false"),
    "string": ("tea", '"tea"', '"tea"', '"tea"'),
    "bytes": (b"\x01\x02\x03", '{"$bytes":"AQID"}', '"AQID"', '{"$bytes":"AQID"}'),
    "no bytes": (b"", '{"$bytes":""}', '""', '{"$bytes":""}'),
    "padded bytes": (b"\xfb\xff", '{"$bytes":"+/8="}', '"+/8="', '{"$bytes":"+/8="}'),
    "array": ([1.0, "a"], '[1.0,"a"]', '[1.0,"a"]', '[1.0,"a"]'),
    "object": ({"k": None}, '{"k":null}', '{"k":null}', '{"k":null}'),
    "nested": (
        {"a": [Int64(1), {"b": b"\x00"}], "c": {}},
        '{"a":[{"$integer":"AQAAAAAAAAA="},{"b":{"$bytes":"AA=="}}],"c":{}}',
        '{"a":["1",{"b":"AA=="}],"c":{}}',
        '{"a":[1,{"b":{"$bytes":"AA=="}}],"c":{}}',
    ),
    "id": ("j579y71vbnz8m826r79ybxr834n3q5kb", ID, ID, ID),
}
LOSSLESS_IN_CLEAN = (
    "null",
    "fraction",
    "whole float",
    "zero",
    "-0",
    "true",
    "false",
    "string",
    "array",
    "object",
    "id",
)

rows = pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)


def compact(tree: Any) -> str:
    return json.dumps(tree, separators=(",", ":"), allow_nan=False)


def wrapped(number: float) -> dict[str, Any]:
    return {"$float": b64encode(struct.pack("<d", number)).decode()}


@rows
def test_a_value_is_written_in_every_format_as_the_table_says(row: tuple[Value, str, str, str]) -> None:
    value, encoded, clean, export = row

    assert compact(encode(value, Format.ENCODED)) == encoded
    assert compact(encode(value, Format.CLEAN)) == clean
    assert compact(encode(value, Format.EXPORT)) == export


@rows
def test_an_encoded_value_is_read_as_it_was_written(row: tuple[Value, str, str, str]) -> None:
    value, encoded, _, _ = row

    assert identical(decode(json.loads(encoded)), value)


@rows
def test_an_exported_value_is_read_as_it_was_written(row: tuple[Value, str, str, str]) -> None:
    value, _, _, export = row

    assert identical(decode(json.loads(export), Format.EXPORT), value)


@pytest.mark.parametrize("name", LOSSLESS_IN_CLEAN)
def test_a_clean_value_that_loses_nothing_is_read_as_it_was_written(name: str) -> None:
    value, _, clean, _ = TABLE[name]

    assert identical(decode(json.loads(clean), Format.CLEAN), value)


@pytest.mark.parametrize("name", ["int64", "bytes", "nan"])
def test_what_clean_json_turned_into_a_text_stays_a_text(name: str) -> None:
    _, _, clean, _ = TABLE[name]
    text = json.loads(clean)

    assert identical(decode(text, Format.CLEAN), text)


def test_a_bare_integer_is_a_float_but_for_export() -> None:
    assert identical(decode(3), 3.0)
    assert identical(decode([3], Format.CLEAN), [3.0])
    assert identical(decode(3, Format.EXPORT), Int64(3))


def test_every_nan_is_read_as_nan() -> None:
    payload: Json = {"$float": b64encode(bytes.fromhex("efbeadde0000f87f")).decode()}

    assert identical(decode(payload), math.nan)


def test_encoding_shares_what_needs_no_change_and_never_changes_its_input() -> None:
    inner: dict[str, Value] = {"b": Int64(1)}
    value: dict[str, Value] = {"a": inner, "plain": {"x": 1.0}}

    encoded = encode(value, Format.ENCODED)

    assert value == {"a": {"b": Int64(1)}, "plain": {"x": 1.0}}
    assert isinstance(encoded, dict)
    assert encoded["plain"] is value["plain"]
    assert inner == {"b": 1}


def test_a_plain_int_is_no_value() -> None:
    with pytest.raises(InvalidValueError, match="is not a Convex value"):
        encode([3], Format.ENCODED)


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        (wrapped(1.5), r"Float64 1\.5 should be encoded as a number"),
        (wrapped(0.0), r"Float64 0\.0 should be encoded as a number"),
        ({"$set": []}, r"Field name \$set starts with '\$', which is reserved\."),
        ({"$map": []}, r"Field name \$map starts with '\$', which is reserved\."),
        ({"$commitTs": None}, r"Field name \$commitTs starts with '\$', which is reserved\."),
        ({"$": 1}, r"Field name \$ starts with '\$', which is reserved\."),
        ({"$integer": "KgAAAAAAAAA"}, r"\$integer must hold standard base64"),
        ({"$integer": "KgAAAAAA-_A="}, r"\$integer must hold standard base64"),
        ({"$integer": "KgAAAAAAAA=="}, r"\$integer must hold 8 bytes, not 7"),
        ({"$integer": "AAAAAAAAAAAA"}, r"\$integer must hold 8 bytes, not 9"),
        ({"$integer": 42}, r"\$integer must hold a string"),
        ({"$float": "AAAAAAAA"}, r"\$float must hold 8 bytes, not 6"),
        ({"$float": None}, r"\$float must hold a string"),
        ({"$float": 1.5}, r"\$float must hold a string"),
        ({"$bytes": "A"}, r"\$bytes must hold standard base64"),
        ({"$bytes": "AQ ID"}, r"\$bytes must hold standard base64"),
        ({"$bytes": "안녕"}, r"\$bytes must hold standard base64"),
        ({"$bytes": ["AQID"]}, r"\$bytes must hold a string"),
        ({"$integer": "KgAAAAAAAAA=", "other": 1}, r"Field name \$integer starts with '\$'"),
    ],
    ids=str,
)
def test_a_bad_wrapper_is_refused_wherever_it_stands(tree: Any, reason: str) -> None:
    places: list[Json] = [tree, [tree], {"a": {"b": tree}}]
    for written in places:
        with pytest.raises(InvalidValueError, match=reason):
            decode(written)


def test_wrappers_mean_nothing_in_clean_json() -> None:
    with pytest.raises(InvalidValueError, match="starts with '\\$'"):
        decode({"$integer": "KgAAAAAAAAA="}, Format.CLEAN)


def test_numbers_that_fit_into_no_float_or_int64_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="does not fit into a 64-bit floating point number"):
        decode(10**400)
    with pytest.raises(InvalidValueError, match="9223372036854775808 does not fit into a 64-bit signed integer"):
        decode(2**63, Format.EXPORT)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("convex_encoded_json", Format.ENCODED),
        ("convex_json", Format.ENCODED),
        ("json", Format.CLEAN),
        ("convex_clean_json", Format.CLEAN),
        ("export_json", Format.EXPORT),
    ],
)
def test_every_name_of_a_format_and_its_alias_is_known(name: str, form: Format) -> None:
    assert parse_format(name) is form


@pytest.mark.parametrize("name", ["xml", "", "JSON", "convex", "ENCODED"])
def test_any_other_name_of_a_format_is_not(name: str) -> None:
    with pytest.raises(KeyError):
        parse_format(name)

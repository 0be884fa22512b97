"""The short form of validators in scenario files: what it means, how it is spelled, and what is wrong with it."""

from __future__ import annotations

import pytest

from emulator.values.convex import Int64
from emulator.values.validators.faults import InvalidValidatorError
from emulator.values.validators.shorthand import read_field, read_shorthand, spell_field, spell_validator
from emulator.values.validators.types import (
    AnyType,
    ArrayOf,
    BooleanType,
    BytesType,
    FieldOf,
    IdOf,
    Int64Type,
    Literal,
    NullType,
    NumberType,
    ObjectOf,
    RecordOf,
    StringType,
    UnionOf,
    Validator,
)

STRING = StringType()
MEANINGS: dict[str, Validator] = {
    "any": AnyType(),
    "null": NullType(),
    "number": NumberType(),
    "int64": Int64Type(),
    "boolean": BooleanType(),
    "string": STRING,
    "bytes": BytesType(),
    "id(users)": IdOf("users"),
    "id(_storage)": IdOf("_storage"),
    '"a"': Literal("a"),
    '"안녕 \\"x\\" \\n"': Literal('안녕 "x" \n'),
    "literal(3)": Literal(3.0),
    "literal(-0)": Literal(-0.0),
    "literal(0.5)": Literal(0.5),
    "literal(1e+21)": Literal(1e21),
    "literal(3n)": Literal(Int64(3)),
    "literal(-9223372036854775808n)": Literal(Int64(-(2**63))),
    "literal(true)": Literal(value=True),
    "literal(false)": Literal(value=False),
    "string[]": ArrayOf(STRING),
    "string[][]": ArrayOf(ArrayOf(STRING)),
    "record(string, number)": RecordOf(STRING, NumberType()),
    "record(id(users) | string, any[])": RecordOf(UnionOf((IdOf("users"), STRING)), ArrayOf(AnyType())),
    "string | null": UnionOf((STRING, NullType())),
    "string | null[]": UnionOf((STRING, ArrayOf(NullType()))),
    "(string | null)[]": ArrayOf(UnionOf((STRING, NullType()))),
    "(string | null) | any": UnionOf((UnionOf((STRING, NullType())), AnyType())),
    "union()": UnionOf(()),
    "union(string)": UnionOf((STRING,)),
    "union(string)[]": ArrayOf(UnionOf((STRING,))),
    "{}": ObjectOf(()),
    "{b: string, a: number?}": ObjectOf((("b", FieldOf(STRING)), ("a", FieldOf(NumberType(), optional=True)))),
    "{type: {id: any}[]}": ObjectOf((("type", FieldOf(ArrayOf(ObjectOf((("id", FieldOf(AnyType())),))))),)),
    '{"a-b": any, "": any}': ObjectOf((("a-b", FieldOf(AnyType())), ("", FieldOf(AnyType())))),
}
OTHER_SPELLINGS = {
    "float64": "number",
    "bigint": "int64",
    "bool": "boolean",
    'id("users")': "id(users)",
    "id('users')": "id(users)",
    "'a'": '"a"',
    r"'it\'s \"x\" \u0041'": '"it\'s \\"x\\" A"',
    "'say \"x\"'": r'"say \"x\""',
    'literal("a")': '"a"',
    "literal( 'a' )": '"a"',
    "literal(3.0)": "literal(3)",
    "literal(-1.5E3)": "literal(-1500)",
    "array(string)": "string[]",
    "array(string | null)": "(string | null)[]",
    "( string )": "string",
    "(string)[]": "string[]",
    " string [ ] ": "string[]",
    "string|null": "string | null",
    "string\n| null\n": "string | null",
    "union(string, null)": "string | null",
    "union(string, null,)": "string | null",
    "{a?: string, b?: any?,}": "{a: string?, b: any?}",
    "{'a': string}": "{a: string}",
    '{"a?": string}': '{"a?": string}',
}


@pytest.mark.parametrize(("text", "validator"), MEANINGS.items(), ids=MEANINGS)
def test_a_text_means_a_validator(text: str, validator: Validator) -> None:
    assert read_shorthand(text) == validator


@pytest.mark.parametrize(("text", "validator"), MEANINGS.items(), ids=MEANINGS)
def test_a_validator_is_spelled_as_that_text(text: str, validator: Validator) -> None:
    assert spell_validator(validator) == text


@pytest.mark.parametrize(("text", "spelled"), OTHER_SPELLINGS.items(), ids=OTHER_SPELLINGS)
def test_there_are_other_ways_to_say_the_same(text: str, spelled: str) -> None:
    assert spell_validator(read_shorthand(text)) == spelled


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("string", FieldOf(STRING)),
        ("string?", FieldOf(STRING, optional=True)),
        ("string | null ?", FieldOf(UnionOf((STRING, NullType())), optional=True)),
        ("{a: string?}?", FieldOf(ObjectOf((("a", FieldOf(STRING, optional=True)),)), optional=True)),
    ],
)
def test_a_field_may_be_optional(text: str, field: FieldOf) -> None:
    assert read_field(text) == field
    assert read_field(spell_field(field)) == field


# text, message, offset, hint
BAD: dict[str, tuple[str, int, str | None]] = {
    "": ("the text ends where a validator is expected", 0, None),
    "   ": ("the text ends where a validator is expected", 3, None),
    "str": ("`str` is no validator", 0, "did you mean 'string'?"),
    "a[]": ("`a` is no validator", 0, None),
    "string | int": ("`int` is no validator", 9, "did you mean 'number'? 'int64' is JavaScript's bigint"),
    "float": ("`float` is no validator", 0, "did you mean 'number'?"),
    "uuid": ("`uuid` is no validator", 0, "did you mean 'string'?"),
    "date": ("`date` is no validator", 0, "write 'number' for milliseconds since 1970, or 'string' for a date as text"),
    "String": ("`String` is no validator", 0, "did you mean 'string'?"),
    "nubmer": ("`nubmer` is no validator", 0, "did you mean 'number'?"),
    "boolena[]": ("`boolena` is no validator", 0, "did you mean 'boolean'?"),
    "zzz": ("`zzz` is no validator", 0, None),
    "undefined": ("`undefined` is no validator", 0, "did you mean 'null'? A field with ? may be left out"),
    "optional(string)": (
        "`optional` is no validator",
        0,
        "write ? at the end of the field, as in 'string?'",
    ),
    "true": ("`true` is no validator", 0, "write 'literal(true)'"),
    "object({a: string})": (
        "`object` is no validator",
        0,
        "write its fields, {name: string}, or 'record(string, any)'",
    ),
    "v.string()": ("`v.` is not written here", 0, "write 'string' for v.string()"),
    "{a: v.id('x')}": ("`v.` is not written here", 4, "write 'string' for v.string()"),
    "string()": ("string has no brackets", 6, "write 'string'"),
    "id": ("id does not say of what", 0, "write 'id(users)' or the like"),
    "array[]": ("array does not say of what", 0, "write 'array(string)' or the like"),
    "id()": ("`)` stands where a table is expected", 3, None),
    "id(a b)": ("`b` stands where `)` is expected", 5, None),
    "id('a b')": (
        "`a b` cannot name a table",
        3,
        "a table's name has letters, digits and underscores, at most 64, and begins with no digit",
    ),
    "literal(a)": ("a literal is a text in quotes, a number, true or false", 8, "put it in quotes: 'literal(\"a\")'"),
    "literal()": ("a literal is a text in quotes, a number, true or false", 8, None),
    "literal(1e999)": ("a literal is never infinite or NaN", 8, "say number"),
    "literal(9223372036854775808n)": ("`9223372036854775808n` does not fit into 64 bits", 8, None),
    "literal(1.5n)": ("`1.5n` is no whole number", 8, None),
    "3": ("`3` stands where a validator is expected", 0, "write 'literal(3)'"),
    "string 3": ("`3` stands where the end is expected", 7, None),
    '"abc': ("this quote is not closed", 0, None),
    "string | 'a": ("this quote is not closed", 9, None),
    r'"\q"': (
        "this text has an escape that means nothing",
        0,
        "escapes are those of JSON; a backslash is written twice",
    ),
    r'"\ud800"': ("this literal has half a surrogate pair in it", 0, None),
    "record(string)": ("`)` stands where `,` is expected", 13, None),
    'record("a" | string, any)': (
        'the keys of a record are strings or ids, not `v.union(v.literal("a"), v.string())`',
        7,
        "with fixed keys, write an object",
    ),
    "[string]": ("`[` stands where a validator is expected", 0, "write 'string[]' for an array"),
    "string[": ("the text ends where `]` is expected", 7, None),
    "string[3]": ("`3` stands where `]` is expected", 7, None),
    "string |": ("the text ends where a validator is expected", 8, None),
    "(string": ("the text ends where `)` is expected", 7, None),
    "string)": ("`)` stands where the end is expected", 6, None),
    "{a: string": ("the text ends where `}` is expected", 10, None),
    "{a: string b: any}": ("`b` stands where `}` is expected", 11, None),
    "{a}": ("`}` stands where `:` is expected", 2, None),
    "{3: any}": ("`3` stands where a field is expected", 1, None),
    "{a: any, a: any}": ("the field `a` is there twice", 9, None),
    "{'$a': any}": ("`$a` cannot be a field: Field name $a starts with '$', which is reserved.", 1, None),
    "a; b": ("`;` means nothing in a validator", 1, None),
    "string; b": ("`;` means nothing in a validator", 6, None),
    "string?": (
        "`?` stands where the end is expected",
        6,
        "? says that a field may be left out and stands at its end; for null write 'string | null'",
    ),
    "(" * 70: ("this validator nests deeper than 64 levels", 64, "say any from some level on"),
    "string" + "[]" * 64: ("this validator nests deeper than 64 levels", 132, "say any from some level on"),
    "(" * 40 + "string" + "[])" * 40 + "[]" * 40: (
        "this validator nests deeper than 64 levels",
        212,
        "say any from some level on",
    ),
    "array(" * 64 + "string" + ")" * 64: ("this validator nests deeper than 64 levels", 384, None),
    "(array(" * 40 + "string" + "))" * 40: ("this validator nests deeper than 64 levels", 224, None),
    "a" * 4001: ("this text is longer than 4,000 characters", 0, "write a mapping of fields"),
}


@pytest.mark.parametrize(("text", "row"), BAD.items(), ids=[text[:30] for text in BAD])
def test_a_text_that_means_nothing_is_refused_with_the_reason_and_the_place(
    text: str, row: tuple[str, int, str | None]
) -> None:
    message, offset, hint = row
    with pytest.raises(InvalidValidatorError) as caught:
        read_shorthand(text, ("functions", 3))

    assert (caught.value.message, caught.value.offset) == (message, offset)
    assert caught.value.steps == ("functions", 3)
    assert hint is None or caught.value.hint == hint


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("string? | null", "`|` stands behind the ?", 8),
        ("string??", "`?` stands behind the ?", 7),
        ("string?[]", "`[` stands behind the ?", 7),
        ("(string?)", "`?` stands where `)` is expected", 7),
        ("string?; b", "`;` means nothing in a validator", 7),
        ("string" + "[]" * 64 + "?", "this validator nests deeper than 64 levels", 132),
    ],
)
def test_what_is_optional_is_said_at_the_very_end_of_a_field(text: str, message: str, offset: int) -> None:
    with pytest.raises(InvalidValidatorError) as caught:
        read_field(text)

    assert (caught.value.message, caught.value.offset) == (message, offset)


def test_the_deepest_nesting_is_read() -> None:
    text = "string" + "[]" * 63

    assert spell_validator(read_shorthand(text)) == text

"""The short texts of scenario files for validators: ``id(users)``, ``string[]``, ``"a" | "b"``, ``{at: number?}``.

The grammar, with a trailing ``?`` for fields only::

    field   = union ["?"]
    union   = array {"|" array}
    array   = primary {"[" "]"}
    primary = word | text | "(" union ")" | object
            | "id" "(" (word | text) ")" | "literal" "(" (text | number | "true" | "false") ")"
            | "array" "(" union ")" | "record" "(" union "," union ")" | "union" "(" [union {"," union}] ")"
    object  = "{" [entry {"," entry} [","]] "}"
    entry   = (word | text) ["?"] ":" union ["?"]

A word is one of ``any null number float64 int64 bigint boolean bool string bytes``; a text is in double or single
quotes and stands for a literal; a number that ends with ``n`` is an Int64.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TypeVar

from emulator.values.convex import Int64, InvalidValueError
from emulator.values.display import javascript_number
from emulator.values.validators.faults import (
    InvalidValidatorError,
    Steps,
    check_depth,
    check_field,
    did_you_mean,
    id_of,
    literal_of,
    record_of,
    shown,
)
from emulator.values.validators.tokens import InvalidTokenError, Token, scan, unquote
from emulator.values.validators.types import (
    AnyType,
    ArrayOf,
    BooleanType,
    BytesType,
    FieldOf,
    IdOf,
    Int64Type,
    Literal,
    LiteralValue,
    NullType,
    NumberType,
    ObjectOf,
    RecordOf,
    StringType,
    UnionOf,
    Validator,
    nesting_of,
)

_Form = TypeVar("_Form", Validator, FieldOf)

MAX_LENGTH = 4000

_WORDS: dict[str, Validator] = {
    "any": AnyType(),
    "null": NullType(),
    "number": NumberType(),
    "int64": Int64Type(),
    "boolean": BooleanType(),
    "string": StringType(),
    "bytes": BytesType(),
}
_SPELLINGS = {type(validator): word for word, validator in _WORDS.items()}
_WORDS |= {"float64": NumberType(), "bigint": Int64Type(), "bool": BooleanType()}
_FORMS = {
    "id": "id(users)",
    "literal": 'literal("a")',
    "array": "array(string)",
    "record": "record(string, number)",
    "union": "union(string, null)",
}
_MEANT = {
    **dict.fromkeys(["str", "text", "varchar", "char", "uuid", "url", "email"], "did you mean 'string'?"),
    **dict.fromkeys(["float", "double", "decimal", "real", "num"], "did you mean 'number'?"),
    **dict.fromkeys(["int", "integer", "long"], "did you mean 'number'? 'int64' is JavaScript's bigint"),
    **dict.fromkeys(
        ["date", "datetime", "time", "timestamp"],
        "write 'number' for milliseconds since 1970, or 'string' for a date as text",
    ),
    **dict.fromkeys(["binary", "blob", "buffer", "arraybuffer"], "did you mean 'bytes'?"),
    **dict.fromkeys(["json", "unknown", "mixed", "jsonb"], "did you mean 'any'?"),
    **dict.fromkeys(["none", "nil", "undefined", "void"], "did you mean 'null'? A field with ? may be left out"),
    **dict.fromkeys(["object", "dict", "struct"], "write its fields, {name: string}, or 'record(string, any)'"),
    **dict.fromkeys(["map", "hash"], "write 'record(string, any)'"),
    **dict.fromkeys(["list", "set", "tuple"], "write 'string[]' or 'array(string)'"),
    **dict.fromkeys(["optional", "maybe"], "write ? at the end of the field, as in 'string?'"),
    "nullable": "write 'string | null'",
    "enum": 'write the texts in quotes with | between them: \'"a" | "b"\'',
    "true": "write 'literal(true)'",
    "false": "write 'literal(false)'",
}
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")


def read_shorthand(text: str, steps: Steps = ()) -> Validator:
    """Read the short form of a validator; `steps` are those that led to `text`, for errors.

    Raises InvalidValidatorError, whose `offset` says where in the text.
    """
    return _read(text, steps, _Reader.validator)


def read_field(text: str, steps: Steps = ()) -> FieldOf:
    """Read the short form of a field: that of a validator, and ``?`` behind it when the field may be left out."""
    return _read(text, steps, _Reader.field)


def spell_validator(validator: Validator) -> str:
    """Write a validator in the short form, which :func:`read_shorthand` reads as the same validator."""
    match validator:
        case Literal(value):
            return _spell_literal(value)
        case IdOf(table):
            return f"id({table})"
        case ArrayOf(item):
            return f"{_spell_member(item)}[]"
        case ObjectOf(fields):
            return "{" + ", ".join(f"{_spell_name(name)}: {spell_field(field)}" for name, field in fields) + "}"
        case RecordOf(keys, values):
            return f"record({spell_validator(keys)}, {spell_validator(values)})"
        case UnionOf(members) if len(members) > 1:
            return " | ".join(map(_spell_member, members))
        case UnionOf(members):
            return f"union({', '.join(map(spell_validator, members))})"
        case _:
            return _SPELLINGS[type(validator)]


def spell_field(field: FieldOf) -> str:
    """Write a field in the short form, which :func:`read_field` reads as the same field."""
    return spell_validator(field.validator) + ("?" if field.optional else "")


def _spell_member(validator: Validator) -> str:
    text = spell_validator(validator)
    return f"({text})" if isinstance(validator, UnionOf) and len(validator.members) > 1 else text


def _spell_name(name: str) -> str:
    return name if _NAME.fullmatch(name) else json.dumps(name)


def _spell_literal(value: LiteralValue) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return f"literal({str(value).lower()})"
    return f"literal({int(value)}n)" if isinstance(value, Int64) else f"literal({javascript_number(value)})"


def _read(text: str, steps: Steps, form: Callable[[_Reader], _Form]) -> _Form:
    try:
        return form(_Reader(text, steps))
    except InvalidTokenError as error:
        raise InvalidValidatorError(str(error), steps, hint=error.hint, offset=error.offset) from error


class _Reader:
    """Reads one text from left to right, with one token in view."""

    def __init__(self, text: str, steps: Steps) -> None:
        self._text = text
        self._steps = steps
        self._position = 0
        self._depth = 0
        if len(text) > MAX_LENGTH:
            raise self._error(f"this text is longer than {MAX_LENGTH:,} characters", 0, "write a mapping of fields")
        self._token = self._scan()

    def validator(self) -> Validator:
        """Read the whole text as a validator."""
        validator = self._union()
        self._finish(validator)
        return validator

    def field(self) -> FieldOf:
        """Read the whole text as a field."""
        validator = self._union()
        optional = self._take("?")
        if optional and self._token.kind != "end":
            message = f"{shown(self._token.text)} stands behind the ?"
            raise self._error(message, self._token.offset, "put the ? at the very end: 'string | null?'")
        self._finish(validator)
        return FieldOf(validator, optional)

    def _finish(self, validator: Validator) -> None:
        if self._token.kind != "end":
            raise self._unexpected("the end")
        check_depth(nesting_of(validator), self._steps, 0)

    def _union(self) -> Validator:
        self._depth += 1
        check_depth(self._depth, self._steps, self._token.offset)
        members = [self._array()]
        while self._take("|"):
            members.append(self._array())
        self._depth -= 1
        return members[0] if len(members) == 1 else UnionOf(tuple(members))

    def _array(self) -> Validator:
        validator = self._primary()
        levels = nesting_of(validator) if self._token.kind == "[" else 0
        while self._token.kind == "[":
            levels += 1
            check_depth(levels, self._steps, self._token.offset)
            self._step()
            self._expect("]")
            validator = ArrayOf(validator)
        return validator

    def _primary(self) -> Validator:
        token = self._token
        if token.kind == "word":
            return self._word(self._step())
        if token.kind == "text":
            return self._literal()
        if self._take("("):
            validator = self._union()
            self._expect(")")
            return validator
        if self._take("{"):
            return self._object()
        raise self._unexpected("a validator")

    def _word(self, token: Token) -> Validator:
        validator = _WORDS.get(token.text)
        if validator is not None:
            if self._token.kind == "(":
                raise self._error(f"{token.text} has no brackets", self._token.offset, f"write '{token.text}'")
            return validator
        if token.text not in _FORMS:
            lower = token.text.lower()
            hint = _MEANT.get(lower) or did_you_mean(lower, [*_WORDS, *_FORMS])
            raise self._error(f"{shown(token.text)} is no validator", token.offset, hint)
        if self._token.kind != "(":
            message = f"{token.text} does not say of what"
            raise self._error(message, token.offset, f"write '{_FORMS[token.text]}' or the like")
        return self._form(token)

    def _form(self, word: Token) -> Validator:
        self._expect("(")
        validator: Validator
        match word.text:
            case "id":
                validator = self._id()
            case "literal":
                validator = self._literal()
            case "array":
                validator = ArrayOf(self._union())
            case "record":
                validator = self._record()
            case _:
                validator = self._members()
        self._expect(")")
        return validator

    def _id(self) -> IdOf:
        token = self._token
        return id_of(self._name("a table"), self._steps, token.offset)

    def _literal(self) -> Literal:
        token = self._step()
        value: LiteralValue
        if token.kind == "text":
            value = unquote(token)
        elif token.kind == "number":
            value = self._number(token)
        elif token.text in {"true", "false"}:
            value = token.text == "true"
        else:
            hint = f"put it in quotes: 'literal(\"{token.text}\")'" if token.kind == "word" else None
            raise self._error("a literal is a text in quotes, a number, true or false", token.offset, hint)
        return literal_of(value, self._steps, token.offset)

    def _record(self) -> RecordOf:
        at = self._token.offset
        keys = self._union()
        self._expect(",")
        return record_of(keys, self._union(), self._steps, at)

    def _members(self) -> UnionOf:
        members: list[Validator] = []
        while self._token.kind != ")":
            members.append(self._union())
            if not self._take(","):
                break
        return UnionOf(tuple(members))

    def _object(self) -> ObjectOf:
        fields: dict[str, FieldOf] = {}
        while self._token.kind != "}":
            at = self._token.offset
            name = self._name("a field")
            check_field(name, self._steps, at)
            if name in fields:
                raise self._error(f"the field {shown(name)} is there twice", at)
            optional = self._take("?")
            self._expect(":")
            validator = self._union()
            fields[name] = FieldOf(validator, self._take("?") or optional)
            if not self._take(","):
                break
        self._expect("}")
        return ObjectOf(tuple(fields.items()))

    def _name(self, what: str) -> str:
        token = self._token
        if token.kind not in {"word", "text"}:
            raise self._unexpected(what)
        self._step()
        return token.text if token.kind == "word" else unquote(token)

    def _number(self, token: Token) -> float | Int64:
        if not token.text.endswith("n"):
            return float(token.text)
        try:
            return Int64(int(token.text[:-1]))
        except InvalidValueError as error:
            raise self._error(f"{shown(token.text)} does not fit into 64 bits", token.offset) from error
        except ValueError as error:
            raise self._error(f"{shown(token.text)} is no whole number", token.offset) from error

    def _step(self) -> Token:
        token = self._token
        self._token = self._scan()
        return token

    def _take(self, mark: str) -> bool:
        if self._token.kind != mark:
            return False
        self._step()
        return True

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            raise self._unexpected(f"`{mark}`")

    def _scan(self) -> Token:
        token, self._position = scan(self._text, self._position)
        return token

    def _unexpected(self, wanted: str) -> InvalidValidatorError:
        token = self._token
        if token.kind == "end":
            return self._error(f"the text ends where {wanted} is expected", token.offset)
        hint = None
        if token.kind == "?":
            hint = "? says that a field may be left out and stands at its end; for null write 'string | null'"
        elif wanted == "a validator" and token.kind == "[":
            hint = "write 'string[]' for an array"
        elif wanted == "a validator" and token.kind == "number":
            hint = f"write 'literal({token.text})'"
        return self._error(f"{shown(token.text)} stands where {wanted} is expected", token.offset, hint)

    def _error(self, message: str, offset: int, hint: str | None = None) -> InvalidValidatorError:
        return InvalidValidatorError(message, self._steps, hint=hint, offset=offset)

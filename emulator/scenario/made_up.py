"""Results made up from what a function is said to return: right in type, and like what their fields are called.

What is made is written as a scenario file would have it, with draws in it, so that it can be read and edited.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TypeAlias, assert_never

from emulator.values.convex import Int64
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

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LENGTHS = (3, 2)
_MOST = 400
_LAST_PAGE: dict[str, tuple[Validator, Plain]] = {
    "isDone": (BooleanType(), True),
    "continueCursor": (StringType(), ""),
}
_RARE = frozenset({"archived", "banned", "blocked", "deleted", "disabled", "expired", "hidden", "revoked"})
_MOMENTS = frozenset({"at", "date", "day", "on", "since", "time", "timestamp", "until"})

_TEXTS = {
    "address": "fake.street_address()",
    "author": "fake.name()",
    "avatar": "fake.image_url()",
    "bio": "fake.sentence(12)",
    "body": "fake.sentence(10)",
    "caption": "fake.sentence(6)",
    "city": "fake.city()",
    "code": 'fake.bothify("??-####")',
    "color": "fake.hex_color()",
    "colour": "fake.hex_color()",
    "comment": "fake.sentence(10)",
    "company": "fake.company()",
    "content": "fake.sentence(12)",
    "country": "fake.country()",
    "currency": "fake.currency_code()",
    "description": "fake.sentence(12)",
    "domain": "fake.domain_name()",
    "email": "fake.email()",
    "emoji": "fake.emoji()",
    "extension": "fake.file_extension()",
    "file": "fake.file_name()",
    "filename": "fake.file_name()",
    "firstname": "fake.first_name()",
    "handle": "fake.user_name()",
    "hash": "fake.sha1()",
    "headline": "fake.sentence(5)",
    "icon": "fake.image_url()",
    "id": "uuid()",
    "image": "fake.image_url()",
    "ip": "fake.ipv4()",
    "job": "fake.job()",
    "key": "fake.sha1()",
    "language": "fake.language_code()",
    "lastname": "fake.last_name()",
    "link": "fake.url()",
    "locale": "fake.locale()",
    "logo": "fake.image_url()",
    "message": "fake.sentence(10)",
    "name": "fake.name()",
    "note": "fake.sentence(10)",
    "notes": "fake.sentence(10)",
    "organization": "fake.company()",
    "owner": "fake.name()",
    "path": "fake.file_path()",
    "phone": "fake.phone_number()",
    "photo": "fake.image_url()",
    "picture": "fake.image_url()",
    "postcode": "fake.postcode()",
    "sender": "fake.name()",
    "slug": "fake.slug()",
    "state": "fake.word()",
    "street": "fake.street_address()",
    "subject": "fake.sentence(5)",
    "summary": "fake.sentence(12)",
    "text": "fake.sentence(10)",
    "thumbnail": "fake.image_url()",
    "timezone": "fake.timezone()",
    "title": "fake.sentence(4)",
    "token": "fake.sha1()",
    "uri": "fake.url()",
    "url": "fake.url()",
    "user": "fake.name()",
    "username": "fake.user_name()",
    "uuid": "uuid()",
    "version": 'fake.numerify("#.#.#")',
    "website": "fake.url()",
    "zip": "fake.postcode()",
}
_PAIRS = {
    ("company", "name"): "fake.company()",
    ("display", "name"): "fake.name()",
    ("file", "name"): "fake.file_name()",
    ("first", "name"): "fake.first_name()",
    ("last", "name"): "fake.last_name()",
    ("user", "name"): "fake.user_name()",
}
_NUMBERS = {
    "age": "random.int(18, 80)",
    "amount": "round(random.float(1, 500), 2)",
    "cost": "round(random.float(1, 500), 2)",
    "duration": "random.int(100, 60000)",
    "height": "random.int(100, 1080)",
    "lat": "round(random.float(-90, 90), 5)",
    "latitude": "round(random.float(-90, 90), 5)",
    "lng": "round(random.float(-180, 180), 5)",
    "longitude": "round(random.float(-180, 180), 5)",
    "price": "round(random.float(1, 500), 2)",
    "rating": "random.int(1, 5)",
    "score": "random.int(0, 100)",
    "size": "random.int(100, 1000000)",
    "stars": "random.int(1, 5)",
    "width": "random.int(100, 1920)",
    "year": "random.int(1990, 2030)",
}


def made_up(validator: Validator) -> Plain:
    """Return a result that a validator accepts; what it draws follows from the seed, as everywhere."""
    return _Maker().value(validator, "", 0)


class _Maker:
    """Makes one result; when much is made already, lists stay empty and optional fields are left out."""

    def __init__(self) -> None:
        self._made = 0

    def value(self, validator: Validator, name: str, depth: int) -> Plain:  # noqa: C901, PLR0912 - one case a type
        """Return a value for a field of this name, `depth` lists deep."""
        self._made += 1
        match validator:
            case AnyType() | NullType():
                return None
            case NumberType():
                return _expression(_number(_words(name)))
            case Int64Type():
                return _expression(f"int64({_number(_words(name))})")
            case BooleanType():
                return _expression("random.bool(0.1)" if _RARE & {*_words(name)} else "random.bool()")
            case StringType():
                return _expression(_text(_words(name)))
            case BytesType():
                return {"$bytes": base64.b64encode(name.encode()).decode()}
            case Literal(value):
                return _constant(value)
            case IdOf(table):
                return _expression(f"id({json.dumps(table)})")
            case ArrayOf(item):
                return self._items(item, name, depth)
            case ObjectOf(fields):
                return {key: self._field(key, each, depth) for key, each in fields if self._wants(each)}
            case RecordOf(keys, values):
                return {"first": self.value(values, name, depth)} if isinstance(keys, StringType) else {}
            case UnionOf(members):
                return self._union(members, name, depth)
            case _:
                assert_never(validator)

    def _wants(self, field: FieldOf) -> bool:
        return not field.optional or self._made < _MOST

    def _items(self, item: Validator, name: str, depth: int) -> list[Plain]:
        length = _LENGTHS[depth] if depth < len(_LENGTHS) else 1
        singular = name.removesuffix("s")
        return [self.value(item, singular, depth + 1) for _ in range(length) if self._made < _MOST]

    def _field(self, key: str, field: FieldOf, depth: int) -> Plain:
        if key in _LAST_PAGE and type(field.validator) is type(_LAST_PAGE[key][0]):
            return _LAST_PAGE[key][1]
        return self.value(field.validator, key, depth)

    def _union(self, members: tuple[Validator, ...], name: str, depth: int) -> Plain:
        """Return what the first member that is more than null accepts; of several texts any."""
        some = [each for each in members if not isinstance(each, NullType)]
        texts = [each.value for each in some if isinstance(each, Literal) and isinstance(each.value, str)]
        if len(texts) == len(some) > 1:
            return _expression(f"pick({json.dumps(texts, ensure_ascii=False)})")
        return self.value(some[0], name, depth) if some else None


def _expression(text: str) -> str:
    return f"${{{text}}}"


def _constant(value: bool | Int64 | float | str) -> Plain:  # noqa: FBT001 - a value
    if isinstance(value, Int64):
        return {"$int64": int(value)}
    return value.replace("${", "$${") if isinstance(value, str) else value


def _words(name: str) -> tuple[str, ...]:
    return tuple(each.lower() for each in _WORDS.findall(name))


def _text(words: tuple[str, ...]) -> str:
    last = words[-1] if words else ""
    if len(words) > 1 and last in _MOMENTS:
        return 'iso(fake.date_time_between("-30d", "now"))'
    if last in {"date", "day", "birthday"}:
        return "fake.date()"
    return _PAIRS.get((words[-2] if len(words) > 1 else "", last)) or _TEXTS.get(last) or "fake.word()"


def _number(words: tuple[str, ...]) -> str:
    last = words[-1] if words else ""
    if last in _MOMENTS:
        return 'fake.date_time_between("-30d", "now")'
    return _NUMBERS.get(last, "random.int(0, 100)")

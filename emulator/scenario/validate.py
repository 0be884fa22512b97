"""Holds located trees against the written form, and says every difference as a problem."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, Tag, ValidationError
from pydantic.fields import FieldInfo

from emulator.model.place import Place
from emulator.scenario.forms import LIMIT, Written
from emulator.scenario.forms import Form as FormName
from emulator.scenario.problem import Problem, did_you_mean
from emulator.scenario.tree import Mapping, Step, place_at, shown
from emulator.scenario.written_scenario import MAX_RATE, MAX_SEEDS

Form = TypeVar("Form", bound=BaseModel)

_WANTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "document_type": "a mapping, or an expression that gives one",
    "fields_type": "a mapping of names and types, such as {author: string, likes: int64?}",
}
_BOUNDS = {
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number from {ge} upward",
    "less_than_equal": "a number up to {le}",
    "string_too_short": "a text, which cannot be empty",
    "string_too_long": "a text of at most {max_length} characters",
    "string_pattern_mismatch": "a text of the form {pattern}",
}
_OTHERS = {
    "status": ("bad-failure", "a status from 400 to 599"),
    "admin_keys": ("bad-admin-key", "a name, a bar and a secret: name|secret"),
    "name": ("bad-value", "letters, digits and hyphens, at most 64, the first no hyphen"),
    **dict.fromkeys(
        ("faults name", "limits name"),
        ("bad-value", "letters, digits, dots, hyphens and underscores, at most 64, the first a letter or a digit"),
    ),
    "token": ("bad-value", "a token, which cannot be empty"),
    "as": ("bad-value", "letters, digits and underscores, at most 64, the first a letter"),
    "by": ("bad-value", "the name of a field"),
    "limit": ("bad-value", LIMIT),
    "chance": ("bad-value", "a number from 0 to 1"),
    "rate": ("bad-value", f"a number above 0, at most {MAX_RATE:,}"),
    "count": ("bad-value", f"a whole number from 0 to {MAX_SEEDS:,}"),
    **dict.fromkeys(("call", "from", "to", "every"), ("bad-value", "a whole number from 1 upward")),
}

_SECRETS = frozenset({"admin_keys", "auth", "password", "token", "tokens"})
_ENVIRONMENT = ("deployment", "env")


def validate(form: type[Form], tree: Mapping, prefix: tuple[Step, ...] = ()) -> Form | list[Problem]:
    """Return `tree` as `form`, or every problem; `prefix` names where the tree stands, for messages."""
    try:
        return form.model_validate(tree)
    except ValidationError as error:
        return [_problem(form, each, tree, prefix) for each in error.errors(include_url=False)]


def _problem(form: type[BaseModel], error: Any, tree: Mapping, prefix: tuple[Step, ...]) -> Problem:  # noqa: ANN401
    """Translate one of pydantic's errors; its forms' names stand for no key."""
    steps = tuple(step for step in error["loc"] if not _is_form(step))
    where = _path((*prefix, *steps))
    place = place_at(tree, steps)
    kind, got, context = error["type"], error["input"], error.get("ctx") or {}
    is_secret = _last_key(steps) in _SECRETS or steps[:2] == _ENVIRONMENT
    if got and is_secret and not isinstance(got, dict | list):
        got = _Secret(isinstance(got, str))
    match kind:
        case "extra_forbidden":
            known = _keys_at(form, error["loc"][:-1])
            return _unknown_key(
                str(steps[-1]), known, _path((*prefix, *steps[:-1])), place_at(tree, steps, of_key=True)
            )
        case "missing":
            owner = _path((*prefix, *steps[:-1]))
            return Problem(place, "missing-key", f"{owner} has no key {steps[-1]!r}", f"the key {steps[-1]!r}")
        case "bad_duration":
            hint = context.get("hint", "write a number and a unit: ms, s, m, h or d")
            return Problem(place, "bad-duration", f"{where}: {context['got']}", "a duration", hint)
        case "exclusive":
            message = f"{where}: {context['keys']} exclude each other"
            return Problem(place, "outcome-conflict", message, hint="keep one of them")
        case "literal_error":
            choices = context["expected"].replace(" or ", ", ").replace("'", "").split(", ")
            hint = did_you_mean(str(got), choices)
            return Problem(place, "unknown-choice", f"{where}: {shown(got)}", f"one of: {', '.join(choices)}", hint)
        case "too_short" if isinstance(got, list):
            return Problem(place, "empty-list", f"{where}: the list is empty", "at least one entry")
        case "too_short" if isinstance(got, dict):
            return Problem(place, "empty-list", f"{where}: the mapping is empty", "at least one entry")
        case _ if kind in _WANTED:
            has_short_form = error["loc"][-1] == FormName.MAPPING.value
            wanted = "a text or a mapping" if has_short_form else _WANTED[kind]
            return _wrong_type(where, wanted, got, place)
        case _:
            slug, expected = _expected(steps) or ("bad-value", _BOUNDS.get(kind, error["msg"]).format(**context))
            return Problem(place, slug, f"{where}: {shown(got)}", expected)


class _Secret(NamedTuple):
    """Stands for a secret in messages: those are shown, logged and sent around."""

    is_text: bool

    def __repr__(self) -> str:
        return "a secret, not shown"


def _expected(steps: tuple[Step, ...]) -> tuple[str, str] | None:
    """Return what is said of a key whose value is out of bounds."""
    key = _last_key(steps)
    return _OTHERS.get(f"{steps[0]} {key}") or _OTHERS.get(key) if steps else None


def _wrong_type(where: str, wanted: str, got: object, place: Place) -> Problem:
    hint = None
    if got is None:
        hint = "write something below the key, or remove it"
    elif wanted.startswith("a text") and isinstance(got, int | float):
        hint = f'write it in quotes: "{str(got).lower()}"'
    elif isinstance(got, _Secret) and not got.is_text:
        hint = "write it in quotes"
    elif wanted == "a list":
        hint = f"write [{got}]" if isinstance(got, str) else "write each entry on a line of its own, after a dash"
    return Problem(place, "wrong-type", f"{where}: {shown(got)}", wanted, hint)


def _unknown_key(key: str, known: list[str], owner: str, place: Place) -> Problem:
    expected = f"one of: {', '.join(known)}"
    hint = did_you_mean(key, known)
    return Problem(place, "unknown-key", f"{owner} has no use for the key {key!r}", expected, hint)


def _keys_at(form: type[BaseModel], loc: tuple[Step, ...]) -> list[str]:
    """Return the keys of the model that stands at the end of an error's path."""
    annotation: Any = form
    for step in loc:
        if _is_form(step):
            annotation = next(_forms_in(annotation, str(step)), annotation)
            continue
        known = (_field_at(each, step) for each in _models_in(annotation))
        field = next((each for each in known if each is not None), None)
        if field is not None:
            annotation = (field.annotation, *field.metadata)
    models = list(_models_in(annotation))
    return [field.alias or name for name, field in models[-1].model_fields.items()] if models else []


def _field_at(model: type[BaseModel], key: Step) -> FieldInfo | None:
    """Return the field that users write as `key`."""
    return next((each for name, each in model.model_fields.items() if key == (each.alias or name)), None)


def _is_form(step: Step) -> bool:
    return any(step == each.value for each in FormName)


def _forms_in(annotation: Any, name: str) -> Iterator[Any]:  # noqa: ANN401
    """Yield the arm of a union that has the tag `name`."""
    for argument in annotation if isinstance(annotation, tuple) else get_args(annotation):
        if any(isinstance(each, Tag) and each.tag == name for each in getattr(argument, "__metadata__", ())):
            yield argument
        yield from _forms_in(argument, name)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401
    if isinstance(annotation, type) and issubclass(annotation, Written):
        yield annotation
    for argument in annotation if isinstance(annotation, tuple) else get_args(annotation):
        yield from _models_in(argument)


def _path(steps: tuple[Step, ...]) -> str:
    """Write where something stands; the keys of `tokens` are secrets themselves."""
    shown_steps = ("…" if place and steps[place - 1] == "tokens" else str(step) for place, step in enumerate(steps))
    return " › ".join(shown_steps) if steps else "a scenario file"


def _last_key(steps: tuple[Step, ...]) -> str:
    return next((each for each in reversed(steps) if isinstance(each, str)), "")

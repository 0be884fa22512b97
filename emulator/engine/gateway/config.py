"""A gateway's config: a JSON tree, and what a PATCH makes of it (contract openclaw §1.10)."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any, Final, TypeAlias, TypeGuard, Union

from emulator.engine.gateway.config_paths import (
    MAX_DEPTH,
    MAX_PATH,
    Path,
    dotted_of,
    is_index,
    leaves_of,
    segments_of,
    shown,
)
from emulator.values.formats import Json

PLACEHOLDER = "__REDACTED__"
"""What stands for a secret wherever the config is read."""

MAX_LEAVES = 10_000
MAX_BYTES = 1 << 20

_MAX_ISSUES = 100
_REFUSED = frozenset({"__proto__", "constructor", "prototype"})
_SECRETS = frozenset({"apiKey", "password", "secret", "token"})
_SECRET_ENDINGS = ("ApiKey", "Token")
_ABSENT: Final[Any] = object()
_SMALLEST, _GREATEST = -(1 << 63), (1 << 64) - 1  # what JSON libraries take for whole numbers


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong with a patch, and where; an empty path is the whole of it."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ConfigError(ValueError):
    """A patch that cannot be applied; it says all that is wrong with it."""

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        """Keep what is wrong, at least one issue."""
        super().__init__("; ".join(map(str, issues)))
        self.issues = issues


class ForbiddenKeyError(ValueError):
    """A patch of a key that nobody may change, lest they lock themselves out."""

    def __init__(self, path: str) -> None:
        """Name the key."""
        super().__init__(f"{path} cannot be changed")
        self.path = path


@dataclass(frozen=True, slots=True)
class Patched:
    """The tree after a patch, and the path of each value that was set or removed."""

    tree: Json
    applied: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a known key takes."""

    wording: str
    holds: Callable[[Json], bool]


def _whole(least: int, most: float = math.inf) -> Callable[[Json], bool]:
    def holds(value: Json) -> bool:
        return _is_number(value) and float(value).is_integer() and least <= value <= most

    return holds


_ANY = "*"
_Known: TypeAlias = Mapping[str, Union[_Kind, "_Known"]]
_KNOWN: _Known = {
    "agents": {
        "defaults": {
            "maxConcurrent": _Kind("a whole number from 1", _whole(1)),
            "model": _Kind("a text", lambda value: isinstance(value, str)),
        },
    },
    "channels": {_ANY: {"enabled": _Kind("true or false", lambda value: isinstance(value, bool))}},
    "gateway": {"port": _Kind("a whole number from 1 to 65535", _whole(1, 65_535))},
}
"""Keys whose values mean something to the gateway; whatever else is written is kept as it is."""

_KNOWN_DEPTH = 3


def initial(written: Json, *, has_password: bool, has_tokens: bool, port: int, model: str) -> Json:
    """Return the config a gateway begins with, what its scenario writes laid over it; raise as :func:`patched` does."""
    auth: dict[str, Json] = {"mode": "password" if has_password else "token" if has_tokens else "none"}
    if has_password:
        auth["password"] = PLACEHOLDER
    base: Json = {"agents": {"defaults": {"model": model}}, "gateway": {"port": port, "auth": auth}}
    return patched(base, written).tree


def patched(tree: Json, patch: Json) -> Patched:
    """Apply a patch whose keys are dotted paths, all of it or nothing; neither `tree` nor `patch` is changed.

    Raise ForbiddenKeyError where it touches `gateway.auth`, and ConfigError where anything else is wrong.
    """
    if not isinstance(patch, dict):
        raise ConfigError((Issue("", "must be an object"),))
    entries = [(segments_of(key), value) for key, value in patch.items()]
    _refuse_forbidden(entries)
    _raise_any(_faults(leaves_of(tree)))
    _raise_any(_faults(leaf for path, value in entries for leaf in leaves_of(value, path)))
    copy = _copied(tree, tree)
    root = copy if isinstance(copy, dict) else {}
    _raise_any(_applied(root, entries))
    touched = _touched(entries)
    _raise_any(_misfits(root, _KNOWN, (), {path[:end] for path in touched for end in range(_KNOWN_DEPTH + 1)}))
    _raise_any(_excesses(root))
    return Patched(root, tuple(map(dotted_of, touched)))


def value_at(tree: Json, dotted: str) -> Json:
    """Return what is at a dotted path; raise KeyError where nothing is."""
    value = tree
    for segment in segments_of(dotted):
        if isinstance(value, dict) and segment in value:
            value = value[segment]
        elif isinstance(value, list) and is_index(segment) and int(segment) < len(value):
            value = value[int(segment)]
        else:
            raise KeyError(dotted)
    return value


def flat(tree: Json) -> dict[str, Json]:
    """Return all values by their dotted paths, arrays taken apart as well; what is empty is a value."""
    return {dotted_of(path): value for path, value in leaves_of(tree) if path}


def redacted(tree: Json) -> Json:
    """Return the tree with the placeholder for each secret."""
    if isinstance(tree, dict):
        return {
            key: PLACEHOLDER if _is_secret(key) and _can_be_secret(value) else redacted(value)
            for key, value in tree.items()
        }
    return [redacted(each) for each in tree] if isinstance(tree, list) else tree


def hash_of(tree: Json) -> str:
    """Return the hash of a tree with its secrets, whatever the order of its keys."""
    return f"sha256:{sha256(_canonical(tree)).hexdigest()}"


def _canonical(tree: Json) -> bytes:
    text = json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def _is_secret(key: str) -> bool:
    return key in _SECRETS or key.endswith(_SECRET_ENDINGS)


def _is_number(value: Json) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _can_be_secret(value: Json) -> bool:
    return value != "" if isinstance(value, str) else _is_number(value)


def _is_left(key: str, value: Json) -> bool:
    """Whether a value says that the secret stays what it is."""
    return value == PLACEHOLDER and _is_secret(key)


def _raise_any(issues: Iterable[Issue]) -> None:
    found = tuple(islice(dict.fromkeys(issues), _MAX_ISSUES))
    if found:
        raise ConfigError(found)


def _refuse_forbidden(entries: Iterable[tuple[Path, Json]]) -> None:
    """Raise ForbiddenKeyError where a patch would change how people get in."""
    for path, value in entries:
        if path[:2] == ("gateway", "auth"):
            raise ForbiddenKeyError(shown(path))
        if path == ("gateway",) and (not isinstance(value, dict) or "auth" in value):
            raise ForbiddenKeyError("gateway.auth")


def _faults(leaves: Iterable[tuple[Path, Json]]) -> Iterator[Issue]:
    """Yield what no tree may have, wherever it stands; nothing more once a bound is exceeded."""
    for number, (path, value) in enumerate(leaves):
        if number == MAX_LEAVES:
            yield Issue("", f"has more than {MAX_LEAVES} values")
            return
        if len(path) > MAX_DEPTH:
            yield Issue(shown(path), f"is nested more than {MAX_DEPTH} deep")
            return
        if sum(map(len, path)) > MAX_PATH:
            yield Issue(shown(path), f"is a path of more than {MAX_PATH} characters")
            return
        yield from _faults_of_path(path)
        message = _fault_of_value(value)
        if message:
            yield Issue(shown(path), message)


def _faults_of_path(path: Path) -> Iterator[Issue]:
    for end, segment in enumerate(path, 1):
        if not segment:
            yield Issue(shown(path[:end]), "has an empty segment")
        elif segment in _REFUSED:
            yield Issue(shown(path[:end]), f"{segment} cannot be a key")
        elif _is_broken(segment):
            yield Issue(shown(path[:end]), "has half a surrogate pair")


def _fault_of_value(value: Json) -> str | None:
    """Say why a value cannot be sent as JSON."""
    if isinstance(value, str) and _is_broken(value):
        return "has half a surrogate pair"
    if isinstance(value, float) and not math.isfinite(value):
        return "must be a finite number"
    if isinstance(value, int) and not _SMALLEST <= value <= _GREATEST:
        return "must be a number of at most 64 bits"
    return None


def _is_broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _copied(value: Json, old: Json) -> Json:
    """Copy an array, or a whole tree; secrets that are to stay come from the same place in `old`."""
    if isinstance(value, list):
        olds = old if isinstance(old, list) else []
        return [_copied(each, olds[index] if index < len(olds) else None) for index, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    before = old if isinstance(old, dict) else {}
    copy: dict[str, Json] = {}
    for key, inner in value.items():
        if not _is_left(key, inner):
            copy[key] = _copied(inner, before.get(key))
        elif key in before:
            copy[key] = before[key]
    return copy


def _merged(old: Json, value: Json) -> Json:
    """Return what a value makes of what is there (RFC 7396), which may be changed."""
    if not isinstance(value, dict):
        return _copied(value, old)
    target: dict[str, Json] = old if isinstance(old, dict) else {}
    for key, inner in value.items():
        if inner is None:
            target.pop(key, None)
        elif not _is_left(key, inner):
            target[key] = _merged(target.get(key), inner)
    return target


class _RefusedError(Exception):
    """A path that leads nowhere; its message is an issue's."""


def _applied(root: dict[str, Json], entries: Iterable[tuple[Path, Json]]) -> Iterator[Issue]:
    """Put values where they belong, in their order; yield those that cannot be."""
    for path, value in entries:
        if _is_left(path[-1], value):
            continue
        try:
            _put(root, path, value)
        except _RefusedError as error:
            yield Issue(shown(path), str(error))


def _put(root: dict[str, Json], path: Path, value: Json) -> None:
    """Set, merge or remove one value, making objects on the way to what is set."""
    place: Json = root
    for segment in path[:-1]:
        inner = _step(place, segment)
        if inner is _ABSENT:
            if value is None:
                return
            inner = _store(place, segment, {})
        place = inner
    old = _step(place, path[-1])
    if value is not None:
        _store(place, path[-1], _merged(None if old is _ABSENT else old, value))
    elif old is not _ABSENT:
        _remove(place, path[-1])


def _step(place: Json, segment: str) -> Json:
    """Return what is at a segment, or _ABSENT where something could be put."""
    if isinstance(place, dict):
        return place.get(segment, _ABSENT)
    if not isinstance(place, list):
        raise _RefusedError(f"{segment!r} is looked for in what is no object")
    if not is_index(segment) or int(segment) > len(place):
        raise _RefusedError(f"{segment!r} is no index of an array of {len(place)}, nor the next one")
    return place[int(segment)] if int(segment) < len(place) else _ABSENT


def _store(place: Json, segment: str, value: Json) -> Json:
    if isinstance(place, list):
        place[int(segment) : int(segment) + 1] = [value]
    elif isinstance(place, dict):
        place[segment] = value
    return value


def _remove(place: Json, segment: str) -> None:
    if isinstance(place, list):
        del place[int(segment)]
    elif isinstance(place, dict):
        del place[segment]


def _touched(entries: Iterable[tuple[Path, Json]]) -> tuple[Path, ...]:
    """Return the path of each value in a patch, once; a secret that stays is not touched."""
    leaves = (leaf for path, value in entries for leaf in leaves_of(value, path, arrays=False))
    return tuple(dict.fromkeys(path for path, value in leaves if not _is_left(path[-1], value)))


def _misfits(value: Json, known: _Known | _Kind, path: Path, touched: set[Path]) -> Iterator[Issue]:
    """Yield what was put at known keys and is not of their kind."""
    if path not in touched:
        return
    if isinstance(known, _Kind):
        if not known.holds(value):
            yield Issue(shown(path), f"must be {known.wording}")
    elif not isinstance(value, dict):
        yield Issue(shown(path), "must be an object")
    else:
        for name, inner in known.items():
            for key in value if name == _ANY else value.keys() & {name}:
                yield from _misfits(value[key], inner, (*path, key), touched)


def _excesses(root: Json) -> Iterator[Issue]:
    """Yield the bounds that a tree exceeds."""
    if sum(1 for _ in islice(leaves_of(root), MAX_LEAVES + 1)) > MAX_LEAVES:
        yield Issue("", f"has more than {MAX_LEAVES} values")
    elif len(_canonical(root)) > MAX_BYTES:
        yield Issue("", f"has more than {MAX_BYTES} bytes")

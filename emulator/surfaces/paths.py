"""Which endpoints a path has: matched as it was sent, undecoded, because a session's key may hold slashes.

A path is walked segment by segment through a tree of dictionaries, so that its cost is its own length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote_to_bytes

Endpoint = TypeVar("Endpoint")

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class PathError(ValueError):
    """A parameter that is not percent-encoded as it should be."""

    def __init__(self, name: str, message: str) -> None:
        """Say which one, and what was expected."""
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


@dataclass(frozen=True, slots=True)
class Found(Generic[Endpoint]):
    """A path that is there: what answers each method, and its parameters as they were sent."""

    methods: Mapping[str, Endpoint]
    undecoded: Mapping[str, str]

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters, decoded once; raises PathError for one that is no percent-encoded UTF-8.

        Not decoded when the path is found: a method that is not allowed comes first, and so does a missing scope.
        """
        return {name: _decode(name, segment) for name, segment in self.undecoded.items()}


@dataclass(slots=True)
class _Node(Generic[Endpoint]):
    """What there is behind some segments: further ones, a parameter, and what answers here."""

    exact: dict[str, _Node[Endpoint]] = field(default_factory=dict)
    parameter: _Node[Endpoint] | None = None
    names: tuple[str, ...] = ()
    methods: dict[str, Endpoint] = field(default_factory=dict)


class PathTable(Generic[Endpoint]):
    """Paths with parameters (``/api/agents/{id}/status``) and what answers each method; HEAD is answered as GET is."""

    def __init__(self) -> None:
        """Begin empty."""
        self._root: _Node[Endpoint] = _Node()

    def add(self, methods: Iterable[str], pattern: str, endpoint: Endpoint) -> None:
        """Answer `pattern`, whose parameters are whole segments in braces.

        Raises ValueError for two patterns that differ in nothing but the names of their parameters.
        """
        node = self._root
        names: tuple[str, ...] = ()
        for segment in pattern.removeprefix("/").split("/"):
            if segment.startswith("{"):
                names += (segment[1:-1],)
                if node.parameter is None:
                    node.parameter = _Node()
                node = node.parameter
            else:
                node = node.exact.setdefault(segment, _Node())
        if node.methods and node.names != names:
            raise ValueError(f"{pattern} is there already, with other names of parameters")
        node.names = names
        for method in methods:
            node.methods[method] = endpoint
            if method == "GET":
                node.methods["HEAD"] = endpoint

    def find(self, path: str) -> Found[Endpoint] | None:
        """Return what is at an undecoded path, with or without a slash at its end; None when nothing is."""
        if not path.startswith("/"):
            return None
        segments = path[1:].split("/")
        if len(segments) > 1 and segments[-2] and not segments[-1]:
            segments.pop()
        for node, values in _walk(self._root, segments, 0):
            return Found(node.methods, dict(zip(node.names, values, strict=True)))
        return None


def _walk(node: _Node[Endpoint], segments: list[str], depth: int) -> Iterator[tuple[_Node[Endpoint], tuple[str, ...]]]:
    """Yield the nodes that answer `segments` from `depth` on, each with its parameters; exact segments come first."""
    if depth == len(segments):
        if node.methods:
            yield node, ()
        return
    segment = segments[depth]
    exact = node.exact.get(segment)
    if exact is not None:
        yield from _walk(exact, segments, depth + 1)
    if node.parameter is not None and segment:
        for each, values in _walk(node.parameter, segments, depth + 1):
            yield each, (segment, *values)


def _decode(name: str, segment: str) -> str:
    """Return a segment, percent-decoded; bytes of the request that were no UTF-8 arrive as lone surrogates."""
    broken = _BROKEN_ESCAPE.search(segment)
    if broken is not None:
        raise PathError(name, "a % must be followed by two hexadecimal digits")
    try:
        return unquote_to_bytes(segment.encode("utf-8", "surrogateescape")).decode()
    except UnicodeError as error:
        raise PathError(name, "expected percent-encoded UTF-8") from error

"""Plain data as a located tree: written as one line, as a file would have it, so that every part has its place."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping as AnyMapping

from emulator.model.place import Place
from emulator.scenario.parse import MAX_DEPTH
from emulator.scenario.problem import Problem
from emulator.scenario.source import Source
from emulator.scenario.tree import Mapping, Sequence, Tree, kind_of, pack

MAX_CHARACTERS = 1024 * 1024
_MOST_BITS = 1024
_NUMBERS = {math.inf: ".inf", -math.inf: "-.inf"}
_LINE_ENDS = {ord(each): f"\\u{ord(each):04x}" for each in "\x7f\x85\u2028\u2029"}


def locate(file: str, data: object) -> Mapping | Problem:
    """Return the tree of a mapping and what is below it, as if `file` had it in its first line, or why it has none."""
    writer = _Writer(Source(file, ""))
    if not isinstance(data, AnyMapping):
        return writer.problem("wrong-type", f"a rule: {kind_of(data)}", "a mapping, such as {result: 1}")
    try:
        tree = writer.node(data, 0)
    except _UnwritableError as error:
        return error.problem
    writer.source.text = "".join(writer.words)
    assert isinstance(tree, Mapping)
    return tree


class _UnwritableError(Exception):
    """Something that no file could have."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Writer:
    """Writes data, and notes where everything stands."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.words: list[str] = []
        self._column = 0

    def problem(self, slug: str, message: str, expected: str | None = None, hint: str | None = None) -> Problem:
        return Problem(Place(self.source.file, 1, self._column + 1), slug, message, expected, hint)

    def node(self, data: object, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise _UnwritableError(self.problem("too-deep", f"nested more than {MAX_DEPTH} levels deep"))
        if isinstance(data, AnyMapping):
            return self._mapping(data, depth)
        if isinstance(data, list | tuple):
            return self._sequence(data, depth)
        if isinstance(data, str):
            self._write(self._quoted(data))
            return str(data)
        if data is None or isinstance(data, bool):
            self._write({None: "null", True: "true", False: "false"}[data])
            return data
        if isinstance(data, float) or (isinstance(data, int) and data.bit_length() <= _MOST_BITS):
            self._write(".nan" if data != data else _NUMBERS.get(data) or repr(data))  # noqa: PLR0124 - NaN
            return data
        what = "a number of that size" if isinstance(data, int) else type(data).__name__
        message, expected = f"{what} cannot be in a scenario", "mappings, lists, texts, numbers, true, false and null"
        raise _UnwritableError(self.problem("bad-value", message, expected))

    def _mapping(self, data: AnyMapping[object, object], depth: int) -> Mapping:
        tree = Mapping(self.source, pack(0, self._column))
        self._write("{")
        for key, value in data.items():
            if not isinstance(key, str):
                raise _UnwritableError(self.problem("yaml-key", f"the key {key!r} is no text", "a text"))
            if tree:
                self._write(", ")
            at = self._column
            self._write(f"{key if key.isidentifier() else self._quoted(key)}: ")
            tree.marks += (pack(0, at), pack(0, self._column))
            tree[key] = self.node(value, depth + 1)
        self._write("}")
        return tree

    def _sequence(self, data: list[object] | tuple[object, ...], depth: int) -> Sequence:
        tree = Sequence(self.source, pack(0, self._column))
        self._write("[")
        for each in data:
            if tree:
                self._write(", ")
            tree.marks.append(pack(0, self._column))
            tree.append(self.node(each, depth + 1))
        self._write("]")
        return tree

    def _quoted(self, text: str) -> str:
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError as error:
                message = "a text with half a character in it"
                raise _UnwritableError(self.problem("bad-value", message, "a text of whole characters")) from error
        return json.dumps(text, ensure_ascii=False).translate(_LINE_ENDS)

    def _write(self, word: str) -> None:
        self.words.append(word)
        self._column += len(word)
        if self._column > MAX_CHARACTERS:
            raise _UnwritableError(self.problem("file-too-large", f"longer than {MAX_CHARACTERS} characters"))

"""YAML text to located trees, straight from the parser's events: several times faster than composing nodes.

The only door to `yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from emulator.scenario.problem import Problem, did_you_mean
from emulator.scenario.scalars import Scalar, resolve
from emulator.scenario.source import Source, split_lines
from emulator.scenario.tree import Mapping, Sequence, Tree, kind_of, pack, unpack

MAX_DEPTH = 100
MAX_ALIASED_NODES = 200_000

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_DROPPED = "\0dropped"
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TOLD_WHERE_OPENED = {
    "while scanning a quoted scalar": "this quote is not closed",
    "while parsing a flow sequence": "this bracket is not closed",
    "while parsing a flow mapping": "this brace is not closed",
    "while scanning a simple key": "this key has no colon after it",
}
_KINDS = {"null": type(None), "bool": bool, "int": int, "float": float}
_HINTS = {
    "mapping values are not allowed": "a text with ': ' in it needs quotes",
    "block sequence entries are not allowed": "begin a list on its own line, below its key",
    "found unknown escape character": "in double quotes a backslash escapes; single quotes leave it as it is",
    "while scanning a quoted scalar": "close it with the same quote",
    "while parsing a flow": "close the bracket, or put a comma between the items",
    "could not find expected ':'": "put a colon after the key",
    "cannot start any token": "a text that begins with @, ` or % needs quotes",
    "did not find expected key": "check the indentation; quote a text as a whole",
}


class _Abort(Exception):  # noqa: N818 - control flow within this module, never seen outside
    """Nothing after this point can be read; its problem is noted already."""


@dataclass(slots=True)
class _Open:
    """A collection under construction; a mapping has a `key` while it waits for its value."""

    node: Mapping | Sequence | None
    is_mapping: bool = False
    anchor: str | None = None
    nodes_before: int = 0
    key: str | None = None
    key_at: int = 0


def parse(source: Source) -> tuple[Mapping | None, list[Problem]]:
    """Read one file; the tree is None when there is nothing to go on with."""
    builder = _Builder(source)
    try:
        builder.run()
    except _Abort:
        return None, builder.problems
    root = builder.root
    if isinstance(root, Mapping):
        return root, builder.problems
    if root is None:
        hint = "begin with a section, such as functions:"
        builder.note("empty-file", f"there is nothing in {source.file}", 0, hint=hint)
    else:
        message = f"a scenario file is a mapping, this is {kind_of(root)}"
        builder.note("wrong-type", message, 0, expected="a mapping")
    return None, builder.problems


_Dumper: Any = type("_Dumper", (getattr(yaml, "CSafeDumper", yaml.SafeDumper),), {})


def _represent_text(dumper: Any, text: str) -> Any:  # noqa: ANN401 - PyYAML's nodes have no types
    """Write a text so that YAML 1.2 reads it as one, whatever 1.1 would make of it."""
    needs_quotes = not isinstance(resolve(text), str)
    return dumper.represent_scalar(_TAG + "str", text, style='"' if needs_quotes else None)


_Dumper.add_representer(str, _represent_text)


def write(tree: object) -> str:
    """Write plain mappings, lists and scalars as YAML, which :func:`parse` reads as the same."""
    text: str = yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text


class _Builder:
    """Takes events and builds the tree; `top` is the collection being filled."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.root: Tree = None
        self.documents = 0
        self.top = _Open(None)
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Tree, int]] = {}
        self.nodes = 0
        self.aliased = 0
        self.handlers: dict[type, Callable[[Any, int], None]] = {
            yaml.ScalarEvent: self.scalar,
            yaml.MappingStartEvent: self.open_mapping,
            yaml.SequenceStartEvent: self.open_sequence,
            yaml.MappingEndEvent: self.close,
            yaml.SequenceEndEvent: self.close,
            yaml.AliasEvent: self.alias,
            yaml.DocumentStartEvent: self.document,
        }

    def run(self) -> None:
        handlers = self.handlers
        try:
            loader = _Loader(self.source.text)
            try:
                while (event := loader.get_event()) is not None:
                    handler = handlers.get(type(event))
                    if handler is not None:
                        mark = event.start_mark
                        handler(event, pack(mark.line, mark.column))
            finally:
                loader.dispose()
        except yaml.MarkedYAMLError as error:
            self.syntax_problem(error)
        except (yaml.reader.ReaderError, UnicodeEncodeError):
            self.character_problem()

    def scalar(self, event: Any, at: int) -> None:  # noqa: ANN401 - PyYAML's events have no types
        self.nodes += 1
        top = self.top
        text: str = event.value
        if top.is_mapping and top.key is None:
            if event.tag not in (None, "!", _TAG + "str"):
                self.tag_problem(event, at)
            if event.anchor:
                self.anchors[event.anchor] = (text, 1)
            if text == "<<" and event.implicit[0]:
                hint = "repeat a whole value with an alias, or write the keys out"
                self.note("yaml-merge", "the merge key '<<' is not part of YAML 1.2", at, hint=hint)
                text = _DROPPED
            self.take_key(text, at)
            return
        value: Scalar = text
        if event.tag is not None:
            value = self.tagged(event, at)
        elif event.implicit[0]:
            value = resolve(text)
        if event.anchor:
            self.anchors[event.anchor] = (value, 1)
        self.attach(value, at)

    def attach(self, value: Tree, at: int) -> None:
        top = self.top
        node = top.node
        if top.is_mapping:
            assert isinstance(node, Mapping)
            key = top.key
            if key is None:
                self.alias_as_key(value, at)
                return
            if key not in node and key is not _DROPPED:
                node[key] = value
                node.marks += (top.key_at, at)
            top.key = None
        elif node is None:
            self.root = value
        else:
            assert isinstance(node, Sequence)
            node.append(value)
            node.marks.append(at)

    def take_key(self, key: str, at: int) -> None:
        top = self.top
        node = top.node
        assert isinstance(node, Mapping)
        if key in node:
            hint = f"the first stands in line {node.key_place(key).line}; remove one of the two"
            self.note("duplicate-key", f"the key {key!r} stands here for the second time", at, hint=hint)
        top.key = key
        top.key_at = at

    def alias_as_key(self, value: Tree, at: int) -> None:
        if not isinstance(value, str):
            self.fail("yaml-key", "a key must be a plain text", at)
        self.take_key(value, at)

    def open_mapping(self, event: Any, at: int) -> None:  # noqa: ANN401
        self.open(event, at, Mapping(self.source, at), "map")

    def open_sequence(self, event: Any, at: int) -> None:  # noqa: ANN401
        self.open(event, at, Sequence(self.source, at), "seq")

    def open(self, event: Any, at: int, node: Mapping | Sequence, tag: str) -> None:  # noqa: ANN401
        if event.tag not in (None, "!", _TAG + tag):
            self.tag_problem(event, at)
        if len(self.stack) >= MAX_DEPTH:
            self.fail("too-deep", f"nested more than {MAX_DEPTH} levels deep", at)
        if self.top.is_mapping and self.top.key is None:
            self.fail("yaml-key", "a key must be a plain text", at, hint="quote a key that begins with { or [")
        self.stack.append(self.top)
        self.top = _Open(node, tag == "map", event.anchor, self.nodes)

    def close(self, _event: object, _at: int) -> None:
        done = self.top
        assert done.node is not None
        self.top = self.stack.pop()
        self.nodes += 1
        if done.anchor:
            self.anchors[done.anchor] = (done.node, self.nodes - done.nodes_before)
        self.attach(done.node, done.node.at)

    def alias(self, event: Any, at: int) -> None:  # noqa: ANN401
        name: str = event.anchor
        if any(each.anchor == name for each in (*self.stack, self.top)):
            self.fail("alias-cycle", f"*{name} stands inside &{name} itself", at)
        if name not in self.anchors:
            hint = did_you_mean(name, self.anchors) or f"put &{name} in front of the value it shall repeat"
            self.fail("yaml-syntax", f"*{name} names no anchor above it", at, hint=hint)
        node, size = self.anchors[name]
        self.nodes += size
        self.aliased += size
        if self.aliased > MAX_ALIASED_NODES:
            self.fail("alias-bomb", f"aliases repeat more than {MAX_ALIASED_NODES} nodes", at)
        self.attach(node, at)

    def document(self, _event: object, at: int) -> None:
        self.documents += 1
        if self.documents > 1:
            hint = "remove the line ---, or make it two files"
            self.fail("yaml-document", "a second document begins here", at, hint=hint)

    def tagged(self, event: Any, at: int) -> Scalar:  # noqa: ANN401
        text: str = event.value
        if event.tag in ("!", _TAG + "str"):
            return text
        value = resolve(text)
        wanted = _KINDS.get(event.tag.removeprefix(_TAG))
        if wanted is float and type(value) is int:
            return float(value)
        if wanted is None or type(value) is not wanted:
            self.tag_problem(event, at)
        return value

    def tag_problem(self, event: Any, at: int) -> None:  # noqa: ANN401
        tag = event.tag.replace(_TAG, "!!")
        hint = "write {$bytes: …} for bytes and {$int64: …} for an Int64" if "binary" in tag else "remove the tag"
        self.note("yaml-tag", f"the tag {tag} does not belong here", at, hint=hint)

    def syntax_problem(self, error: yaml.MarkedYAMLError) -> NoReturn:
        text = error.problem or "not YAML"
        message = f"{text} ({error.context})" if error.context else text
        opened, found = error.context_mark, error.problem_mark
        on_later_line = opened and found and found.line > opened.line
        mark = found or opened
        hint = next((_HINTS[part] for part in _HINTS if part in message), None)
        if on_later_line and error.context in _TOLD_WHERE_OPENED:
            mark = opened
            message = _TOLD_WHERE_OPENED[error.context]
        if found and (self.source.line(found.line + 1) or "")[: found.column + 1].endswith("${"):
            hint = 'inside of braces and brackets an expression needs quotes: "${…}"'
        if error.problem_mark and "\t" in self._indentation(error.problem_mark.line):
            mark, hint = error.problem_mark, "indent with spaces, not tabs"
        self.fail("yaml-syntax", message, pack(mark.line, mark.column) if mark else 0, hint=hint)

    def _indentation(self, line: int) -> str:
        text = self.source.line(line + 1) or ""
        return text[: len(text) - len(text.lstrip())]

    def character_problem(self) -> NoReturn:
        text = self.source.text
        found = _UNPRINTABLE.search(text)
        index = found.start() if found else 0
        lines = split_lines(text[:index])
        at = pack(len(lines) - 1, len(lines[-1]))
        hint = 'write it as an escape in double quotes, such as "\\u0007"'
        self.fail("yaml-syntax", f"the character {text[index : index + 1]!r} cannot stand in YAML", at, hint=hint)

    def note(self, slug: str, message: str, at: int, *, expected: str | None = None, hint: str | None = None) -> None:
        self.problems.append(Problem(unpack(self.source, at), slug, message, expected, hint))

    def fail(self, slug: str, message: str, at: int, *, hint: str | None = None) -> NoReturn:
        self.note(slug, message, at, hint=hint)
        raise _Abort

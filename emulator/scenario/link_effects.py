"""Effects and log lines: what a rule does besides answering."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Sequence as AnySequence

from emulator.expressions.rewrite import WORDS
from emulator.model.computed import Computed
from emulator.model.constant import Constant
from emulator.model.effect import (
    After,
    Append,
    Assign,
    CallFunction,
    Delete,
    Effect,
    Insert,
    Log,
    LogLine,
    Patch,
    Replace,
    SetChannel,
    SwitchFault,
)
from emulator.model.gateway import ChannelStatus
from emulator.model.logs import LogLevel
from emulator.model.place import Place
from emulator.scenario.link_values import ValueReader, can_be_mapping, kind_of_value
from emulator.scenario.problem import did_you_mean
from emulator.scenario.tree import Mapping, Sequence, Tree, pack
from emulator.scenario.uses import Kind, Use
from emulator.scenario.written import LOG_LEVELS, EffectForm, LogForm, LogLineForm
from emulator.values.ids import STORAGE
from emulator.values.paths import InvalidPathError, parse_path

_KINDS = ("insert", "patch", "replace", "delete", "set", "call", "append", "channel", "fault", "log", "after")


class EffectReader:
    """Reads effects; a name that one binds with `as` is known to everything read after it."""

    def __init__(self, values: ValueReader) -> None:
        """Read values with `values`."""
        self._values = values

    def effects(self, forms: Iterable[EffectForm], nodes: object) -> tuple[Effect, ...]:
        """Return what a list of effects writes; those with problems are left out."""
        assert isinstance(nodes, Sequence)
        found = []
        for index, form in enumerate(forms):
            node, place = nodes[index], nodes.item_place(index)
            assert isinstance(node, Mapping)
            effect = self._effect(form, node, place)
            if effect is not None:
                found.append(effect)
        return tuple(found)

    def logs(self, forms: AnySequence[LogLineForm], nodes: object) -> tuple[LogLine, ...]:
        """Return what a list of log lines writes."""
        if not isinstance(nodes, Sequence):
            return ()
        return tuple(
            line
            for index, form in enumerate(forms)
            for line in self._line(form, nodes[index], nodes.item_place(index), nodes)
        )

    def _effect(self, form: EffectForm, node: Mapping, place: Place) -> Effect | None:
        given = [key for key in _KINDS if key in node]
        if ("do" in node and "after" not in given) or ("do" not in node and given == ["after"]):
            hint = "write after: 2s, and do: with what shall happen then"
            present, absent = ("do", "after") if "do" in node else ("after", "do")
            message = f"{present} stands without {absent}"
            self._values.note(node.key_place(present), "bad-effect", message, hint=hint)
            return None
        if len(given) != 1 or None in node.values():
            self._note_kinds(given, node, place)
            return None
        kind = given[0]
        inner = node[kind]
        if isinstance(inner, Mapping):
            for key in ("into", "table"):
                if key in inner:
                    self._values.uses.append(Use(Kind.TABLE, str(inner[key]), inner.value_place(key)))
        return self._read(kind, form, node, place)

    def _note_kinds(self, given: list[str], node: Mapping, place: Place) -> None:
        message, hint = "nothing says what this effect does", None
        if len(given) > 1:
            place = max(map(node.key_place, given))
            message, hint = f"{' and '.join(given)} exclude each other", "write each effect as an entry of its own"
        elif node:
            key = next(key for key, each in node.items() if each is None)
            place = node.value_place(key)
            message, hint = f"{key} says nothing", "write something below the key"
        self._values.note(place, "bad-effect", message, f"one of: {', '.join(_KINDS)}", hint)

    def _read(self, kind: str, form: EffectForm, node: Mapping, place: Place) -> Effect | None:
        inner = node[kind]
        match kind:
            case "after":
                assert form.after is not None
                assert form.do is not None
                names = self._values.names
                effects = self.effects(form.do, node["do"])
                self._values.names = names
                return After(form.after, effects, place)
            case "log":
                assert form.log is not None
                return Log(tuple(self._line(form.log, inner, node.value_place(kind), node)), place)
            case "set":
                assert isinstance(inner, Mapping)
                entries = list(inner.entries())
                self._values.uses.extend(Use(Kind.VARIABLE, each.key, each.key_place) for each in entries)
                values = [(each.key, self._values.written(each.value, each.value_place)) for each in entries]
                return Assign(tuple(values), place)
            case "call":
                assert isinstance(inner, Mapping)
                return self._call(inner, place)
            case "append":
                assert isinstance(inner, Mapping)
                message = inner["message"]
                assert isinstance(message, Mapping)
                role = self._part(message, "role") if "role" in message else Constant("user")
                return Append(self._part(inner, "session"), role, self._part(message, "content"), place)
            case "channel":
                assert isinstance(inner, Mapping)
                return self._channel(inner, place)
            case "fault":
                assert form.fault is not None
                assert isinstance(inner, Mapping)
                self._values.uses.append(Use(Kind.FAULT, form.fault.name, inner.value_place("name")))
                return SwitchFault(form.fault.name, place, form.fault.enabled)
            case _:
                assert isinstance(inner, Mapping)
                return self._write(kind, inner, place)

    def _write(self, kind: str, inner: Mapping, place: Place) -> Effect:
        key = "into" if kind == "insert" else "table"
        if inner[key] == STORAGE and kind != "delete":
            hint = f"delete: {{table: {STORAGE}, id: …}} takes one away"
            message = f"files are stored by uploads; {kind} cannot write {STORAGE}"
            self._values.note(inner.value_place(key), "bad-effect", message, hint=hint)
        if kind == "insert":
            document = self._mapping(inner, "document")
            return Insert(str(inner["into"]), document, place, self._bind(inner))
        table, of = str(inner["table"]), self._part(inner, "id")
        if kind == "patch":
            return Patch(table, of, self._mapping(inner, "fields"), place)
        if kind == "replace":
            return Replace(table, of, self._mapping(inner, "document"), place)
        return Delete(table, of, place)

    def _call(self, inner: Mapping, place: Place) -> Effect | None:
        at = inner.value_place("function")
        try:
            operation = parse_path(str(inner["function"])).public
        except InvalidPathError as error:
            self._values.note(at, "bad-function-name", str(error), "a path such as messages:list")
            return None
        self._values.uses.append(Use(Kind.FUNCTION, operation, at))
        args = self._mapping(inner, "args") if "args" in inner else Constant({})
        return CallFunction(operation, args, place, self._bind(inner))

    def _channel(self, inner: Mapping, place: Place) -> Effect:
        name, status = self._part(inner, "id"), self._part(inner, "status")
        if isinstance(name, Constant):
            self._values.uses.append(Use(Kind.CHANNEL, str(name.value), inner.value_place("id")))
        known = [each.value for each in ChannelStatus]
        if isinstance(status, Constant) and status.value not in known:
            hint = did_you_mean(str(status.value), known)
            message = f"status: {status.value!r}"
            self._values.note(
                inner.value_place("status"), "unknown-choice", message, f"one of: {', '.join(known)}", hint
            )
        return SetChannel(name, status, self._part(inner, "error") if "error" in inner else Constant(None), place)

    def _part(self, inner: Mapping, key: str) -> Constant | Computed:
        return self._values.written(inner[key], inner.value_place(key))

    def _mapping(self, inner: Mapping, key: str) -> Constant | Computed:
        written = self._part(inner, key)
        if not can_be_mapping(written):
            message = f"{key}: {kind_of_value(written, inner[key])}"
            expected = "a mapping, or an expression that gives one"
            self._values.note(inner.value_place(key), "wrong-type", message, expected)
        return written

    def _bind(self, inner: Mapping) -> str | None:
        if "as" not in inner or inner["as"] is None:
            return None
        name = str(inner["as"])
        if name in self._values.names or name in WORDS:
            hint = "take another name"
            self._values.note(inner.value_place("as"), "taken-name", f"{name} means something already", hint=hint)
        self._values.names |= {name}
        return name

    def _line(self, form: LogLineForm, node: Tree, place: Place, owner: Mapping | Sequence) -> Iterator[LogLine]:
        if not isinstance(form, LogForm):
            yield LogLine(LogLevel.LOG, self._values.written(_alone(node, owner, place), place))
            return
        assert isinstance(node, Mapping)
        levels = [level for level in LOG_LEVELS if level in form.model_fields_set]
        if len(levels) != 1:
            expected = f"one of: {', '.join(LOG_LEVELS)}"
            self._values.note(place, "outcome-conflict", "a log line has one level", expected)
            return
        (level,) = levels
        arguments = node[level]
        if not isinstance(arguments, Sequence):
            arguments = _alone(arguments, node, node.value_place(level))
        yield LogLine(LogLevel[level.upper()], self._values.written(arguments, node.value_place(level)))


def _alone(node: Tree, owner: Mapping | Sequence, place: Place) -> Sequence:
    """Return a list with one item, which stands at `place` in the file of its owner."""
    alone = Sequence(owner.source, owner.at)
    alone.append(node)
    alone.marks.append(pack(place.line - 1, place.column - 1))
    return alone

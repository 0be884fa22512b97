"""What expressions may name while one call is decided, and their evaluation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from emulator.engine.call import Call, acting_user
from emulator.engine.environment import surrounding
from emulator.engine.files import FileUrls
from emulator.engine.transaction import Transaction
from emulator.expressions.compile import evaluate
from emulator.expressions.context import Context
from emulator.expressions.errors import EvaluationError
from emulator.model.computed import Computed
from emulator.model.constant import Constant
from emulator.model.http import is_http
from emulator.model.place import Place
from emulator.model.rule import Rule
from emulator.model.scenario import Scenario
from emulator.values.convex import InvalidValueError, Value
from emulator.values.durations import MILLISECOND
from emulator.values.formats import Format, encode
from emulator.values.ids import STORAGE

_SECRET_HEADERS = frozenset({"authorization", "cookie"})


class UncomputableError(Exception):
    """Something at `place` cannot be had for this call."""

    def __init__(self, place: Place, reason: str) -> None:
        """Say where and why."""
        super().__init__(reason)
        self.place = place
        self.reason = reason


class UnboundNameError(KeyError):
    """A name that effects bind, which were not done."""


class Surroundings:
    """The names of expressions, worked out when asked for.

    `count` numbers the call from 1, `names` are those that effects bound, `stream` is what draws follow from.
    """

    __slots__ = ("_context", "_stream", "call", "count", "names", "scenario", "transaction")

    def __init__(self, scenario: Scenario, call: Call, count: int, transaction: Transaction, stream: str = "") -> None:
        """Surround the evaluation of one call."""
        self.scenario = scenario
        self.call = call
        self.count = count
        self.transaction = transaction
        self.names: dict[str, Value] = {}
        self._stream = stream
        self._context: Context | None = None

    @property
    def stream(self) -> str:
        """What the draws follow from, beside the seed."""
        return self._stream

    def stream_of(self, rule: Rule) -> str:
        """Return what the draws of a rule follow from: equal rules of two functions draw by themselves."""
        return f"{self.call.operation}\0{rule.stream}"

    def draw_from(self, stream: str) -> None:
        """Begin another stream of draws."""
        self._stream = stream
        self._context = None

    @property
    def context(self) -> Context:
        """What functions of expressions may know."""
        if self._context is None:
            transaction = self.transaction
            self._context = Context(
                f"{self.scenario.seed}\0{self._stream}",
                transaction.now,
                locale=self.scenario.locale,
                table_number=transaction.table_number,
                files=FileUrls(transaction),
                on_now=transaction.read_clock,
            )
        return self._context

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - a value or a plain number
        if name in self.names:
            return self.names[name]
        match name:
            case "args":
                return self.call.args
            case "vars":
                return self.scenario.vars
            case "now":
                return self.transaction.read_clock() / MILLISECOND
            case "call":
                return self.count
            case "identity":
                user = acting_user(self.call.caller)
                return user.attributes if user else None
            case "message" | "session" | "agent" | "channel":
                return self.call.args.get(name)
            case "state":
                return self.transaction.variables()
            case "env":
                return surrounding(self.transaction)
            case "tables":
                return _Tables(self.scenario, self.transaction)
            case "request":
                asked = self.call.args if is_http(self.call.operation) else {}
                return {"operation": self.call.operation, "headers": visible_headers(self.call), **asked}
            case _:
                raise UnboundNameError(name)

    def value(self, written: Constant | Computed) -> Value:
        """Return the value of what a scenario writes; raise UncomputableError where it has none."""
        if isinstance(written, Constant):
            return written.value
        try:
            value: Value = evaluate(written.compiled, self, self.context)
        except (EvaluationError, InvalidValueError) as error:
            raise UncomputableError(written.place, str(error)) from error
        return value

    def constant(self, written: Constant | Computed) -> Constant:
        """Return the same with room for its bytes."""
        return written if isinstance(written, Constant) else Constant(self.value(written))


class _Tables(dict[str, Any]):
    """The tables of a scenario; the documents of one are listed when it is asked for."""

    def __init__(self, scenario: Scenario, transaction: Transaction) -> None:
        super().__init__()
        self._scenario = scenario
        self._transaction = transaction

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as in dict
        return self._transaction.documents(name) if name in self else default

    def __contains__(self, name: object) -> bool:
        return name in self._scenario.tables or name == STORAGE

    def __iter__(self) -> Iterator[str]:
        return iter(self._scenario.tables)

    def __len__(self) -> int:
        return len(self._scenario.tables)


def visible_headers(call: Call) -> Mapping[str, Value]:
    """Return the headers of a call by their names in lower case; what authorizes stays hidden."""
    headers = {name.lower(): value for name, value in (call.headers or {}).items()}
    return {name: value for name, value in headers.items() if name not in _SECRET_HEADERS}


def arguments_key(args: Mapping[str, Value]) -> str:
    """Return a text that is the same for the same arguments, by which queries draw."""
    return json.dumps(encode(dict(args), Format.ENCODED), sort_keys=True)

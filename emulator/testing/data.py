"""What the emulator keeps: documents, state variables, channels, faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from copy import deepcopy
from typing import Any, Literal, Protocol, Self, TypeAlias, TypeVar, get_args

from emulator.engine.documents import checked, own_fields
from emulator.engine.gateway.channels import change_channel, channel
from emulator.engine.overlay import is_switched_on, switch
from emulator.engine.store import Document
from emulator.engine.transaction import EffectError, Transaction
from emulator.model.gateway import ChannelStatus
from emulator.testing.errors import UsageError, is_misuse, unknown
from emulator.testing.served import Served
from emulator.testing.values import document_of, value_of
from emulator.values.convex import Int64, InvalidValueError, Value

__tracebackhide__ = is_misuse
Status: TypeAlias = Literal["connected", "disconnected", "connecting", "disabled"]
Result = TypeVar("Result")
Ids: TypeAlias = list[str]


class Do(Protocol):
    """Has something done where the server is, and returns or raises what it does."""

    def __call__(self, function: Callable[[], Result], /) -> Result:
        """Do it."""


class Place:
    """Where what is kept is read and written."""

    def __init__(self, do: Do, served: Served) -> None:
        """Read and write what `served` keeps, where `do` does it."""
        self._do = do
        self._served = served

    def read(self, question: Callable[[Transaction], Result]) -> Result:
        """Return what `question` makes of what is kept now."""
        return self._do(lambda: question(self._served.emulator.reading()))

    def write(self, change: Callable[[Transaction], Result]) -> Result:
        """Have `change` written as a whole or, when it raises, nothing of it."""
        try:
            return self._do(lambda: self._served.emulator.transact(change))
        except (EffectError, InvalidValueError) as error:
            raise UsageError(str(error)) from None

    @property
    def served(self) -> Served:
        """The server that keeps it."""
        return self._served


class Table:
    """The documents of a table, as the deployment has them."""

    def __init__(self, place: Place, name: str) -> None:
        """Take the table called `name`; raise UsageError when there is none."""
        tables = place.served.emulator.revision.scenario.tables
        if name not in tables:
            raise unknown("table", name, tables)
        self.name = name
        self._place = place

    def list(self) -> list[dict[str, Any]]:
        """Return all documents, the oldest first, with their ids and times of creation."""
        return deepcopy(self._place.read(lambda transaction: transaction.documents(self.name)))

    def get(self, document_id: str) -> dict[str, Any] | None:
        """Return a document by its id, None when there is none."""
        return deepcopy(self._place.read(lambda transaction: transaction.read(self.name, document_id)))

    def insert(self, document: Mapping[str, Any]) -> str:
        """Insert a document and return its id; raise UsageError when the table does not take it."""
        return self.insert_all([document])[0]

    def insert_all(self, documents: Iterable[Mapping[str, Any]]) -> Ids:
        """Insert documents, all or none, and return their ids."""
        values = [document_of(each) for each in documents]

        def insert(transaction: Transaction) -> Ids:
            return [transaction.insert(self.name, self._checked(each, transaction)) for each in values]

        return self._place.write(insert)

    def patch(self, document_id: str, fields: Mapping[str, Any]) -> None:
        """Give fields of a document other values; the rest stays."""
        values = document_of(fields, "what is patched")

        def patch(transaction: Transaction) -> None:
            old = self._existing(document_id, transaction)
            new = self._checked({**own_fields(old), **values}, transaction)
            system = {name: value for name, value in old.items() if name not in own_fields(old)}
            transaction.write(self.name, document_id, {**new, **system})

        self._place.write(patch)

    def delete(self, document_id: str) -> None:
        """Delete a document."""

        def delete(transaction: Transaction) -> None:
            self._existing(document_id, transaction)
            transaction.write(self.name, document_id, None)

        self._place.write(delete)

    def clear(self) -> None:
        """Delete all documents."""
        self._place.write(lambda transaction: transaction.clear(self.name))

    def count(self) -> int:
        """Return how many documents there are."""
        return self._place.read(lambda transaction: len(transaction.documents(self.name)))

    def __len__(self) -> int:
        return self.count()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.list())

    def __repr__(self) -> str:
        return f"<table {self.name}>"

    def _checked(self, document: Document, transaction: Transaction) -> Document:
        return checked(self.name, document, self._place.served.emulator.revision.scenario, transaction)

    def _existing(self, document_id: str, transaction: Transaction) -> Document:
        document = transaction.read(self.name, document_id)
        if document is None:
            raise UsageError(f"the table {self.name} has no document {document_id!r}")
        return document


class Variables(MutableMapping[str, Any]):
    """The state variables of the scenario."""

    def __init__(self, place: Place) -> None:
        """Read and write them at `place`."""
        self._place = place

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - a value
        variables = self._all()
        self._check(name, variables)
        return deepcopy(variables[name])

    def __setitem__(self, name: str, value: Any) -> None:  # noqa: ANN401 - a value
        before = self._all()
        self._check(name, before)
        is_integer = isinstance(before[name], Int64) and isinstance(value, int) and not isinstance(value, bool)
        new = Int64(value) if is_integer else value_of(value)
        self._place.write(lambda transaction: transaction.assign(name, new))

    def __delitem__(self, name: str) -> None:
        raise UsageError(f"a state variable cannot be deleted, only changed: {name}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return f"<state {self._all()!r}>"

    def _all(self) -> dict[str, Value]:
        return self._place.read(lambda transaction: transaction.variables())

    def _check(self, name: str, known: Mapping[str, Value]) -> None:
        if name not in known:
            raise unknown("state variable", name, known)


class Channel:
    """A channel of the gateway."""

    def __init__(self, place: Place, name: str) -> None:
        """Take the channel called `name`; raise UsageError when there is none."""
        if place.read(lambda transaction: channel(transaction, name)) is None:
            raise unknown("channel", name, place.served.emulator.revision.scenario.gateway.channels)
        self.name = name
        self._place = place

    @property
    def status(self) -> str:
        """What it is doing."""
        row = self._place.read(lambda transaction: channel(transaction, self.name))
        return "" if row is None else row.status.value

    def set(self, status: Status, error: str | None = None) -> None:
        """Have it do something else; with an `error`, because of that."""
        if status not in get_args(Status):
            raise UsageError(f"{status!r} is no status of a channel; there are: {', '.join(get_args(Status))}")
        self._place.write(lambda transaction: change_channel(transaction, self.name, ChannelStatus(status), error))


class Fault:
    """A fault of the scenario; as a context it is on within."""

    def __init__(self, place: Place, name: str) -> None:
        """Take the fault called `name`; raise UsageError when there is none."""
        faults = {each.name: each for each in place.served.emulator.revision.scenario.faults}
        if name not in faults:
            raise unknown("fault", name, faults)
        self.name = name
        self._place = place
        self._fault = faults[name]

    @property
    def is_on(self) -> bool:
        """Whether it is switched on."""
        return self._place.read(lambda transaction: is_switched_on(self._fault, transaction.state.view))

    def on(self) -> None:
        """Switch it on."""
        self._place.write(lambda transaction: switch(transaction, self.name, on=True))

    def off(self) -> None:
        """Switch it off."""
        self._place.write(lambda transaction: switch(transaction, self.name, on=False))

    def __enter__(self) -> Self:
        self.on()
        return self

    def __exit__(self, *_: object) -> None:
        self.off()

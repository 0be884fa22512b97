"""What the emulator keeps: state variables, documents, channels."""

from __future__ import annotations

from emulator.engine.documents import checked, own_fields
from emulator.engine.gateway.channels import change_channel, channel
from emulator.engine.tables import tables_of
from emulator.engine.transaction import EffectError, Transaction
from emulator.model.gateway import ChannelStatus
from emulator.runtime.emulator import Emulator
from emulator.scenario.problem import did_you_mean
from emulator.surfaces.control import bodies
from emulator.surfaces.control.answers import Connections, Done, Inserted, State, TableDocuments, Tables, Undone
from emulator.surfaces.control.asked import Asked, Json, decoded, encoded, whole_number
from emulator.surfaces.control.failures import bad_request, not_found
from emulator.surfaces.control.rows import ChannelRow, ConnectionRow
from emulator.values.convex import InvalidValueError, Value
from emulator.values.ids import STORAGE
from emulator.values.instants import format_moment

_SHOWN = 100


class DataEndpoints:
    """What is kept, to look at and to change."""

    def __init__(self, emulator: Emulator) -> None:
        """Show and change what `emulator` keeps."""
        self._emulator = emulator

    async def state(self, _asked: Asked) -> State:
        """Show the state variables."""
        return {"state": encoded(self._emulator.reading().variables())}

    async def set_state(self, asked: Asked) -> State:
        """Give state variables other values."""
        form = bodies.read_body(bodies.Variables, asked.body)
        known = self._emulator.revision.scenario.state
        for name in form.set:
            if name not in known:
                raise not_found(f"there is no state variable {name!r}", did_you_mean(name, known))
        values = {name: decoded(name, value) for name, value in form.set.items()}

        def assign(transaction: Transaction) -> None:
            for name, value in values.items():
                transaction.assign(name, value)

        self._emulator.transact(assign)
        return await self.state(asked)

    async def tables(self, _asked: Asked) -> Tables:
        """List the tables, and how many documents each has."""
        transaction = self._emulator.reading()
        names = tables_of(self._emulator.revision.scenario, transaction.state.view)
        return {"tables": [{"name": name, "documents": len(transaction.documents(name))} for name in names]}

    async def table(self, asked: Asked) -> TableDocuments:
        """Show the documents of a table, or of `_storage`, oldest first; at most `limit` of them."""
        name, limit = self._readable(asked), whole_number("limit", asked.query.get("limit"), _SHOWN)
        documents = self._emulator.reading().documents(name)
        return {"documents": [encoded(each) for each in documents[:limit]], "total": len(documents)}

    async def insert(self, asked: Asked) -> Inserted:
        """Insert documents into a table, all of them or none; system fields are left out."""
        name = self._table(asked)
        form = bodies.read_body(bodies.Documents, asked.body)
        documents = [_document(number, each) for number, each in enumerate(form.documents)]
        scenario = self._emulator.revision.scenario

        def insert(transaction: Transaction) -> list[str]:
            return [
                transaction.insert(name, checked(name, own_fields(each), scenario, transaction)) for each in documents
            ]

        try:
            return {"ids": self._emulator.transact(insert)}
        except (EffectError, InvalidValueError) as error:
            raise bad_request(str(error)) from error

    async def undo(self, _asked: Asked) -> Undone:
        """Take the newest commit back; `undone` says whether there was one."""
        return {"undone": self._emulator.undo()}

    async def set_channel(self, asked: Asked) -> ChannelRow:
        """Have a channel of the gateway do something else."""
        name = asked.parameters["id"]
        form = bodies.read_body(bodies.Channel, asked.body)
        if channel(self._emulator.reading(), name) is None:
            known = self._emulator.revision.scenario.gateway.channels
            raise not_found(f"there is no channel {name!r}", did_you_mean(name, known))
        status = ChannelStatus(form.status)
        self._emulator.transact(lambda transaction: change_channel(transaction, name, status, form.error))
        return {"id": name, "status": form.status, "error": form.error}

    async def connections(self, _asked: Asked) -> Connections:
        """List the streams and sockets that are open: of live clients, and of the gateway, the oldest first."""
        rows: list[ConnectionRow] = [
            {
                "id": each.number,
                "kind": each.kind,
                "target": each.target,
                "since": format_moment(each.since),
                "address": each.address,
            }
            for each in self._emulator.connections
        ]
        return {"connections": rows}

    async def cut(self, asked: Asked) -> Done:
        """Cut a connection, as a network does that fails, or close a socket with a code and a reason."""
        form, number = bodies.read_body(bodies.Cut, asked.body), asked.parameters["id"]
        connection = self._emulator.connections.find(number)
        if connection is None:
            raise not_found(f"there is no connection {number}", "GET /__emulator/connections lists those that are open")
        if form.code is None:
            connection.cut()
        elif connection.close is None:
            raise bad_request(f"connection {number} is a {connection.kind}, which knows no code", "leave code out")
        else:
            connection.close(form.code, form.reason)
        return {"ok": True}

    def _readable(self, asked: Asked) -> str:
        """Return the table that is asked for; that of stored files is there to look at."""
        return STORAGE if asked.parameters["name"] == STORAGE else self._table(asked)

    def _table(self, asked: Asked) -> str:
        name, scenario = asked.parameters["name"], self._emulator.revision.scenario
        tables = tables_of(scenario, self._emulator.state.view)
        if name not in tables:
            raise not_found(f"there is no table {name!r}", did_you_mean(name, tables))
        return name


def _document(number: int, tree: Json) -> dict[str, Value]:
    document = decoded(f"documents.{number}", tree)
    if not isinstance(document, dict):
        raise bad_request(f"documents.{number}: expected an object, which a document is")
    return document

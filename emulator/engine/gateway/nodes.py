"""Paired devices, and the codes by which others are paired (contract openclaw §1.9)."""

from __future__ import annotations

from emulator.engine.store import Document
from emulator.engine.transaction import Transaction
from emulator.model.gateway import Node
from emulator.values.convex import Int64, Value

NODES = "$nodes"
CODES = "$codes"
MAX_NODES = 1_000
MAX_CODES = 1_000


def node_document(node: Node) -> Document:
    """Return what is kept of a device."""
    seen: Value = None if node.last_seen is None else Int64(node.last_seen)
    capabilities: list[Value] = [*node.capabilities]
    return {
        "_id": node.id,
        "name": node.name,
        "platform": node.platform,
        "status": node.status,
        "capabilities": capabilities,
        "seen": seen,
    }


def node_of(document: Document) -> Node:
    """Return a device as it is kept."""
    capabilities, seen = document["capabilities"], document["seen"]
    return Node(
        str(document["_id"]),
        str(document["name"]),
        str(document["platform"]),
        str(document["status"]),
        tuple(map(str, capabilities)) if isinstance(capabilities, list) else (),
        int(seen) if isinstance(seen, Int64) else None,
    )


def nodes(transaction: Transaction) -> list[Node]:
    """Return all devices, in the order in which they came."""
    return [node_of(each) for each in transaction.documents(NODES)]


def delete_node(transaction: Transaction, name: str) -> bool:
    """Forget a device; say whether it was there."""
    if transaction.read(NODES, name) is None:
        return False
    transaction.write(NODES, name, None)
    return True


def open_code(transaction: Transaction, code: str, expires: int) -> None:
    """Let a code be good until `expires`; expired ones are forgotten, and the oldest when there are too many."""
    open_codes = []
    for each in transaction.documents(CODES):
        if _expires(each) <= transaction.now:
            transaction.write(CODES, str(each["_id"]), None)
        else:
            open_codes.append(str(each["_id"]))
    if len(open_codes) >= MAX_CODES:
        transaction.write(CODES, open_codes[0], None)
    transaction.write(CODES, code, None)
    transaction.insert(CODES, {"_id": code, "expires": Int64(expires)})


def codes_made(transaction: Transaction) -> int:
    """Return a number that no other code was drawn by."""
    return transaction.count(CODES)


def redeem(transaction: Transaction, code: str, node: Node) -> Node | None:
    """Pair a device by a code, which is used up by it; None when the code is not good, or devices are too many."""
    found = transaction.read(CODES, code)
    if found is None or _expires(found) <= transaction.now or len(transaction.documents(NODES)) >= MAX_NODES:
        return None
    transaction.write(CODES, code, None)
    transaction.insert(NODES, node_document(node))
    return node


def _expires(document: Document) -> int:
    expires = document["expires"]
    return int(expires) if isinstance(expires, Int64) else 0

"""The gateway's config as part of the state (contract openclaw §1.10)."""

from __future__ import annotations

import json

from emulator.engine.store import Document
from emulator.engine.transaction import Transaction
from emulator.model.gateway import Json

CONFIG = "$config"
_KEY = "config"


def config(transaction: Transaction) -> Json:
    """Return the config tree."""
    document = transaction.read(CONFIG, _KEY)
    return {} if document is None else tree_of(document)


def tree_of(document: Document) -> Json:
    """Return the tree of a document that keeps it."""
    return json.loads(str(document["json"]))


def keep_config(transaction: Transaction, tree: Json) -> None:
    """Put another tree in its place."""
    transaction.write(CONFIG, _KEY, {"_id": _KEY, "json": json.dumps(tree)})

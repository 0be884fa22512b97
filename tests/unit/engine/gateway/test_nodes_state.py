"""Devices and pairing codes in the state."""

from __future__ import annotations

import pytest

from emulator.engine.gateway import nodes
from emulator.engine.gateway.nodes import CODES, delete_node, open_code, redeem
from emulator.engine.state import State
from emulator.engine.transaction import Transaction
from emulator.model.gateway import Node

NOW = 1_000_000_000
NODE = Node("node-1", "Phone", "android", "online", ("camera",), 5)


@pytest.fixture
def transaction() -> Transaction:
    return Transaction(State(), NOW, 0)


def test_a_code_pairs_one_device(transaction: Transaction) -> None:
    open_code(transaction, "ABCD1234", NOW + 1)

    assert redeem(transaction, "ABCD1234", NODE) == NODE
    assert redeem(transaction, "ABCD1234", NODE) is None
    assert nodes.nodes(transaction) == [NODE]


def test_a_code_is_good_until_it_expires_and_not_then(transaction: Transaction) -> None:
    open_code(transaction, "ABCD1234", NOW)

    assert redeem(transaction, "ABCD1234", NODE) is None
    assert nodes.nodes(transaction) == []


def test_a_code_that_is_made_again_is_good_for_longer(transaction: Transaction) -> None:
    open_code(transaction, "ABCD1234", NOW)
    open_code(transaction, "ABCD1234", NOW + 1)

    assert redeem(transaction, "ABCD1234", NODE) == NODE


def test_expired_codes_are_forgotten_and_the_oldest_gives_way(
    transaction: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "MAX_CODES", 2)

    for code, expires in (("EXPIRED2", NOW), ("ZZZZ2222", NOW + 1), ("MMMM2222", NOW + 1), ("AAAA2222", NOW + 1)):
        open_code(transaction, code, expires)

    assert [each["_id"] for each in transaction.documents(CODES)] == ["MMMM2222", "AAAA2222"]


def test_there_is_an_end_to_devices(transaction: Transaction, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "MAX_NODES", 1)
    for code in ("ABCD1234", "ABCD2345"):
        open_code(transaction, code, NOW + 1)

    assert redeem(transaction, "ABCD1234", NODE) == NODE
    assert redeem(transaction, "ABCD2345", NODE._replace(id="node-2")) is None


def test_a_device_is_forgotten_once(transaction: Transaction) -> None:
    open_code(transaction, "ABCD1234", NOW + 1)
    redeem(transaction, "ABCD1234", NODE)

    assert delete_node(transaction, "node-1")
    assert not delete_node(transaction, "node-1")
    assert nodes.nodes(transaction) == []

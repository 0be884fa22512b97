"""Conversations in the state: their messages, their counts, their bounds."""

from __future__ import annotations

import pytest

from emulator.engine.gateway import sessions
from emulator.engine.gateway.sessions import append_message, created, delete_session, history, open_session
from emulator.engine.state import State
from emulator.engine.transaction import Transaction

KEY, OTHER = "agent:main:api:dm:a", "agent:main:api:dm:b"


@pytest.fixture
def transaction() -> Transaction:
    return Transaction(State(), 1_000_000_000, 0, 1_000_000)


def test_a_session_comes_into_being_with_its_first_message(transaction: Transaction) -> None:
    assert history(transaction, KEY) is None
    assert created(transaction, KEY) is None

    message = append_message(transaction, KEY, "user", "hi", 7)

    assert message == ("m1", "user", "hi", 7)
    assert history(transaction, KEY) == [message]
    assert sessions.sessions(transaction) == [(KEY, 7, 1)]


def test_only_what_users_and_assistants_say_is_counted(transaction: Transaction) -> None:
    for at, role in enumerate(("user", "assistant", "system", "tool"), 1):
        append_message(transaction, KEY, role, role, at)

    assert sessions.sessions(transaction) == [(KEY, 4, 2)]
    assert [each.id for each in history(transaction, KEY) or []] == ["m1", "m2", "m3", "m4"]


def test_the_last_activity_never_goes_back(transaction: Transaction) -> None:
    append_message(transaction, KEY, "user", "x", 9)
    append_message(transaction, KEY, "user", "y", 3)

    assert sessions.sessions(transaction)[0].last_active == 9


def test_sessions_come_by_activity_and_then_by_key(transaction: Transaction) -> None:
    for key, at in ((OTHER, 1), (KEY, 1), ("agent:main:main", 2)):
        open_session(transaction, key, at)

    assert [each.key for each in sessions.sessions(transaction)] == ["agent:main:main", KEY, OTHER]
    assert {each.agent for each in sessions.sessions(transaction)} == {"main"}


def test_messages_belong_to_one_session(transaction: Transaction) -> None:
    append_message(transaction, KEY, "user", "a", 1)
    append_message(transaction, OTHER, "user", "b", 1)

    assert [each.content for each in history(transaction, OTHER) or []] == ["b"]
    assert delete_session(transaction, KEY)
    assert not delete_session(transaction, KEY)
    assert [each.content for each in history(transaction, OTHER) or []] == ["b"]


def test_a_session_that_comes_back_is_another_one(transaction: Transaction) -> None:
    append_message(transaction, KEY, "user", "old", 1)
    before = created(transaction, KEY)
    delete_session(transaction, KEY)

    append_message(transaction, KEY, "user", "new", 1)

    assert history(transaction, KEY) == [("m1", "user", "new", 1)]
    assert created(transaction, KEY) != before


def test_the_oldest_messages_give_way(transaction: Transaction, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MAX_MESSAGES", 3)

    for number in range(1, 6):
        append_message(transaction, KEY, "user", str(number), number)

    assert [each.id for each in history(transaction, KEY) or []] == ["m3", "m4", "m5"]
    assert sessions.sessions(transaction)[0].message_count == 5


def test_the_oldest_session_gives_way(transaction: Transaction, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 2)

    for key in (OTHER, KEY, "agent:main:main"):
        append_message(transaction, key, "user", "x", 1)

    assert {each.key for each in sessions.sessions(transaction)} == {KEY, "agent:main:main"}
    assert history(transaction, OTHER) is None

"""Channels in the state: what changes them, and what comes of a reconnect."""

from __future__ import annotations

from emulator.engine.gateway.channels import change_channel, channel, channels, reconnect
from emulator.engine.gateway.seed import seed_gateway
from emulator.engine.state import State
from emulator.engine.transaction import Transaction
from emulator.model.constant import Constant
from emulator.model.effect import SetChannel
from emulator.model.gateway import Channel, ChannelStatus, Gateway, Reconnect

NOW = 1_000_000_000_000
UP, DOWN, COMING, OFF = (
    ChannelStatus.CONNECTED,
    ChannelStatus.DISCONNECTED,
    ChannelStatus.CONNECTING,
    ChannelStatus.DISABLED,
)


def begun(*defined: Channel) -> Transaction:
    transaction = Transaction(State(), NOW, 0)
    seed_gateway(Gateway(channels={each.id: each for each in defined}), None, transaction)
    return transaction


def test_channels_begin_as_the_scenario_says() -> None:
    transaction = begun(Channel("b", DOWN, 5, "why"), Channel("a"))

    assert [tuple(each) for each in channels(transaction)] == [("b", DOWN, 5, "why"), ("a", UP, None, None)]
    assert channel(transaction, "c") is None


def test_a_channel_that_comes_up_was_active_and_has_no_error() -> None:
    transaction = begun(Channel("a", DOWN, 5, "why"))

    change_channel(transaction, "a", UP, "ignored")

    assert channel(transaction, "a") == ("a", UP, NOW, None)


def test_a_channel_that_goes_down_keeps_its_activity_and_has_the_error() -> None:
    transaction = begun(Channel("a", UP, 5))

    change_channel(transaction, "a", DOWN, "why")

    assert channel(transaction, "a") == ("a", DOWN, 5, "why")


def test_a_channel_is_changed_only_from_where_it_is_wanted_to_be() -> None:
    transaction = begun(Channel("a", UP, 5))

    change_channel(transaction, "a", DOWN, "why", COMING.value)
    change_channel(transaction, "gone", DOWN, "why", COMING.value)

    assert [tuple(each) for each in channels(transaction)] == [("a", UP, 5, None)]


def test_a_reconnect_delays_what_becomes_of_it() -> None:
    defined = Channel("a", DOWN, 5, "why", Reconnect(takes=7))
    transaction = begun(defined)

    before = reconnect(transaction, defined)

    assert before == ("a", DOWN, 5, "why")
    assert channel(transaction, "a") == ("a", COMING, 5, None)
    (delayed,) = transaction.delayed
    (effect,) = delayed.effects
    assert delayed.due == NOW + 7
    assert isinstance(effect, SetChannel)
    assert (effect.id, effect.status, effect.error, effect.only_from) == (
        Constant("a"),
        Constant("connected"),
        Constant(None),
        "connecting",
    )


def test_a_reconnect_with_an_error_ends_disconnected() -> None:
    defined = Channel("a", reconnect=Reconnect(error="no"))
    transaction = begun(defined)

    reconnect(transaction, defined)

    effect = transaction.delayed[0].effects[0]
    assert isinstance(effect, SetChannel)
    assert (effect.status, effect.error) == (Constant("disconnected"), Constant("no"))


def test_nothing_is_begun_twice_or_where_a_channel_is_off_or_gone() -> None:
    coming, off, gone = Channel("a", COMING), Channel("b", OFF), Channel("c")
    transaction = begun(coming, off)

    befores = [reconnect(transaction, each) for each in (coming, off, gone)]

    assert befores == [("a", COMING, None, None), ("b", OFF, None, None), None]
    assert transaction.delayed == []

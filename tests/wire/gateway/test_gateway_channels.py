"""Channels: what they are doing, and how they come back (openclaw §1.7)."""

from __future__ import annotations

import pytest

from tests.support.clocks import WatchedClock
from tests.wire.gateway.conftest import Serve

CHANNELS = """
gateway:
  channels:
    telegram: {last_activity: 2024-02-08T12:00:00Z}
    whatsapp: {status: disconnected, error: Session expired}
    slack: {}
    signal: {status: disconnected, error: old, reconnect: {takes: 2s, becomes: disconnected}}
    discord: {reconnect: {error: Linked device removed}}
    matrix: {status: disabled}
    line: {status: connecting}
"""


async def test_channels_come_as_configured_with_what_they_have(serve: Serve) -> None:
    gateway = await serve(CHANNELS)

    assert (await gateway.get("/api/channels")).ok == {
        "channels": [
            {"id": "telegram", "status": "connected", "lastActivity": "2024-02-08T12:00:00Z"},
            {"id": "whatsapp", "status": "disconnected", "error": "Session expired"},
            {"id": "slack", "status": "connected"},
            {"id": "signal", "status": "disconnected", "error": "old"},
            {"id": "discord", "status": "connected"},
            {"id": "matrix", "status": "disabled"},
            {"id": "line", "status": "connecting"},
        ]
    }


async def test_a_channel_reconnects_after_half_a_second(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(CHANNELS)

    answer = await gateway.post("/api/channels/whatsapp/reconnect")

    assert answer.ok == {"ok": True, "id": "whatsapp", "status": "connecting", "previousStatus": "disconnected"}
    assert await gateway.channel("whatsapp") == {"status": "connecting"}
    await clock.pass_milliseconds(499)
    assert await gateway.channel("whatsapp") == {"status": "connecting"}
    await clock.pass_milliseconds(501)
    assert await gateway.channel("whatsapp") == {"status": "connected", "lastActivity": "2023-11-14T22:13:20Z"}


async def test_a_connected_channel_goes_down_and_up(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(CHANNELS)

    answer = await gateway.post("/api/channels/telegram/reconnect")
    between = await gateway.channel("telegram")
    await clock.pass_milliseconds(500)

    assert answer.ok["previousStatus"] == "connected"
    assert between == {"status": "connecting", "lastActivity": "2024-02-08T12:00:00Z"}
    assert await gateway.channel("telegram") == {"status": "connected", "lastActivity": "2023-11-14T22:13:20Z"}


async def test_a_reconnect_may_come_to_nothing(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(CHANNELS)

    await gateway.post("/api/channels/signal/reconnect")
    await gateway.post("/api/channels/discord/reconnect")
    await clock.pass_milliseconds(500)
    slow, failed = await gateway.channel("signal"), await gateway.channel("discord")
    await clock.pass_milliseconds(1_500)

    assert slow == {"status": "connecting"}
    assert failed == {"status": "disconnected", "error": "Linked device removed"}
    assert await gateway.channel("signal") == {"status": "disconnected"}


async def test_nothing_more_happens_to_a_channel_that_is_connecting(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(CHANNELS)

    await gateway.post("/api/channels/whatsapp/reconnect")
    await clock.pass_milliseconds(300)
    again = await gateway.post("/api/channels/whatsapp/reconnect")
    await clock.pass_milliseconds(200)
    up = await gateway.channel("whatsapp")
    await clock.pass_milliseconds(5_000)

    assert again.ok == {"ok": True, "id": "whatsapp", "status": "connecting", "previousStatus": "connecting"}
    assert up["status"] == "connected"
    assert await gateway.channel("whatsapp") == up


async def test_a_channel_that_is_not_there_is_not_found(serve: Serve) -> None:
    gateway = await serve(CHANNELS)

    assert (await gateway.post("/api/channels/nothing/reconnect")).refusal == (404, "NOT_FOUND")


async def test_a_disabled_channel_is_not_reconnected(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve(CHANNELS)

    assert (await gateway.post("/api/channels/matrix/reconnect")).refusal == (400, "INVALID_REQUEST")
    await clock.pass_milliseconds(1_000)
    assert await gateway.channel("matrix") == {"status": "disabled"}


async def test_the_config_switches_channels_off_and_on(serve: Serve) -> None:
    gateway = await serve(CHANNELS)

    await gateway.patch({"channels.whatsapp.enabled": False, "channels.slack": {"enabled": True}})
    off = await gateway.channel("whatsapp")
    refused = await gateway.post("/api/channels/whatsapp/reconnect")
    await gateway.patch({"channels.whatsapp.enabled": None})

    assert off == {"status": "disabled"}
    assert refused.refusal == (400, "INVALID_REQUEST")
    assert await gateway.channel("whatsapp") == {"status": "disconnected", "error": "Session expired"}
    assert await gateway.channel("slack") == {"status": "connected"}


async def test_a_channel_is_switched_off_by_the_config_of_the_scenario(serve: Serve) -> None:
    gateway = await serve("gateway: {channels: {slack: {}}, config: {channels: {slack: {enabled: false}}}}")

    assert await gateway.channel("slack") == {"status": "disabled"}
    await gateway.patch({"channels.slack.enabled": True})
    assert await gateway.channel("slack") == {"status": "connected"}


@pytest.mark.parametrize(
    ("status", "row"),
    [
        ("disconnected, error: 끊어짐", {"status": "disconnected", "error": "끊어짐"}),
        ("connecting, error: x", {"status": "connecting"}),
        ("disabled", {"status": "disabled"}),
    ],
)
async def test_the_timeline_changes_a_channel(
    serve: Serve, clock: WatchedClock, status: str, row: dict[str, str]
) -> None:
    gateway = await serve(f"""
        gateway: {{channels: {{slack: {{}}}}}}
        timeline: [{{at: 10s, do: [{{channel: {{id: slack, status: {status}}}}}]}}]
    """)

    await clock.pass_milliseconds(9_999)
    before = await gateway.channel("slack")
    await clock.pass_milliseconds(1)

    assert before == {"status": "connected"}
    assert await gateway.channel("slack") == row


async def test_what_changes_a_channel_while_it_connects_has_the_last_word(serve: Serve, clock: WatchedClock) -> None:
    gateway = await serve("""
        gateway: {channels: {slack: {}}}
        timeline: [{at: 100ms, do: [{channel: {id: slack, status: disconnected, error: again}}]}]
    """)

    await gateway.post("/api/channels/slack/reconnect")
    await clock.pass_milliseconds(1_000)

    assert await gateway.channel("slack") == {"status": "disconnected", "error": "again"}

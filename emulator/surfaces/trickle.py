"""Answers that trickle: so many bytes a second, on the scenario's clock."""

from __future__ import annotations

from aiohttp import web

from emulator.model.rule import Death
from emulator.runtime.clock import Clock
from emulator.surfaces.death import DyingError, die
from emulator.surfaces.http import Reply
from emulator.values.durations import SECOND

_PORTIONS = 10


class TrickleError(Exception):
    """An answer that is to be sent slowly."""

    def __init__(self, bandwidth: int, reply: Reply) -> None:
        """Keep the answer, and how many bytes of it may go in a second."""
        super().__init__(f"{bandwidth} bytes a second")
        self.bandwidth = bandwidth
        self.reply = reply


def ended(reply: Reply, death: Death | None, bandwidth: int | None) -> Reply:
    """Return an answer that ends well; raise what another one ends with."""
    if death is not None:
        raise DyingError(death, reply)
    if bandwidth is not None:
        raise TrickleError(bandwidth, reply)
    return reply


async def end(request: web.BaseRequest, unusual: DyingError | TrickleError, clock: Clock) -> web.StreamResponse:
    """Answer as faults want it."""
    if isinstance(unusual, DyingError):
        return await die(request, unusual.death, unusual.reply)
    return await trickle(request, unusual, clock)


async def trickle(request: web.BaseRequest, slow: TrickleError, clock: Clock) -> web.StreamResponse:
    """Send an answer in ten portions a second, each due on an absolute schedule."""
    status, body, headers = slow.reply
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = len(body)
    await response.prepare(request)
    portion = max(1, slow.bandwidth // _PORTIONS)
    start = clock.now()
    for sent in range(0, len(body), portion):
        await clock.sleep_until(start + sent * SECOND // slow.bandwidth)
        await response.write(body[sent : sent + portion])
    await response.write_eof()
    return response

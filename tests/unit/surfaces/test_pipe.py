"""A reader that lets too much pile up is cut off, and none before."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from aiohttp import web

from emulator.surfaces.pipe import MAX_BUFFERED, Pipe

HALF = b"x" * (MAX_BUFFERED // 2 + 1)


class Reader:
    """A transport whose reader takes nothing until told so."""

    def __init__(self) -> None:
        self.waiting = 0
        self.is_gone = False

    def write(self, data: bytes) -> None:
        self.waiting += len(data)

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.is_gone

    def abort(self) -> None:
        self.is_gone = True


def pipe_to(reader: Reader | None) -> Pipe:
    request: Any = SimpleNamespace(transport=reader, remote="127.0.0.1")
    return Pipe(cast("web.BaseRequest", request))


async def test_what_is_written_in_one_go_may_be_as_long_as_it_likes() -> None:
    reader = Reader()
    pipe = pipe_to(reader)
    assert all(pipe.write(HALF) for _ in range(10))


async def test_who_took_too_little_by_the_next_go_is_cut_off() -> None:
    reader = Reader()
    pipe = pipe_to(reader)
    assert pipe.write(HALF)
    assert pipe.write(HALF)
    await asyncio.sleep(0)  # noqa: TID251 - the next turn of the loop
    assert not pipe.write(b"more")
    assert reader.is_gone


async def test_who_took_it_by_the_next_go_may_get_as_much_again() -> None:
    reader = Reader()
    pipe = pipe_to(reader)
    assert pipe.write(HALF)
    assert pipe.write(HALF)
    await asyncio.sleep(0)  # noqa: TID251 - the next turn of the loop
    reader.waiting = 0
    assert all(pipe.write(HALF) for _ in range(10))
    assert not reader.is_gone


async def test_nobody_is_written_to_who_is_gone() -> None:
    reader = Reader()
    reader.is_gone = True
    assert not pipe_to(reader).write(b"hello")
    assert not pipe_to(None).write(b"hello")
    assert reader.waiting == 0

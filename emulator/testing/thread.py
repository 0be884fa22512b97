"""An asynchronous context in a thread of its own, with an event loop of its own, for tests that have none."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Generic, NamedTuple, TypeVar

from emulator.testing.errors import MISUSES, UsageError, is_misuse

__tracebackhide__ = is_misuse
PATIENCE = 30.0
"""How many seconds a call may take that is carried over."""
_FAREWELL = 5.0

Entered = TypeVar("Entered")
Result = TypeVar("Result")


class _Running(NamedTuple):
    loop: asyncio.AbstractEventLoop
    stop: asyncio.Event


class LoopThread(Generic[Entered]):
    """Enters a context in a thread and stays in it until :meth:`stop`, or until nobody has this object any more.

    The thread is a daemon: a process that ends in any way, is forked or killed never waits for it.
    """

    def __init__(self, context: Callable[[], AbstractAsyncContextManager[Entered]], name: str) -> None:
        """Return once the context is entered, or raise what that raises."""
        ready: Future[_Running] = Future()
        entered: Future[Entered] = Future()
        self._thread = threading.Thread(target=_live, args=(context, ready, entered), name=name, daemon=True)
        self._thread.start()
        self._running = ready.result(PATIENCE)
        self._pid = os.getpid()
        self._end = weakref.finalize(self, _end, self._thread, self._running, self._pid)
        try:
            self.entered = _result(entered, PATIENCE)
        except BaseException:  # Ctrl-C, too
            self.stop()
            raise

    def do(self, function: Callable[[], Result]) -> Result:
        """Call a function in the loop, where nothing else happens meanwhile; return or raise what it does."""
        if threading.get_ident() == self._thread.ident:
            return function()
        done: Future[Result] = Future()
        self._check()
        self._running.loop.call_soon_threadsafe(_fulfil, done, function)
        return _result(done, PATIENCE)

    def run(self, coroutine: Coroutine[Any, Any, Result], seconds: float = PATIENCE) -> Result:
        """Have a coroutine run in the loop, for so many seconds at most."""
        try:
            self._check()
        except UsageError:
            coroutine.close()
            raise
        done = asyncio.run_coroutine_threadsafe(coroutine, self._running.loop)
        try:
            return _result(done, seconds)
        finally:
            done.cancel()

    def stop(self) -> None:
        """Leave the context and end the thread; nothing happens when it has ended."""
        self._end()

    def _check(self) -> None:
        if os.getpid() != self._pid:
            raise UsageError(
                "the emulator runs in the process that this one was forked from: its URLs can be called from here, "
                "its fixture cannot"
            )
        if not self._thread.is_alive():
            raise UsageError("the emulator has stopped: its fixture is good until the test session ends")


def _live(
    context: Callable[[], AbstractAsyncContextManager[Entered]], ready: Future[_Running], entered: Future[Entered]
) -> None:
    async def live() -> None:
        stop = asyncio.Event()
        ready.set_result(_Running(asyncio.get_running_loop(), stop))
        try:
            async with context() as value:
                entered.set_result(value)
                del value
                await stop.wait()
        except BaseException as error:
            if entered.done():
                raise
            entered.set_exception(error)

    asyncio.run(live())


def _end(thread: threading.Thread, running: _Running, pid: int) -> None:
    if os.getpid() == pid and thread.is_alive():
        with suppress(RuntimeError):  # it has just ended by itself
            running.loop.call_soon_threadsafe(running.stop.set)
        thread.join(_FAREWELL)


def _fulfil(done: Future[Result], function: Callable[[], Result]) -> None:
    try:
        done.set_result(function())
    except BaseException as error:  # noqa: BLE001 - whoever waits for it is told
        done.set_exception(error)


def _result(done: Future[Result], seconds: float) -> Result:
    try:
        error = done.exception(seconds)
    except TimeoutError:
        raise TimeoutError(
            f"the emulator did not do it within {seconds:g} s; something keeps its thread busy"
        ) from None
    if isinstance(error, MISUSES):
        raise error.with_traceback(None)  # how it came about in another thread is of no use to a test
    return done.result()

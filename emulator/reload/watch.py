"""Says when anything changed in a set of folders; the only door to `watchfiles`.

Folders are watched, not files: editors save by renaming, and a folder may be moved away and come back. No folder is
watched recursively, so that a single file in a vast folder costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

import anyio
from watchfiles import Change, awatch

_STEP_MS = 10  # how long a batch must be quiet; twice that is the longest delay between saving and loading
_DEBOUNCE_MS = 200
_RECHECK_MS = 200


async def watch(
    targets: Callable[[], Iterable[Path]], concerns: Callable[[Path], bool], stop: asyncio.Event
) -> AsyncIterator[None]:
    """Yield after each batch of changes that concerns anybody, until `stop` is set.

    `targets` are asked again after each batch. Whenever they change, there was a moment in which nobody watched;
    one more yield follows a moment later for what may have been missed in it.
    """

    def keep(_change: Change, path: str) -> bool:
        return concerns(Path(path))

    while not stop.is_set():
        current = _existing(targets())
        missed = True
        batches = awatch(
            *current,
            watch_filter=keep,
            step=_STEP_MS,
            debounce=_DEBOUNCE_MS,
            rust_timeout=_RECHECK_MS,
            yield_on_timeout=True,
            stop_event=stop,
            recursive=False,
        )
        async for batch in batches:
            if batch or missed:
                yield
            missed = missed and bool(batch)
            if await anyio.to_thread.run_sync(lambda: _existing(targets())) != current:  # a tree may be vast
                break
        await batches.aclose()


def _existing(folders: Iterable[Path]) -> frozenset[Path]:
    """Replace each folder that is not there by its nearest ancestor that is."""
    return frozenset(next(each for each in (folder, *folder.parents) if each.is_dir()) for folder in folders)

"""From a saved file to a revision in force: one load at a time, off the loop, for all emulators that follow."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

from emulator.reload.follower import Follower, Tell
from emulator.reload.indexes import Indexes
from emulator.reload.rehearse import prepare
from emulator.runtime.emulator import Emulator
from emulator.scenario.files import SUFFIXES, find_folders
from emulator.scenario.load import Loaded, Loader

logger = logging.getLogger(__name__)


class Reloader:
    """Loads what was saved, and has everybody who follows take it."""

    def __init__(self, loader: Loader, loaded: Loaded) -> None:
        """Begin from `loaded`."""
        self.loaded = loaded
        self.indexes = Indexes()
        self._loader = loader
        self._followers: dict[Follower, None] = {}
        self._roots = tuple(Path(path).absolute() for path in loader.paths)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="emulator-load")

    def turn_to(self, loader: Loader, loaded: Loaded) -> None:
        """Go on with other files, which those who follow have in force already."""
        self._loader = loader
        self.loaded = loaded
        self._roots = tuple(Path(path).absolute() for path in loader.paths)

    def follow(self, emulator: Emulator, wanted: str | None, tell: Tell, seed: int | None = None) -> Follower:
        """Keep an emulator at a scenario from now on, which is in force in it as it was loaded last."""
        follower = Follower(emulator, self.loaded, wanted, tell, self.indexes, seed)
        self._followers[follower] = None
        return follower

    def leave(self, follower: Follower) -> None:
        """Have an emulator stay as it is."""
        self._followers.pop(follower, None)

    async def run(self, stop: asyncio.Event) -> None:
        """Reload after each change until `stop` is set."""
        watcher = await asyncio.to_thread(import_module, "emulator.reload.watch")  # 60 ms, in which calls are answered
        try:
            async for _ in watcher.watch(self._targets, self._concerns, stop):
                await self.reload()
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def reload(self) -> None:
        """Load, and have everybody take the result."""
        started = time.perf_counter()
        loaded = await asyncio.get_running_loop().run_in_executor(self._thread, self._load)
        if loaded is None or loaded.files == self.loaded.files:
            return
        self.loaded = loaded
        for follower in tuple(self._followers):
            follower.take(loaded, started)

    def _load(self) -> Loaded | None:
        try:
            loaded = self._loader.load()
            for each in filter(None, loaded.scenarios.values()):
                prepare(each)
        except Exception:
            logger.exception("a bug in the emulator: loading failed; the last good scenario stays in force")
            return None
        return loaded

    def _targets(self) -> set[Path]:
        folders = {path.parent for path in self.loaded.files}
        for root in self._roots:
            folders |= {root.parent, *(find_folders(root) if root.is_dir() else ())}
        return folders

    def _concerns(self, path: Path) -> bool:
        if any(root == path or root.is_relative_to(path) for root in self._roots):
            return True
        return (
            path in self.loaded.files
            or path.suffix in SUFFIXES
            or (not path.suffix and any(path.is_relative_to(root) for root in self._roots))
        )

"""The whole state as one file, to be saved and loaded again."""

from __future__ import annotations

import asyncio

from emulator.engine.image import Image, ImageError, image_of
from emulator.engine.surroundings import UncomputableError
from emulator.runtime.emulator import Emulator
from emulator.surfaces.control.asked import Asked, Json
from emulator.surfaces.control.failures import bad_request, conflict
from emulator.surfaces.http import Reply

OCTETS = "application/octet-stream"
MAX_SNAPSHOT = 256 * 1024 * 1024


class SnapshotEndpoints:
    """Saves and loads."""

    def __init__(self, emulator: Emulator) -> None:
        """Save and load what `emulator` keeps."""
        self._emulator = emulator

    async def snapshot(self, _asked: Asked) -> Reply:
        """Return documents, variables and all that the gateway keeps as a file of SQLite, secrets of its config too."""
        image = image_of(self._emulator.state, self._emulator.revision.scenario)
        return Reply(200, await asyncio.to_thread(_written, image), {"Content-Type": OCTETS})

    async def load_snapshot(self, asked: Asked) -> Json:
        """Put a snapshot in the place of all that is kept, or change nothing; `anew` is said otherwise by now."""
        image = await asyncio.to_thread(_read, asked.body)
        try:
            restored = self._emulator.restore(image)
        except ImageError as error:
            raise conflict("other_scenario", f"the snapshot cannot be loaded: {error}") from error
        except UncomputableError as error:
            raise conflict("cannot_begin", f"{error.place}: {error.reason}") from error
        return {"scenario": image.scenario, "documents": image.documents, "anew": list(restored.anew)}


def _written(image: Image) -> bytes:
    from emulator.persistence.snapshot import write_snapshot  # noqa: PLC0415 - SQLite is imported here, in a thread

    return write_snapshot(image)


def _read(data: bytes) -> Image:
    from emulator.persistence.errors import BrokenStateError, StateFileError  # noqa: PLC0415 - as above
    from emulator.persistence.snapshot import read_snapshot  # noqa: PLC0415 - as above

    try:
        return read_snapshot(data)
    except (BrokenStateError, StateFileError) as error:
        raise bad_request(f"the snapshot cannot be loaded: {error}") from error

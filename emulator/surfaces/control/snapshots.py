"""The whole state as one file, to be saved and loaded again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from emulator.engine.image import Image, ImageError, image_of
from emulator.engine.surroundings import UncomputableError
from emulator.runtime.emulator import Emulator
from emulator.runtime.files import FilesFullError
from emulator.surfaces.control.answers import Restored
from emulator.surfaces.control.asked import Asked
from emulator.surfaces.control.failures import bad_request, conflict
from emulator.surfaces.http import Reply

if TYPE_CHECKING:
    from emulator.persistence.database import Saved

OCTETS = "application/octet-stream"
MAX_SNAPSHOT = 256 * 1024 * 1024
"""How many bytes a snapshot may have, those of stored files included."""

logger = logging.getLogger(__name__)


class SnapshotEndpoints:
    """Saves and loads."""

    def __init__(self, emulator: Emulator) -> None:
        """Save and load what `emulator` keeps."""
        self._emulator = emulator

    async def snapshot(self, _asked: Asked) -> Reply:
        """Return documents, variables and all that the gateway keeps as a file of SQLite, secrets of its config too."""
        emulator = self._emulator
        image = image_of(emulator.state, emulator.revision.scenario)
        contents = emulator.files.of(image.files)
        data = await asyncio.to_thread(_written, image, contents)
        if len(data) > MAX_SNAPSHOT:
            files = sum(map(len, contents.values()))
            message = f"the snapshot would have {len(data)} bytes, {files} of them those of stored files"
            raise conflict("too_large", f"{message}, and may have {MAX_SNAPSHOT}", "delete what is not needed")
        return Reply(200, data, {"Content-Type": OCTETS})

    async def load_snapshot(self, asked: Asked) -> Restored:
        """Put a snapshot in the place of all that is kept, or change nothing; `anew` is said otherwise by now."""
        saved = await asyncio.to_thread(_read, asked.body)
        try:
            restored = self._emulator.restore(*saved)
        except FilesFullError as error:
            raise conflict("too_large", f"the snapshot cannot be loaded: {error}") from error
        except ImageError as error:
            raise conflict("other_scenario", f"the snapshot cannot be loaded: {error}") from error
        except UncomputableError as error:
            raise conflict("cannot_begin", f"{error.place}: {error.reason}") from error
        image = saved.image
        if saved.lost:
            logger.warning("a snapshot was loaded in which the bytes of files are not, or damaged: %s", saved.told_lost)
        return {"scenario": image.scenario, "documents": image.documents, "anew": list(restored.anew)}


def _written(image: Image, contents: Mapping[str, bytes]) -> bytes:
    from emulator.persistence.snapshot import write_snapshot  # noqa: PLC0415 - SQLite is imported here, in a thread

    return write_snapshot(image, contents)


def _read(data: bytes) -> Saved:
    from emulator.persistence.errors import BrokenStateError, StateFileError  # noqa: PLC0415 - as above
    from emulator.persistence.snapshot import read_snapshot  # noqa: PLC0415 - as above

    try:
        return read_snapshot(data)
    except (BrokenStateError, StateFileError) as error:
        raise bad_request(f"the snapshot cannot be loaded: {error}") from error

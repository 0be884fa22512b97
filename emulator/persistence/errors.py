"""Why a file, or a snapshot, cannot be taken for the state of an emulator."""

from __future__ import annotations


class StateFileError(Exception):
    """A file that is left alone, and not used either; the text says why, and what to do."""


class BrokenStateError(Exception):
    """What was the state of an emulator, and cannot be read; the text says why."""

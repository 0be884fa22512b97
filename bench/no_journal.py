"""The emulator with a journal that keeps nothing, to be measured beside the one that does."""

from __future__ import annotations

from emulator.cli import main
from emulator.runtime import emulator
from emulator.runtime.journal import Entry, Journal


class Forgetful(Journal):
    """Keeps nothing."""

    def add(self, entry: Entry) -> None:
        """Forget it."""


if __name__ == "__main__":
    vars(emulator)["Journal"] = Forgetful
    main(prog_name="emulator")

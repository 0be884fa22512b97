"""The emulator's command where uvloop cannot be imported, as if it were not installed."""

from __future__ import annotations

import sys
from typing import Any

modules: dict[str, Any] = sys.modules
modules["uvloop"] = None  # importing it raises ImportError

from emulator.cli import main  # noqa: E402

main(prog_name="emulator")

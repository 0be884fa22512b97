"""What a scenario is told ahead of being in force."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.scenarios import write_files

SERVE = """
import asyncio, sys, threading
from pathlib import Path
from emulator.app import Listener
from emulator.scenario.load import Loader
from emulator.server import Server

async def main():
    loader = Loader([Path(sys.argv[1])])
    server = Server(loader, loader.load(), None, [Listener("convex", "127.0.0.1", 0)])
    before = "faker" in sys.modules
    await server.start()
    await server._prepared
    print(before, "faker" in sys.modules)
    await server.stop()
    server.reloader._thread.shutdown()

asyncio.run(main())
"""


@pytest.mark.parametrize(("result", "is_imported"), [("${fake.name()}", True), ("Ada", False)])
def test_what_draws_made_up_data_is_imported_behind_the_start_and_only_where_it_is_needed(
    tmp_path: Path, result: str, *, is_imported: bool
) -> None:
    write_files(tmp_path, {"one.yaml": f"functions: {{a:b: {{result: '{result}'}}}}"})
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(tmp_path)], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == ["False", str(is_imported)]

"""``python -m bench [NAME…]``: measure all, or what is named."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from bench.measure import CORES, LOAD_CORE, now, raise_file_limit
from bench.servers import LOOPS

NAMES = (
    "functions",
    "overlays",
    "rows",
    "expressions",
    "tables",
    "export",
    "streams",
    "sockets",
    "sync",
    "start",
    "load",
    "reload",
    "fixture",
    "worlds",
    "memory",
)


def main(names: list[str]) -> None:
    unknown = set(names) - set(NAMES)
    if unknown:
        sys.exit(f"there is no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(NAMES)}")
    if len(CORES) < 2:
        print("one core only: the load takes its time from the server")
    os.sched_setaffinity(0, {LOAD_CORE})
    raise_file_limit()
    loops = " and ".join(LOOPS)
    print(f"Python {platform.python_version()}, aiohttp {version('aiohttp')}, {loops}; median (min-max)\n", flush=True)
    for name in names or NAMES:
        module = import_module(f"bench.{name}")
        summary = (module.__doc__ or "").partition("\n")[0]
        print(f"{name}: {summary}", flush=True)
        started = now()
        with tempfile.TemporaryDirectory(prefix="bench-") as work:
            module.main(Path(work))
        print(f"  took {now() - started:.0f} s\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

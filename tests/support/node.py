"""Node, with what browsers have and it keeps behind options."""

from __future__ import annotations

import subprocess
from functools import cache

_OPTIONS = ("--experimental-websocket", "--experimental-eventsource")


@cache
def node_command() -> tuple[str, ...]:
    """Return the command that runs Node with `WebSocket` and `EventSource`, whether or not its version asks for it."""
    return ("node", *(each for each in _OPTIONS if _is_known(each)))


def _is_known(option: str) -> bool:
    return subprocess.run(["node", option, "--eval", ""], capture_output=True, check=False).returncode == 0

"""The emulator in tests: within a test's own loop, in a thread, or as pytest's fixture `emulator`.

Names are imported when they are first used: pytest imports this package in every run in which it is installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.testing.calls import Call, Miss
    from emulator.testing.clocks import AsyncClock, Clock
    from emulator.testing.data import Channel, Fault, Table, Variables
    from emulator.testing.emulators import AsyncEmulator, Emulator, serve, serve_in_thread
    from emulator.testing.errors import ScenarioError, UsageError
    from emulator.testing.functions import Chat, Function
    from emulator.testing.variants import Use

__all__ = [
    "AsyncClock",
    "AsyncEmulator",
    "Call",
    "Channel",
    "Chat",
    "Clock",
    "Emulator",
    "Fault",
    "Function",
    "Miss",
    "ScenarioError",
    "Table",
    "UsageError",
    "Use",
    "Variables",
    "serve",
    "serve_in_thread",
]

_MODULES = {
    "calls": ("Call", "Miss"),
    "clocks": ("AsyncClock", "Clock"),
    "data": ("Channel", "Fault", "Table", "Variables"),
    "emulators": ("AsyncEmulator", "Emulator", "serve", "serve_in_thread"),
    "errors": ("ScenarioError", "UsageError"),
    "functions": ("Chat", "Function"),
    "variants": ("Use",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any of the names above
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)

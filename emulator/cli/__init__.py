"""The `emulator` command."""

from __future__ import annotations

from importlib import import_module

import click

from emulator import __version__

_COMMANDS = {
    "serve": "Serve the scenarios until Ctrl-C.",
    "exec": "Run a command beside an emulator of its own.",
    "env": "Print the variables by which tools find an emulator that runs.",
    "check": "Check scenario files and say everything that is wrong with them.",
    "import-spec": "Write a scenario with every function of a real deployment.",
    "schema": "Print the JSON Schema of scenario files.",
    "status": "Say what is in force in an emulator that runs.",
    "calls": "Show the newest calls, and what became of them.",
    "reset": "Begin anew, as a whole or in part.",
    "clock": "Show the scenario's time, or change it.",
    "fault": "List the faults, or switch one on or off.",
    "use": "List the variants of functions, or have one answer.",
    "snapshot": "Save the state of an emulator that runs, or load it.",
    "scenario": "List the scenarios, or put another one in force.",
}
_VERBS = ("status", "calls", "reset", "clock", "fault", "use", "scenario")
_PLACES = {
    "exec": ("exec", "run"),
    "import-spec": ("import_spec", "import_spec"),
    **{name: ("verbs", name) for name in _VERBS},
}


class _LazyGroup(click.Group):
    """Imports a command's module only when the command is asked for."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, attribute = _PLACES.get(name, (name, name))
        command = getattr(import_module(f"emulator.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="emulator")
def main() -> None:
    """Emulate a Convex deployment and an OpenClaw Gateway from YAML scenario files.

    Needs no account and no network. `emulator serve` is where to begin.
    """

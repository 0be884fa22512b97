"""`emulator exec`: a command beside an emulator of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from functools import partial

import click

from emulator.cli.child import CannotRunError, Child, is_in_foreground, status_of, taking_signals
from emulator.cli.options import FREE_PORTS, Settings, starting_options
from emulator.cli.running import listening, log_ready, run_with_server
from emulator.environment import variables
from emulator.server import Server

_COMMAND = "emulator.cli.exec.command"


class _WithCommand(click.Command):
    """Keeps what follows `--` for a command."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        end = arguments.index("--") if "--" in arguments else len(arguments)
        context.meta[_COMMAND] = arguments[end + 1 :]
        return super().parse_args(context, arguments[:end])

    def collect_usage_pieces(self, context: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(context), "-- COMMAND [ARGUMENT]..."]


@click.command("exec", cls=_WithCommand)
@starting_options(FREE_PORTS, log_level="warning")
def run(settings: Settings) -> None:
    """Run a command beside an emulator that it finds by its environment.

    The emulator serves PATHs, or the folder scenarios/, at free ports. The command starts when it answers, with
    CONVEX_URL, OPENCLAW_GATEWAY_URL and all that `emulator env` shows in its environment. With the command the emulator
    ends, and the exit status is the command's: 128 and more when a signal ended it, 127 when there is no such command,
    126 when it cannot be run.
    """
    context = click.get_current_context()
    command: list[str] = context.meta[_COMMAND]
    if not command:
        raise click.UsageError("say the command after two dashes: emulator exec -- npm test")
    context.exit(run_with_server(settings, partial(_accompany, settings, command)))


async def _accompany(settings: Settings, command: Sequence[str], server: Server) -> int:
    """Serve while the command runs; return the exit status to end with."""
    child = Child(command, in_group=is_in_foreground())
    with taking_signals(child):
        async with listening(server, settings) as facts:
            log_ready(facts)
            try:
                child.start({**os.environ, **variables(facts)})
            except CannotRunError as error:
                click.echo(f"Error: {error}", err=True)
                return error.status
            return status_of(await _reload_until_ended(settings, server, child))


async def _reload_until_ended(settings: Settings, server: Server, child: Child) -> int:
    ended = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        if settings.watch:
            tasks.create_task(server.reloader.run(ended))
        returncode = await asyncio.to_thread(child.wait)
        ended.set()
    return returncode

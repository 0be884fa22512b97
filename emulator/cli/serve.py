"""`emulator serve`."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from functools import partial

import click

from emulator.cli.banner import banner
from emulator.cli.options import USUAL_PORTS, Settings, starting_options
from emulator.cli.running import listening, log_ready, run_with_server
from emulator.server import Server


@click.command()
@starting_options(USUAL_PORTS, log_level="info", has_demos=True)
def serve(settings: Settings) -> None:
    """Serve the scenarios until Ctrl-C.

    PATHs are scenario files and folders of them; without any it is the folder scenarios/. What is saved there is in
    force at once; a file with problems never is, and the last good one stays.
    """
    run_with_server(settings, partial(_serve, settings))


async def _serve(settings: Settings, server: Server) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt instead
            loop.add_signal_handler(number, stop.set)
    async with listening(server, settings) as facts:
        if settings.as_json:
            log_ready(facts)
        else:
            scenario = server.emulator.revision.scenario
            click.echo(banner(scenario, facts, settings.paths if settings.watch else None, settings.demo))
        await (server.reloader.run(stop) if settings.watch else stop.wait())

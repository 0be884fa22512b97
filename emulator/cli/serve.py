"""`emulator serve`."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import secrets
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from emulator.app import LOOPBACK, Listener, PortInUseError
from emulator.cli.banner import banner, report_data, sentence
from emulator.cli.log import LEVELS, start_logging
from emulator.cli.ports import holder_of
from emulator.cli.ready import remove_ready_file, running_file, write_ready_file
from emulator.model.scenario import Scenario
from emulator.reload.report import Refused, Report
from emulator.scenario.cache import load_cached
from emulator.scenario.load import Loaded, Loader
from emulator.scenario.report import as_text
from emulator.server import NoScenarioError, Server, scenario_of

CONVEX_PORT = 3210
GATEWAY_PORT = 18789
_LARGEST_SEED = 2**32
_SECRETS = frozenset({"token", "admin_key", "gateway_token", "gateway_password"})

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of one run."""

    paths: tuple[Path, ...]
    scenario: str | None
    listeners: tuple[Listener, ...]
    seed: int | None
    watch: bool
    ready_file: Path | None
    as_json: bool


def _option(name: str, **settings: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - click's own types
    variable = f"EMULATOR_{name.partition('/')[0].strip('-').replace('-', '_').upper()}"
    return click.option(name, envvar=variable, show_envvar=True, **settings)


_PORT = click.IntRange(0, 65535)


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@_option("--scenario", metavar="NAME", help="Which scenario to serve; else default, else the only one.")
@_option("--host", default=LOOPBACK, show_default=True, help="The address to listen at.")
@_option("--port", type=_PORT, help="One port for everything; 0 picks a free one.")
@_option("--convex-port", type=_PORT, help=f"The port of the Convex API; {CONVEX_PORT} if --port is not given.")
@_option("--gateway-port", type=_PORT, help=f"The port of the gateway; {GATEWAY_PORT} if --port is not given.")
@_option("--site-port", type=_PORT, help="A port for HTTP actions, too; there are none in this version.")
@_option("--seed", metavar="NUMBER|random", help="The seed of every draw, instead of the scenario's own.")
@_option("--watch/--no-watch", default=True, help="Whether to reload what is saved; on by default.")
@_option("--log-level", type=click.Choice(LEVELS), default="info", show_default=True, help="What to log.")
@_option("--json-logs", is_flag=True, help="Log one JSON object a line, instead of text.")
@_option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write URLs and keys there, as JSON, once the server answers.",
)
def serve(
    paths: tuple[Path, ...],
    scenario: str | None,
    host: str,
    port: int | None,
    convex_port: int | None,
    gateway_port: int | None,
    site_port: int | None,
    seed: str | None,
    log_level: str,
    ready_file: Path | None,
    *,
    watch: bool,
    json_logs: bool,
) -> None:
    """Serve the scenarios until Ctrl-C.

    PATHs are scenario files and folders of them; without any it is the folder scenarios/. What is saved there is in
    force at once; a file with problems never is, and the last good one stays.
    """
    start_logging(log_level, as_json=json_logs)
    listeners = _listeners(host, port, convex_port, gateway_port, site_port)
    settings = Settings(paths or (Path("scenarios"),), scenario, listeners, _seed(seed), watch, ready_file, json_logs)
    gc.disable()  # nothing that a load makes is garbage before it ends
    loader = Loader(settings.paths, settings.seed)
    loaded = load_cached(loader)
    try:
        _warn_of_others(loaded, scenario_of(loaded, settings.scenario).name, as_json=json_logs)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(settings, loader, loaded))
    except NoScenarioError as error:
        if error.problems:
            click.echo(as_text(error.problems, error.sources), err=True)
        raise click.ClickException(str(error)) from error


def _listeners(
    host: str, port: int | None, convex: int | None, gateway: int | None, site: int | None
) -> tuple[Listener, ...]:
    own = {"convex": convex, "gateway": gateway, "site": site}
    if port is not None:
        given = [f"--{name}-port" for name, value in own.items() if value is not None]
        if given:
            raise click.UsageError(f"--port is one port for everything; it excludes {', '.join(given)}")
        return (Listener("convex", host, port),)
    defaults = {"convex": CONVEX_PORT, "gateway": GATEWAY_PORT, "site": None}
    ports = {name: defaults[name] if value is None else value for name, value in own.items()}
    return tuple(Listener(name, host, value) for name, value in ports.items() if value is not None)


def _seed(text: str | None) -> int | None:
    if text is None:
        return None
    if text == "random":
        return secrets.randbelow(_LARGEST_SEED)
    try:
        return int(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is neither a whole number nor random", param_hint="--seed") from None


def _warn_of_others(loaded: Loaded, active: str, *, as_json: bool) -> None:
    others = [each for each in loaded.problems if each not in loaded.problems_of[active]]
    if others:
        text = as_text(others, {} if as_json else loaded.sources)
        logger.warning("problems in scenarios that are not served:\n%s", text)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Use uvloop where it is installed (the extra `speed`)."""
    try:
        import uvloop  # noqa: PLC0415 - optional
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(settings: Settings, loader: Loader, loaded: Loaded) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt instead
            loop.add_signal_handler(number, stop.set)
    tell = partial(_tell, as_json=settings.as_json)
    server = Server(loader, loaded, settings.scenario, settings.listeners, tell)
    await _start(server)
    facts = server.facts()
    running = running_file()
    try:
        if running is not None:
            _tell_others(running, facts)
        _announce(settings, server.emulator.revision.scenario, facts)
        gc.freeze()
        gc.enable()
        await (server.reloader.run(stop) if settings.watch else stop.wait())
    finally:
        if settings.ready_file:
            remove_ready_file(settings.ready_file)
        if running is not None:
            running.unlink(missing_ok=True)
        await server.stop()


def _tell_others(path: Path, facts: dict[str, object]) -> None:
    """Let the other commands find this emulator; one that cannot be found by itself can be named."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_ready_file(path, facts)


async def _start(server: Server) -> None:
    try:
        await server.start()
    except PortInUseError as error:
        listener = error.listener
        holder = holder_of(listener.port) or "another process"
        flag = "--port" if len(server.app.listeners) == 1 else f"--{listener.name}-port"
        raise click.ClickException(
            f"port {listener.port} of {listener.host} is in use by {holder}; "
            f"stop it, or take another: {flag} NUMBER, or --port 0 for a free one"
        ) from error
    except OSError as error:
        raise click.ClickException(f"cannot listen: {error.strerror or error}") from error


def _announce(settings: Settings, scenario: Scenario, facts: dict[str, object]) -> None:
    if settings.ready_file:
        write_ready_file(settings.ready_file, facts)
    if settings.as_json:
        logger.info("ready", extra={"data": {key: value for key, value in facts.items() if key not in _SECRETS}})
    else:
        click.echo(banner(scenario, facts, settings.paths if settings.watch else None))
    if any(each.host not in (LOOPBACK, "::1", "localhost") for each in settings.listeners):
        logger.warning("listening beyond this machine: whoever reaches it can call everything")


def _tell(report: Report, *, as_json: bool) -> None:
    level = logging.WARNING if isinstance(report, Refused) else logging.INFO
    logger.log(level, "%s", sentence(report, with_lines=not as_json), extra={"data": report_data(report)})

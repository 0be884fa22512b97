"""`emulator serve`."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import secrets
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from emulator.app import CONTROL, LOOPBACK, App, Listener, PortInUseError
from emulator.cli.banner import banner, report_data, sentence, warning
from emulator.cli.log import LEVELS, start_logging
from emulator.cli.ports import holder_of
from emulator.cli.ready import remove_ready_file, running_file, write_ready_file
from emulator.engine.surroundings import UncomputableError
from emulator.model.scenario import ClockSettings, Scenario
from emulator.reload.rehearse import seed_problem
from emulator.reload.reloader import Reloader
from emulator.reload.report import Refused, Report
from emulator.runtime.clock import ScenarioClock
from emulator.runtime.emulator import Emulator
from emulator.scenario.cache import load_cached
from emulator.scenario.load import Loaded, Loader, choose
from emulator.scenario.problem import did_you_mean
from emulator.scenario.report import as_text

CONVEX_PORT = 3210
GATEWAY_PORT = 18789
_LARGEST_SEED = 2**32
_SECRETS = frozenset({"token", "admin_key"})

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
    active = _active(loaded, settings.scenario, as_json=json_logs)
    runner = asyncio.Runner(loop_factory=_loop_factory())
    with runner:
        runner.run(_serve(settings, loader, loaded, active))


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


def _active(loaded: Loaded, wanted: str | None, *, as_json: bool) -> Scenario:
    """Return the scenario to serve, or end the program with everything that is wrong."""
    name = choose(loaded, wanted)
    if name is not None and (scenario := loaded.scenarios[name]) is not None:
        others = [each for each in loaded.problems if each not in loaded.problems_of[name]]
        if others:
            logger.warning(
                "problems in scenarios that are not served:\n%s", as_text(others, {} if as_json else loaded.sources)
            )
        return scenario
    problems = loaded.problems if name is None else loaded.problems_of[name]
    if problems:
        click.echo(as_text(problems, loaded.sources), err=True)
        raise click.ClickException("the scenario has problems; nothing is served")
    names = ", ".join(loaded.scenarios) or "none"
    if wanted is None:
        raise click.ClickException(f"there are several scenarios and none is called default: {names}; use --scenario")
    hint = did_you_mean(wanted, loaded.scenarios)
    raise click.ClickException(f"there is no scenario {wanted!r}{f'; {hint}' if hint else ''}. There are: {names}")


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Use uvloop where it is installed (the extra `speed`)."""
    try:
        import uvloop  # noqa: PLC0415 - optional
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(settings: Settings, loader: Loader, loaded: Loaded, scenario: Scenario) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt instead
            loop.add_signal_handler(number, stop.set)
    emulator = _begin(scenario, loaded)
    app = App(emulator, settings.listeners)
    app.stage = reloader = _reloader(app, loader, loaded, settings)
    await _start(app)
    facts = _facts(app, scenario)
    running = running_file()
    try:
        if running is not None:
            _tell_others(running, facts)
        _announce(settings, scenario, facts)
        gc.freeze()
        gc.enable()
        await (reloader.run(stop) if settings.watch else stop.wait())
    finally:
        if settings.ready_file:
            remove_ready_file(settings.ready_file)
        if running is not None:
            running.unlink(missing_ok=True)
        await app.stop()


def _tell_others(path: Path, facts: dict[str, object]) -> None:
    """Let the other commands find this emulator; one that cannot be found by itself can be named."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_ready_file(path, facts)


def _begin(scenario: Scenario, loaded: Loaded) -> Emulator:
    clock = scenario.clock or ClockSettings()
    try:
        return Emulator(scenario, ScenarioClock(clock.start, clock.rate))
    except UncomputableError as error:
        click.echo(as_text([seed_problem(error)], loaded.sources), err=True)
        raise click.ClickException("the scenario cannot begin; nothing is served") from error


async def _start(app: App) -> None:
    try:
        await app.start()
    except PortInUseError as error:
        listener = error.listener
        holder = holder_of(listener.port) or "another process"
        flag = "--port" if len(app.listeners) == 1 else f"--{listener.name}-port"
        raise click.ClickException(
            f"port {listener.port} of {listener.host} is in use by {holder}; "
            f"stop it, or take another: {flag} NUMBER, or --port 0 for a free one"
        ) from error
    except OSError as error:
        raise click.ClickException(f"cannot listen: {error.strerror or error}") from error


def _facts(app: App, scenario: Scenario) -> dict[str, object]:
    """Return what the ready file says."""
    return {
        "convex_url": app.url("convex"),
        "gateway_url": app.url("gateway") or app.url("convex"),
        "site_url": app.url("site"),
        "admin_key": scenario.deployment.admin_keys[0] if scenario.deployment.admin_keys else None,
        "control_url": f"{app.url('convex')}{CONTROL}",
        "token": app.token,
        "scenario": scenario.name,
        "seed": scenario.seed,
        "pid": os.getpid(),
    }


def _announce(settings: Settings, scenario: Scenario, facts: dict[str, object]) -> None:
    if settings.ready_file:
        write_ready_file(settings.ready_file, facts)
    if settings.as_json:
        logger.info("ready", extra={"data": {key: value for key, value in facts.items() if key not in _SECRETS}})
    else:
        click.echo(banner(scenario, facts, settings.paths if settings.watch else None))
    if any(each.host not in (LOOPBACK, "::1", "localhost") for each in settings.listeners):
        logger.warning("listening beyond this machine: whoever reaches it can call everything")


def _reloader(app: App, loader: Loader, loaded: Loaded, settings: Settings) -> Reloader:
    def tell(report: Report) -> None:
        level = logging.WARNING if isinstance(report, Refused) else logging.INFO
        logger.log(level, "%s", sentence(report, with_lines=not settings.as_json), extra={"data": report_data(report)})
        if isinstance(report, Refused):
            app.emulator.warn(warning(report))

    return Reloader(app.emulator, loader, loaded, settings.scenario, tell)

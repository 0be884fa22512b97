"""The options of an emulator that is to be started, whichever command starts it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from emulator.app import LOOPBACK, SITE, Listener
from emulator.cli.log import LEVELS
from emulator.values.durations import SECOND, InvalidDurationError, parse_duration
from emulator.worlds import Terms

USUAL_PORTS: Mapping[str, int] = {"convex": 3210, "gateway": 18789, "site": 3211}
"""The ports of the real things."""

FREE_PORTS: Mapping[str, int] = {"convex": 0, "gateway": 0, "site": 0}
_LARGEST_SEED = 2**32
MAX_WORLDS = 10_000
_PORT = click.IntRange(0, 65535)
_FILE = click.Path(dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of one run."""

    paths: tuple[Path, ...]
    scenario: str | None
    listeners: tuple[Listener, ...]
    seed: int | None
    watch: bool
    log_level: str
    log_file: Path | None
    as_json: bool
    ready_file: Path | None
    state: Path | None
    demo: Terms | None


def starting_options(
    ports: Mapping[str, int], log_level: str, *, has_demos: bool = False
) -> Callable[[Callable[[Settings], None]], Callable[..., None]]:
    """Give a command PATHs and the options of an emulator, which it gets as Settings.

    `ports` are its own defaults; `has_demos` says that what it starts may be a demo.
    """

    def decorate(command: Callable[[Settings], None]) -> Callable[..., None]:
        @wraps(command)
        def run(**given: Any) -> None:  # noqa: ANN401 - what click makes of each option
            command(_settings(ports, **given))

        decorated: Callable[..., None] = run
        for option in reversed([*_options(ports, log_level), *(_demo_options() if has_demos else [])]):
            decorated = option(decorated)
        return decorated

    return decorate


def _options(ports: Mapping[str, int], log_level: str) -> list[Callable[[Any], Any]]:
    convex, gateway, site = (_usual(name, ports[name]) for name in ("convex", "gateway", "site"))
    return [
        click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]..."),
        _option("--scenario", metavar="NAME", help="Which scenario to serve; else default, else the only one."),
        _option("--host", default=LOOPBACK, show_default=True, help="The address to listen at."),
        _option("--port", type=_PORT, help="One port for everything; 0 picks a free one."),
        _option("--convex-port", type=_PORT, help=f"The port of the Convex API; {convex}."),
        _option("--gateway-port", type=_PORT, help=f"The port of the gateway; {gateway}."),
        _option("--site-port", type=_PORT, help=f"The port of HTTP actions; {site}."),
        _option("--seed", metavar="NUMBER|random", help="The seed of every draw, instead of the scenario's own."),
        _option("--watch/--no-watch", default=True, help="Whether to reload what is saved; on by default."),
        _option("--log-level", type=click.Choice(LEVELS), default=log_level, show_default=True, help="What to log."),
        _option("--log-file", type=_FILE, help="Add the log to this file, instead of showing it."),
        _option("--json-logs", is_flag=True, help="Log one JSON object a line, instead of text."),
        _option("--state", type=_FILE, help="Keep documents and the gateway's state in this file, across restarts."),
        _option("--ready-file", type=_FILE, help="Write URLs and keys there, as JSON, once the server answers."),
    ]


def _demo_options() -> list[Callable[[Any], Any]]:
    return [
        _option("--demo", is_flag=True, help="Give each visitor a world of his own, and nobody the control token."),
        _option("--demo-expires", metavar="TIME", help="How long a world may lie idle; 30m if left out."),
        _option("--demo-worlds", type=click.IntRange(1, MAX_WORLDS), help="How many there are at most; 200."),
        _option("--demo-reset", metavar="TIME", help="How often all of them begin anew; never if left out."),
    ]


def _option(name: str, **settings: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - click's own types
    variable = f"EMULATOR_{name.partition('/')[0].strip('-').replace('-', '_').upper()}"
    return click.option(name, envvar=variable, show_envvar=True, **settings)


def _usual(name: str, port: int) -> str:
    given = "neither --port nor --convex-port" if name == SITE and port else "--port"
    return f"{port or 'a free one'} if {given} is {'' if name == SITE and port else 'not '}given"


def _settings(
    ports: Mapping[str, int],
    *,
    paths: tuple[Path, ...],
    scenario: str | None,
    host: str,
    port: int | None,
    convex_port: int | None,
    gateway_port: int | None,
    site_port: int | None,
    seed: str | None,
    watch: bool,
    log_level: str,
    log_file: Path | None,
    json_logs: bool,
    ready_file: Path | None,
    state: Path | None,
    demo: bool = False,
    demo_expires: str | None = None,
    demo_worlds: int | None = None,
    demo_reset: str | None = None,
) -> Settings:
    own = {"convex": convex_port, "gateway": gateway_port, "site": site_port}
    return Settings(
        paths or (Path("scenarios"),),
        scenario,
        listeners(host, port, own, ports),
        _seed(seed),
        watch,
        log_level,
        log_file,
        json_logs,
        ready_file,
        state,
        _terms(demo_expires, demo_worlds, demo_reset, is_demo=demo, has_state=state is not None),
    )


def listeners(
    host: str, port: int | None, own: Mapping[str, int | None], usual: Mapping[str, int]
) -> tuple[Listener, ...]:
    """Return where to listen: all at one `port`, or each at its `own` or else its usual one.

    HTTP actions have a usual port only beside the usual one of the deployment; below that they are in any case.
    Raises UsageError where both are given.
    """
    if port is not None:
        given = [f"--{name}-port" for name, value in own.items() if value is not None]
        if given:
            raise click.UsageError(f"--port is one port for everything; it excludes {', '.join(given)}")
        return (Listener("convex", host, port),)
    chosen = {name: usual[name] if value is None else value for name, value in own.items()}
    if own[SITE] is None and own["convex"] is not None and usual[SITE]:
        del chosen[SITE]
    return tuple(Listener(name, host, value) for name, value in chosen.items())


def _terms(
    expires: str | None, worlds: int | None, reset: str | None, *, is_demo: bool, has_state: bool
) -> Terms | None:
    """Return how a demo goes; raise UsageError where there is none to go so."""
    given = {"--demo-expires": expires, "--demo-worlds": worlds, "--demo-reset": reset}
    if not is_demo:
        unused = [name for name, value in given.items() if value is not None]
        if unused:
            raise click.UsageError(f"{', '.join(unused)}: there is no demo without --demo")
        return None
    if has_state:
        raise click.UsageError("in a demo each visitor has a state of his own, which ends with it: leave --state out")
    idle = _duration("--demo-expires", expires or "30m")
    return Terms(idle, worlds or 200, None if reset is None else _duration("--demo-reset", reset))


def _duration(option: str, text: str) -> int:
    """Return a duration in nanoseconds, a second at least."""
    try:
        duration = parse_duration(text)
    except InvalidDurationError as error:
        raise click.BadParameter(str(error), param_hint=option) from None
    if duration < SECOND:
        raise click.BadParameter("at least 1s", param_hint=option)
    return duration


def _seed(text: str | None) -> int | None:
    if text is None:
        return None
    if text == "random":
        return secrets.randbelow(_LARGEST_SEED)
    try:
        return int(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is neither a whole number nor random", param_hint="--seed") from None

"""An emulator that runs in this process for as long as a command lasts."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from emulator.app import LOOPBACK, PortInUseError
from emulator.cli.banner import report_data, sentence
from emulator.cli.log import start_logging
from emulator.cli.options import Settings
from emulator.cli.ports import holder_of
from emulator.cli.ready import remove_ready_file, running_file, write_ready_file
from emulator.reload.report import Refused, Report
from emulator.scenario.cache import load_cached
from emulator.scenario.load import Loaded, Loader
from emulator.scenario.report import as_text
from emulator.server import NoScenarioError, Server, scenario_of

if TYPE_CHECKING:
    from emulator.persistence.state_file import StateFile

_SECRETS = frozenset({"token", "admin_key", "gateway_token", "gateway_password"})

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


def run_with_server(settings: Settings, main: Callable[[Server], Coroutine[None, None, Result]]) -> Result:
    """Load what is to be served, and run `main` with a server that it starts; say what is wrong with the scenario."""
    start_logging(settings.log_level, as_json=settings.as_json, path=settings.log_file)
    gc.disable()  # nothing that a load makes is garbage before it ends
    loader = Loader(settings.paths, settings.seed)
    loaded = load_cached(loader)
    try:
        _warn_of_others(loaded, scenario_of(loaded, settings.scenario).name, as_json=settings.as_json)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_run(settings, loader, loaded, main))
    except NoScenarioError as error:
        if error.problems:
            click.echo(as_text(error.problems, error.sources), err=True)
        raise click.ClickException(str(error)) from error


async def _run(
    settings: Settings, loader: Loader, loaded: Loaded, main: Callable[[Server], Coroutine[None, None, Result]]
) -> Result:
    tell = partial(_tell, as_json=settings.as_json)
    with _opened_state(settings) as state:
        server = Server(loader, loaded, settings.scenario, settings.listeners, tell, settings.demo or state)
        if state is not None:
            _tell_of_state(state, server)
            state.saved = None  # all of it is the emulator's now, and may go
        return await main(server)


@contextlib.contextmanager
def _opened_state(settings: Settings) -> Iterator[StateFile | None]:
    """Have the state file open until the block ends, where one is wanted; raise ClickException where it cannot be."""
    if settings.state is None:
        yield None
        return
    from emulator.persistence.errors import StateFileError  # noqa: PLC0415 - SQLite is 10 ms that most starts save
    from emulator.persistence.state_file import StateFile  # noqa: PLC0415 - as above

    try:
        with contextlib.closing(StateFile(settings.state)) as state:
            yield state
    except StateFileError as error:
        raise click.ClickException(str(error)) from error


def _tell_of_state(state: StateFile, server: Server) -> None:
    if state.aside is not None:
        path, reason = state.aside
        logger.warning(
            "the state file %s cannot be used: %s; it is kept as %s, and a new one begun", state.path, reason, path
        )
    if state.saved is None or server.restored is None:
        logger.info("the state is kept in %s from now on", state.path)
        return
    anew = ", ".join(server.restored.anew)
    otherwise = f"; begun anew, as the scenario says it otherwise by now: {anew}" if anew else ""
    if state.saved.lost:
        logger.warning(
            "the bytes of stored files are damaged in %s, or not there; their URLs answer 404: %s",
            state.path,
            state.saved.told_lost,
        )
    count = state.saved.image.documents
    logger.info(
        "the state goes on as it is in %s: %d document%s%s", state.path, count, "s" if count != 1 else "", otherwise
    )


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


@contextlib.asynccontextmanager
async def listening(server: Server, settings: Settings) -> AsyncIterator[dict[str, object]]:
    """Listen until the block ends, and let it and others know where.

    Raises ClickException where it cannot.
    """
    await _start(server)
    facts = server.facts()
    running = running_file()
    try:
        if running is not None:
            _tell_others(running, facts)
        if settings.ready_file:
            write_ready_file(settings.ready_file, facts)
        if any(each.host not in (LOOPBACK, "::1", "localhost") for each in settings.listeners):
            logger.warning("listening beyond this machine: whoever reaches it can call everything")
        gc.freeze()
        gc.enable()
        yield facts
    finally:
        if settings.ready_file:
            remove_ready_file(settings.ready_file)
        if running is not None:
            running.unlink(missing_ok=True)
        await server.stop()


def log_ready(facts: dict[str, object]) -> None:
    """Say in the log that the server answers, and where, without what is secret."""
    data = {key: value for key, value in facts.items() if key not in _SECRETS}
    logger.info("ready", extra={"data": data})


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


def _tell_others(path: Path, facts: dict[str, object]) -> None:
    """Let the other commands find this emulator; one that cannot be found by itself can be named."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_ready_file(path, facts)


def _tell(report: Report, *, as_json: bool) -> None:
    level = logging.WARNING if isinstance(report, Refused) else logging.INFO
    logger.log(level, "%s", sentence(report, with_lines=not as_json), extra={"data": report_data(report)})

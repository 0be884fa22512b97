"""The plugin of pytest: the fixture `emulator`, the marker `scenario`, and what was called in reports of failed tests.

It imports nothing of the emulator before a test asks for it: others run pytest, too.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.testing.emulators import Emulator
    from emulator.testing.scenarios import Wanted

_INI = "emulator_scenario"
_OPTION = "--emulator-scenario"
_FOLDER = "scenarios"
_MARKER = "scenario"
_SETTINGS = ("scenario", "seed", "clock")
_USED = pytest.StashKey["Emulator"]()
_MARKER_HELP = (
    "scenario(source=None, *, scenario=None, seed=None, clock=None): what the fixture `emulator` serves in this test: "
    "a path, YAML or a dict; `scenario` names one of several, `clock` is 'paused' or a moment to stand still at"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what says which scenario tests get that name none."""
    help_text = f"the scenario files and folders of the fixture `emulator` (default: {_FOLDER}/, if it is there)"
    parser.addini(_INI, help_text, type="paths", default=[])
    group = parser.getgroup("emulator")
    group.addoption(_OPTION, metavar="PATH", action="append", help=f"{help_text}; instead of the setting {_INI}")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER_HELP)


@pytest.fixture(scope="session")
def emulator_server(pytestconfig: pytest.Config) -> Iterator[Emulator]:
    """Serve one emulator all session long, for fixtures of the session that need its URLs; nothing is reset."""
    from emulator.testing.emulators import start  # noqa: PLC0415 - only runs that use it pay for it
    from emulator.testing.scenarios import Scenarios, Wanted  # noqa: PLC0415 - as above

    emulator = start(Scenarios(_default(pytestconfig)), Wanted({"functions": {}}))
    yield emulator
    emulator.stop()


@pytest.fixture
def emulator(emulator_server: Emulator, request: pytest.FixtureRequest) -> Emulator:
    """Give an emulator of a Convex deployment and an OpenClaw Gateway that begins anew for this test."""
    from emulator.testing.errors import UsageError  # noqa: PLC0415 - as above

    mistake = None
    try:
        emulator_server.begin(_wanted(request.node))
    except UsageError as error:
        mistake = str(error)
    if mistake is not None:  # after the block: pytest would show the error above its own failure again
        pytest.fail(mistake, pytrace=False)
    request.node.stash[_USED] = emulator_server
    return emulator_server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what was called when a test fails."""
    report = yield
    used = item.stash.get(_USED, None)
    if report.failed and used is not None:
        from emulator.testing.report import sections  # noqa: PLC0415 - as above

        report.sections.extend(sections(used))
    return report


def _default(config: pytest.Config) -> list[Path] | None:
    """Return the scenario files and folders of tests that name none."""
    given = config.getoption(_OPTION)
    if given:
        return [config.invocation_params.dir / each for each in given]
    paths: list[Path] = config.getini(_INI)
    folder = config.rootpath / _FOLDER
    is_there = folder.is_dir() and any(each.suffix in (".yaml", ".yml") for each in folder.iterdir())
    return paths or ([folder] if is_there else None)


def _wanted(item: pytest.Item) -> Wanted:
    """Return what the markers of a test ask for: the nearest says it, and those further out what it leaves open."""
    from emulator.testing.scenarios import Wanted  # noqa: PLC0415 - as above

    settings: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers(_MARKER))):
        settings.update(_settings_of(marker))
    folders = (item.path.parent, item.config.rootpath)
    return Wanted(**settings, folders=folders)


def _settings_of(marker: pytest.Mark) -> dict[str, Any]:
    from emulator.scenario.problem import did_you_mean  # noqa: PLC0415 - as above
    from emulator.testing.errors import UsageError  # noqa: PLC0415 - as above

    if len(marker.args) > 1:
        raise UsageError(
            f"@pytest.mark.scenario takes one path, YAML or dict, not {len(marker.args)}; "
            "put a part into the other with `include`, or the tests apart"
        )
    for name in marker.kwargs:
        if name not in _SETTINGS:
            hint = did_you_mean(name, _SETTINGS) or f"there are: {', '.join(_SETTINGS)}"
            raise UsageError(f"@pytest.mark.scenario has no use for {name}=…; {hint}")
    if not marker.args and not marker.kwargs:
        raise UsageError("@pytest.mark.scenario names nothing: give it a path, YAML or a dict, or scenario=…, seed=…")
    named = {"source": marker.args[0], "scenario": None} if marker.args else {}
    return {**named, **marker.kwargs}

"""Runs of pytest within tests."""

from __future__ import annotations

from textwrap import dedent

import pytest
from _pytest.pytester import SysModulesSnapshot

from tests.support.nested import ASK, PLUGIN, Run


@pytest.fixture(autouse=True)
def modules_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep modules loaded after a run: one that was loaded twice would have two of each class."""
    shared = SysModulesSnapshot(lambda name: not name.startswith(("test_", "conftest")))
    monkeypatch.setattr("_pytest.pytester.SysModulesSnapshot", lambda **_: shared)


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(text: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(ASK + dedent(text))
        return pytester.runpytest_inprocess(*PLUGIN, *options)

    return run

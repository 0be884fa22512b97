"""What all tests share: an environment of their own, and examples that are the same in every run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]
collect_ignore = ["sample_projects"]

settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


@pytest.fixture(autouse=True, scope="session")
def own_environment() -> Iterator[None]:
    """Keep the settings and the cache of whoever runs the tests out of them."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in [each for each in os.environ if each.startswith("EMULATOR_")]:
            patch.delenv(variable)
        patch.setenv("EMULATOR_CACHE", "off")
        yield

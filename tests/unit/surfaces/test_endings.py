"""Every kind of ending has a name."""

from __future__ import annotations

from typing import get_args

from emulator.engine.plan import Ending
from emulator.surfaces.control import views


def test_every_kind_of_ending_has_a_name() -> None:
    assert set(views._NAMES) == set(get_args(Ending))

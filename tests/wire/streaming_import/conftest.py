"""The scenarios of the export, for imports."""

from __future__ import annotations

from tests.wire.export.conftest import serve

__all__ = ["serve"]

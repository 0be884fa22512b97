"""Exports and imports of whole snapshots as documents, by which clients watch how they go (contract convex §14)."""

from __future__ import annotations

EXPORTS = "$exports"
IMPORTS = "$imports"

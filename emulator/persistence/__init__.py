"""Keeps what an emulator keeps in SQLite: as a file that outlives the process, and as snapshots.

Knows the runtime; must not know surfaces.
"""

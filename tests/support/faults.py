"""Emulators with faults, and which calls those hit."""

from __future__ import annotations

from pathlib import Path

from emulator.engine.overlay import switch
from emulator.runtime.emulator import Emulator
from tests.support.engine import call, emulator_of

FUNCTIONS = "functions: {a:b: {result: 1}, a:c: {result: 2}, z/y:x: {result: 3}}"


def faulty(folder: Path, *faults: str, seed: int = 0, functions: str = FUNCTIONS) -> Emulator:
    """Return an emulator with these faults."""
    lines = "".join(f"  - {{{each}}}\n" for each in faults)
    return emulator_of(folder, f"seed: {seed}\nfaults:\n{lines}{functions}\n")


def hits(emulator: Emulator, count: int, operation: str = "a:b") -> list[int]:
    """Return which of so many calls were hit, by their numbers from 1."""
    entries = [call(emulator, operation) for _ in range(count)]
    return [number for number, each in enumerate(entries, 1) if each.decision.admission.hit]


def turn_on(emulator: Emulator, name: str, *, on: bool = True) -> None:
    """Switch a fault, as whoever controls the emulator does."""
    emulator.transact(lambda transaction: switch(transaction, name, on=on))

"""Lets ``python -m emulator`` stand for the ``emulator`` command."""

from emulator.cli import main

main(prog_name="emulator")

"""The emulator's own API, under ``/__emulator/``: what happened, what is in force, and levers for tests."""

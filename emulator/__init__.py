"""A local emulator of a Convex deployment, scripted by YAML scenario files."""

__version__ = "0.1.0"

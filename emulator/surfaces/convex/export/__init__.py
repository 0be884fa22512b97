"""Streaming export: the tables as connectors read them (contract convex §9)."""

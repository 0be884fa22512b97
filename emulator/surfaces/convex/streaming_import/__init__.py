"""Streaming import: tables as connectors write them (contract convex §10)."""

"""The public HTTP API of a Convex deployment (contract convex §1, §3-§5)."""

"""The live sync protocol of Convex's clients: sans-I/O sessions, and a thin endpoint (contract convex §7)."""

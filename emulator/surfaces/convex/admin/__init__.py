"""What administers a deployment: its environment, logs, exports and imports (contract convex §13, §14)."""

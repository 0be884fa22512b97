"""The documented HTTP API of an OpenClaw Gateway (contract openclaw §1)."""

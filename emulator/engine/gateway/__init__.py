"""What an OpenClaw Gateway reckons: its config, its cron times, its pairing codes (contract openclaw §1.9-§1.11)."""

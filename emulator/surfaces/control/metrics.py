"""Counters for Prometheus, with labels of which there are few."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.runtime.emulator import Emulator
from emulator.runtime.journal import Entry
from emulator.surfaces.control.asked import Asked
from emulator.surfaces.control.views import outcome_of
from emulator.surfaces.http import Reply

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MAX_OPERATIONS = 500
_OTHER = "other"


class Metrics:
    """Calls counted by operation and outcome: those in the journal when this was made, and all since."""

    def __init__(self, emulator: Emulator) -> None:
        """Listen to the journal."""
        self._emulator = emulator
        self._calls: dict[tuple[str, str], int] = {}
        self._operations: set[str] = set()
        for entry in emulator.journal:
            self._count(entry)
        emulator.journal.listen(self._count)

    async def metrics(self, _asked: Asked) -> Reply:
        """Count calls by operation and outcome, for Prometheus."""
        return Reply(200, self.text().encode("utf-8", "replace"), {"Content-Type": CONTENT_TYPE})

    def text(self) -> str:
        """Return all counters in Prometheus' text format."""
        lines = ["# HELP emulator_calls_total Calls, by operation and outcome.", "# TYPE emulator_calls_total counter"]
        for (operation, outcome), count in sorted(self._calls.items()):
            lines.append(f"emulator_calls_total{_labels({'operation': operation, 'outcome': outcome})} {count}")
        revision = self._emulator.revision
        lines += [
            "# HELP emulator_revision The revision in force.",
            "# TYPE emulator_revision gauge",
            f"emulator_revision{_labels({'scenario': revision.scenario.name})} {revision.number}",
            "# HELP emulator_journal_entries Calls kept in the journal.",
            "# TYPE emulator_journal_entries gauge",
            f"emulator_journal_entries {len(self._emulator.journal)}",
        ]
        return "\n".join([*lines, ""])

    def _count(self, entry: Entry) -> None:
        operation = entry.call.operation
        if operation not in self._operations:
            if len(self._operations) >= MAX_OPERATIONS or operation not in self._emulator.revision.index.prepared:
                operation = _OTHER
            self._operations.add(operation)
        key = (operation, outcome_of(entry))
        self._calls[key] = self._calls.get(key, 0) + 1


def _labels(labels: Mapping[str, str]) -> str:
    written = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{written}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

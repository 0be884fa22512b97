"""Jobs: when they ran last, and how that went (contract openclaw §1.11)."""

from __future__ import annotations

from typing import NamedTuple

from emulator.engine.store import Document
from emulator.engine.transaction import Transaction
from emulator.values.convex import Int64

JOBS = "$jobs"
RUNNING, OK, ERROR = "running", "ok", "error"


class Ran(NamedTuple):
    """The newest run of a job; `at` in nanoseconds since the epoch, both None before the first."""

    at: int | None = None
    status: str | None = None


def job_document(name: str, ran: Ran = Ran()) -> Document:  # noqa: B008 - an immutable record
    """Return what is kept of a job."""
    return {"_id": name, "at": None if ran.at is None else Int64(ran.at), "status": ran.status}


def ran(transaction: Transaction, name: str) -> Ran:
    """Return a job's newest run."""
    document = transaction.read(JOBS, name)
    if document is None:
        return Ran()
    at, status = document["at"], document["status"]
    return Ran(int(at) if isinstance(at, Int64) else None, status if isinstance(status, str) else None)


def note_run(transaction: Transaction, name: str, run: Ran) -> None:
    """Note how a job's newest run goes."""
    known = transaction.read(JOBS, name)
    document = job_document(name, run)
    if known is None:
        transaction.insert(JOBS, document)
    else:
        transaction.write(JOBS, name, {**document, "_creationTime": known["_creationTime"]})


def end_runs(transaction: Transaction) -> None:
    """Have all runs that are under way be over, and failed."""
    for document in transaction.documents(JOBS):
        name = str(document["_id"])
        newest = ran(transaction, name)
        if newest.status == RUNNING:
            note_run(transaction, name, newest._replace(status=ERROR))

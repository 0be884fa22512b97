"""What a system query is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from emulator.engine.call import Call
from emulator.engine.surroundings import Surroundings
from emulator.engine.transaction import Transaction
from emulator.model.scenario import Scenario
from emulator.values.convex import Value
from emulator.values.validators.shorthand import read_shorthand
from emulator.values.validators.types import Validator

PAGINATION = (
    "{numItems: number, cursor: string | null, endCursor: (string | null)?, id: number?, "
    "maximumRowsRead: number?, maximumBytesRead: number?}"
)


class Asked(NamedTuple):
    """One call of a system query, and what it may look at."""

    scenario: Scenario
    transaction: Transaction
    call: Call

    @property
    def args(self) -> dict[str, Value]:
        """The arguments, which fit the query's validator."""
        return self.call.args

    @property
    def surroundings(self) -> Surroundings:
        """What table queries are read in."""
        return Surroundings(self.scenario, self.call, 1, self.transaction)


class SystemQuery(NamedTuple):
    """A query of the deployment's own: what arguments it takes, and what answers it."""

    args: Validator
    answer: Callable[[Asked], Value]


def takes(args: str, answer: Callable[[Asked], Value]) -> SystemQuery:
    """Make a system query whose arguments are written as in scenario files."""
    return SystemQuery(read_shorthand(args), answer)

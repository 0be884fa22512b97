"""What tests do with an emulator that happens at once, wherever its loop runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from emulator.environment import variables
from emulator.runtime.emulator import Level
from emulator.scenario.problem import Problem
from emulator.surfaces.control.selection import Selection
from emulator.testing import journal
from emulator.testing.calls import Call, call_of, pattern_of
from emulator.testing.data import Channel, Do, Fault, Place, Table, Variables
from emulator.testing.errors import UsageError, is_misuse
from emulator.testing.functions import Chat, Function
from emulator.testing.served import Served
from emulator.testing.values import value_of
from emulator.testing.variants import Use
from emulator.values.display import spell

__tracebackhide__ = is_misuse

FunctionType: TypeAlias = Literal["query", "mutation", "action"]


class Controls:
    """An emulator that runs: where it is, what it keeps, what was called."""

    def __init__(self, do: Do, served: Served) -> None:
        """Steer `served`, where `do` does it."""
        self._do = do
        self._served = served
        self._place = Place(do, served)

    @property
    def env(self) -> dict[str, str]:
        """The environment variables by which tools of Convex and OpenClaw find it, to put into a subprocess."""
        return variables(self._do(self._served.server.facts))

    @property
    def convex_url(self) -> str:
        """The URL of the deployment."""
        return self.env["CONVEX_URL"]

    @property
    def site_url(self) -> str:
        """The URL of the deployment's HTTP actions."""
        return self.env["CONVEX_SITE_URL"]

    @property
    def gateway_url(self) -> str:
        """The URL of the OpenClaw Gateway."""
        return self.env["OPENCLAW_GATEWAY_URL"]

    @property
    def control_url(self) -> str:
        """The URL of the control API."""
        return self.env["EMULATOR_CONTROL_URL"]

    @property
    def admin_key(self) -> str:
        """The deployment's admin key; empty when the scenario says that there is none."""
        return self.env["CONVEX_SELF_HOSTED_ADMIN_KEY"]

    @property
    def token(self) -> str:
        """What opens the gateway as a bearer token."""
        return self.env["OPENCLAW_GATEWAY_TOKEN"]

    @property
    def password(self) -> str:
        """The gateway's password."""
        return self.env["OPENCLAW_GATEWAY_PASSWORD"]

    @property
    def control_token(self) -> str:
        """What opens the control API as a bearer token."""
        return self.env["EMULATOR_TOKEN"]

    @property
    def scenario(self) -> str:
        """The name of the scenario in force."""
        return self._served.emulator.revision.scenario.name

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with scenarios of the same folder that are not in force."""
        return self._do(self._served.server.main.problems)

    @property
    def state(self) -> Variables:
        """The state variables of the scenario."""
        return Variables(self._place)

    def function(self, path: str, *, type: FunctionType | None = None) -> Function:  # noqa: A002 - the scenario's word
        """Return a function, to be given answers for the rest of the test; the scenario need not have it.

        One that it lacks can be called as any kind of function, unless `type` says which it is.
        """
        return Function(self._do, self._served, path, {} if type is None else {"type": type})

    def chat(
        self,
        message: str | Mapping[str, Any] | None = None,
        *,
        session: str | Mapping[str, Any] | None = None,
        agent: str | Mapping[str, Any] | None = None,
        channel: str | Mapping[str, Any] | None = None,
    ) -> Chat:
        """Return messages to the gateway's agents that are like this, to be given answers for the rest of the test.

        A text is the whole of it; a mapping an operator such as ``{"$contains": "refund"}``.
        """
        like = {"message": message, "session": session, "agent": agent, "channel": channel}
        return Chat(self._do, self._served, like)

    def use(self, choices: str, *, identity: str | None = None) -> Use:
        """Have variants answer, ``messages:list=empty; users:me=error``: for everybody, or for one identity.

        ``loading``, ``empty`` and ``error`` are there for every function. Raises UsageError for what is no variant.
        """
        return Use(self._place, choices, identity)

    def table(self, name: str) -> Table:
        """Return a table; raise UsageError when the scenario has none of that name."""
        return Table(self._place, name)

    def channel(self, name: str) -> Channel:
        """Return a channel of the gateway; raise UsageError when there is none."""
        return Channel(self._place, name)

    def fault(self, name: str) -> Fault:
        """Return a fault, to be switched; raise UsageError when the scenario has none of that name."""
        return Fault(self._place, name)

    def calls(
        self,
        operation: str = "*",
        *,
        args: Mapping[str, Any] | None = None,
        outcome: str | None = None,
        identity: str | None = None,
    ) -> list[Call]:
        """Return the calls of an operation, the oldest first; ``*`` in its name stands for any text.

        With `args` those that have at least these, with `outcome` or `identity` those with that. Raises UsageError
        for a name that is nearly that of another operation, and neither scripted nor called itself.
        """
        like, _ = selection_of(operation, args, outcome, identity)
        return list(map(call_of, self._do(lambda: journal.entries(self._served, like))))

    def assert_called(
        self,
        operation: str,
        *,
        times: int | None = None,
        args: Mapping[str, Any] | None = None,
        outcome: str | None = None,
        identity: str | None = None,
    ) -> None:
        """Raise AssertionError unless such calls came so many times; without `times`, at least once."""
        like, wanted = selection_of(operation, args, outcome, identity)
        fault = self._do(lambda: journal.fault_of(self._served, like, wanted, times))
        if fault is not None:
            raise AssertionError(fault)

    def assert_not_called(self, operation: str, *, args: Mapping[str, Any] | None = None) -> None:
        """Raise AssertionError when such a call came."""
        self.assert_called(operation, times=0, args=args)

    def reset(self) -> None:
        """Begin the scenario anew, as it was when the test began: documents, time, calls, and all that was changed."""
        self._do(self._served.reset)

    def clear_calls(self) -> None:
        """Forget the calls that came so far; everything else stays."""
        self._do(lambda: self._served.emulator.reset([Level.JOURNAL]))

    def undo(self) -> bool:
        """Take the newest write of anybody back; say whether there was one."""
        return self._do(self._served.emulator.undo)


def selection_of(
    operation: str, args: Mapping[str, Any] | None, outcome: str | None, identity: str | None
) -> tuple[Selection, str]:
    """Return which calls are meant, and that in words; raise UsageError."""
    if not isinstance(operation, str):
        raise UsageError(f"an operation is a text such as 'messages:send', not {operation!r}")
    if args is not None and not isinstance(args, Mapping):
        raise UsageError(f"args are a mapping such as {{'body': 'Hello'}}, not {args!r}")
    pattern = None if args is None else pattern_of(args)
    facts = [("with", args and spell(value_of(args))), ("as", identity), ("that", outcome)]
    wanted = " ".join([operation, *(f"{word} {fact}" for word, fact in facts if fact)])
    return Selection(operation, pattern, outcome, identity), wanted

"""One call in, one decision out (ARCHITECTURE.md, "A plan, not a handler")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from emulator.engine.answer import answer, do_delayed
from emulator.engine.call import Admin, Call
from emulator.engine.explain import nearest_functions, unanswered
from emulator.engine.index import Decision, Index
from emulator.engine.overlay import FREE, Overlay, count, faults_on, hit, lay_over, take
from emulator.engine.plan import Finish, Limited, Passed, Rejected, Unscripted, WrongType
from emulator.engine.reply import plan_of
from emulator.engine.state import State
from emulator.engine.transaction import Delayed, Transaction
from emulator.engine.variants import CHOICES, chosen, is_free
from emulator.model.function import Function
from emulator.model.gateway import CHAT
from emulator.model.http import is_http

_MAX_REMEMBERED = 1_000
_SYSTEM = "_system/"
_PASSED = Decision((Finish(Passed()),))
_PAUSED_TEXT = (
    "Cannot run functions while this deployment is paused. "
    "Resume the deployment in the dashboard settings to allow functions to run."
)
_PAUSED = Decision((Finish(Rejected(_PAUSED_TEXT)),))


def decide(index: Index, state: State, call: Call, now: int) -> Decision:
    """Lay out what a call gets: of limits and faults, else of the rule that answers; `now` is in ns since the epoch."""
    overlay = index.overlays.of(call.operation, call.part_of)
    if overlay is None or call.is_admitted:
        return _answer(index, state, call, now)
    return _laid_over(overlay, index, state, call, now)


def decide_known(index: Index, state: State, call: Call, now: int, known: Decision) -> Decision:
    """Lay out what limits and faults do to a call whose answer is known; nothing else of it is done again."""
    known = known._replace(changes=(), delayed=())
    overlay = index.overlays.of(call.operation, call.part_of)
    return known if overlay is None else _laid_over(overlay, index, state, call, now, known)


def decide_passing(index: Index, state: State, call: Call, now: int) -> Decision:
    """Lay out what limits and faults do to an operation that has no rules; where they do nothing it is passed."""
    return decide_known(index, state, call, now, _PASSED)


def _laid_over(
    overlay: Overlay, index: Index, state: State, call: Call, now: int, known: Decision | None = None
) -> Decision:
    """Lay out what a call gets of limits and faults, else what it is answered, where that is not known."""
    admission = FREE
    if not call.is_counted and (known is not None or not take(overlay, call, now, state.meters)):
        admission = count(overlay.limits, call, now, state.meters)
    if admission.over is not None:
        return Decision((Finish(Limited(admission.over)),), admission=admission)
    faults = faults_on(overlay, call, state.view)
    if not faults:  # most calls; a function's answer does not tell how its limits stand, so nothing is kept of that
        return _answer(index, state, call, now) if known is None else known._replace(admission=admission)
    transaction = Transaction(state, now, index.scenario.seed)
    admission = hit(faults, admission, transaction)
    failure = admission.failure
    if failure is not None:
        known = Decision((Finish(failure),))
    plan, changes, rule, reads, delayed, _, variant = known or _answer(index, state, call, now)
    plan, admission = lay_over(plan, admission, call, transaction)
    return Decision(plan, (*transaction.changes, *changes), rule, reads, delayed, admission, variant)


def decide_counted(index: Index, state: State, call: Call, now: int) -> Decision:
    """Hold a call against its limits only, ahead of whatever is to be done of it."""
    overlay = index.overlays.of(call.operation, call.part_of)
    if overlay is None:
        return _PASSED
    admission = count(overlay.limits, call, now, state.meters)
    return Decision((Finish(Passed() if admission.over is None else Limited(admission.over)),), admission=admission)


def _answer(index: Index, state: State, call: Call, now: int) -> Decision:
    """Select the rule that answers and lay its outcome out as a plan."""
    prepared = index.prepared.get(call.operation)
    if prepared is None or call.component or (prepared.is_hidden and not isinstance(call.caller, Admin)):
        if call.operation.startswith(_SYSTEM) and (prepared is None or call.component):
            decision = _system(index, state, call, now)
            if decision is not None:
                return decision
        nearest = () if call.component else _nearest(index, call)
        hidden = prepared.function if prepared and not call.component else None
        ending = Unscripted(call.operation, nearest, call.component, call.type is not None, hidden)
        return Decision((unanswered(ending, call, index.scenario),))
    function = prepared.function
    if call.type is not None and function.type is not None and call.type is not function.type:
        return Decision((unanswered(WrongType(function, call.type), call, index.scenario),))
    if state.is_paused and call.operation != CHAT:
        return _PAUSED
    if call.fault is not None:
        return Decision((Finish(Rejected(call.fault)),))
    variant, transaction = None, None
    if not is_free(state, call):
        transaction = Transaction(state, now, index.scenario.seed)
        variant = chosen(call, function, transaction)
    if prepared.always is not None and variant is None:
        return prepared.always
    transaction = transaction or Transaction(state, now, index.scenario.seed)
    finish, delay, rule, stream = answer(index, prepared, call, transaction, variant=variant)
    plan = plan_of(finish, delay, index.scenario.seed, stream, is_streamed=call.is_streamed)
    reads = frozenset((*transaction.reads, CHOICES))
    return Decision(plan, transaction.changes, rule, reads, tuple(transaction.delayed), variant=variant)


def _system(index: Index, state: State, call: Call, now: int) -> Decision | None:
    """Have the deployment's own queries answer, which only admins see; None where there is none of that path.

    A component has what a deployment has that is empty.
    """
    if not isinstance(call.caller, Admin):
        return None
    from emulator.engine.system.answer import answer_system  # noqa: PLC0415 - most runs are never asked for one

    scenario = index.scenario
    if call.component:
        scenario, state = replace(scenario, functions={}, tables={}, http=None), State(origins=state.origins)
    transaction = Transaction(state, now, scenario.seed)
    ending = answer_system(call, scenario, transaction)
    return None if ending is None else Decision((Finish(ending),), reads=frozenset(transaction.reads))


def decide_delayed(index: Index, state: State, delayed: Delayed, now: int) -> Decision:
    """Lay out effects whose time has come: they end with null, or with why they cannot be done."""
    transaction = Transaction(state, now, index.scenario.seed)
    finish = do_delayed(index, delayed, transaction)
    return Decision((finish,), transaction.changes, None, frozenset(transaction.reads), tuple(transaction.delayed))


def _nearest(index: Index, call: Call) -> tuple[Function, ...]:
    key = f"{call.operation} {isinstance(call.caller, Admin)}"
    found = index.nearest.get(key)
    if found is None:
        found = nearest_functions(_visible(index, call), call.operation)
        if len(index.nearest) < _MAX_REMEMBERED:
            index.nearest[key] = found
    return found


def _visible(index: Index, call: Call) -> Mapping[str, Function]:
    """Return the functions that exist for a caller: hidden ones do for admins only (contract convex §4.2)."""
    if is_http(call.operation):
        return index.scenario.http or {}
    if isinstance(call.caller, Admin):
        return index.scenario.functions
    return {name: each for name, each in index.scenario.functions.items() if not index.prepared[name].is_hidden}

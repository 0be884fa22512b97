"""The variants that every function has by itself: it never answers, it returns nothing, it fails."""

from __future__ import annotations

from emulator.engine.empty import empty_like, empty_of, empty_result
from emulator.engine.plan import Finish, Replied, Responded, Returned, Threw, Withheld
from emulator.engine.surroundings import Surroundings, UnboundNameError, UncomputableError
from emulator.model.computed import Computed
from emulator.model.constant import Constant
from emulator.model.function import ERROR, LOADING, Function
from emulator.model.gateway import CHAT
from emulator.model.http import is_http
from emulator.model.rule import Death, End, Failure, Pace, Read, Result, Rule
from emulator.values.convex import Value

MESSAGE = "Something went wrong"
_INTERNAL = Failure(500)


def built_in(variant: str, function: Function, rule: Rule | None, at: Surroundings) -> Finish:
    """Return what a call ends with; `rule` would answer it ordinarily, if any would."""
    operation = at.call.operation
    if variant == LOADING:
        return Finish(Withheld(), death=Death(End.TIMEOUT))
    if variant == ERROR:
        return Finish(_INTERNAL if operation == CHAT else Threw(MESSAGE))
    if operation == CHAT:
        return Finish(Replied((), 0, Pace()))
    if is_http(operation):
        return Finish(Responded(200, (), b""))
    return Finish(Returned(Constant(_empty(function, rule, at))))


def _empty(function: Function, rule: Rule | None, at: Surroundings) -> Value:
    """Return the empty value that fits: by the validator, else by what is returned ordinarily."""
    if function.returns is not None:
        return empty_of(function.returns)
    rules = [each for script in function.scripts for each in script.rules]
    for each in [*([rule] if rule is not None else ()), *rules]:
        match each.outcome:
            case Read(query):
                return empty_result(query)
            case Result(value):
                return _empty_like(value, at)
            case _:
                continue
    return None


def _empty_like(written: Constant | Computed, at: Surroundings) -> Value:
    try:
        return empty_like(at.value(written))
    except (UncomputableError, UnboundNameError):
        return None

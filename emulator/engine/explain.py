"""Why nothing answered: the nearest names and rules, what differed, and a rule to paste."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from emulator.engine.call import Call, Choice
from emulator.engine.index import Index
from emulator.engine.match import mismatches
from emulator.engine.overlay import Missed
from emulator.engine.plan import Finish, NearMiss, Uncomputable, Unmatched, Unscripted, WrongType
from emulator.engine.surroundings import Surroundings
from emulator.model.function import Function
from emulator.model.gateway import CHAT
from emulator.model.http import is_http, written_route
from emulator.model.logs import LogLevel, write_log_line
from emulator.model.overlay import is_on
from emulator.model.rule import Rule
from emulator.model.scenario import Scenario
from emulator.values.display import spell

_MAX_NAMES = 3
_MAX_MISSES = 3
_MAX_PASTED = 200
_LONGEST_COMPARED = 200
_MAX_REMEMBERED = 1_000


def nearest_functions(functions: Mapping[str, Function], operation: str) -> tuple[Function, ...]:
    """Return the functions whose paths look most like `operation`, best first; same export before same spelling."""
    if len(operation) > _LONGEST_COMPARED:
        return ()
    names = get_close_matches(operation, functions, n=_MAX_NAMES, cutoff=0.6)
    if not names:
        export = operation.rpartition(":")[2]
        names = [name for name in functions if name.rpartition(":")[2] == export][:_MAX_NAMES]
    return tuple(functions[name] for name in names)


def near_misses(rules: Iterable[Rule], at: Surroundings) -> tuple[NearMiss, ...]:
    """Return the rules with the fewest differences first; equals keep the order of the file."""
    misses = [NearMiss(rule, tuple(mismatches(rule, at))) for rule in rules]
    return tuple(sorted(misses, key=lambda miss: len(miss.mismatches))[:_MAX_MISSES])


def explain(ending: Unscripted | WrongType | Unmatched | Uncomputable) -> str:
    """Say in one line what the scenario lacks, and where to look."""
    match ending:
        case Unscripted(operation=operation, hidden=Function(place=place, is_internal=is_internal)):
            kind = "an internal function" if is_internal else "a system function"
            return f"{operation} ({place}) is {kind}; only callers with an admin key reach it"
        case Unscripted(operation=operation, component=component) if component:
            return (
                f"{operation} of component {component} is not scripted; components cannot be scripted in this version"
            )
        case Unscripted(operation=operation, nearest=nearest):
            if not nearest:
                return f"{operation} is not scripted, and nothing scripted looks like it"
            names = ", ".join(f"{each.path.public} ({each.place})" for each in nearest)
            return f"{operation} is not scripted; nearest: {names}"
        case WrongType(function, asked):
            assert function.type is not None
            kind = function.type.value.lower()
            return f"{function.path.public} ({function.place}) is a {kind}, called as {asked.value.lower()}"
        case Uncomputable(place, reason):
            return f"the scenario at {place} fails: {reason}"
        case Unmatched(function, misses):
            nearest_rule = misses[0]
            reasons = "; ".join(map(str, nearest_rule.mismatches))
            return f"no rule of {function.path.public} matches; nearest: {nearest_rule.rule.place}, where {reasons}"


def unanswered(ending: Unscripted | WrongType | Unmatched, call: Call, scenario: Scenario) -> Finish:
    """Return the end of a call that nothing answers: developers read why in their client's console, others do not."""
    is_function = call.operation != CHAT and not is_http(call.operation)
    if scenario.deployment.redacts or not is_function:
        return Finish(ending)
    return Finish(ending, (write_log_line(LogLevel.WARN, [explain(ending)]),))


def explain_choice(choice: Choice, index: Index) -> str | None:
    """Say in one line why a choice of a variant chooses nothing; None where it does."""
    if choice not in index.doubts and len(index.doubts) < _MAX_REMEMBERED:
        index.doubts[choice] = _doubt(choice, index)
    return index.doubts.get(choice)


def _doubt(choice: Choice, index: Index) -> str | None:
    operation, variant, _ = choice
    if not operation or not variant:
        return f"{operation or variant!r} chooses no variant: write messages:list=empty"
    known = {name: each.function for name, each in index.prepared.items()}
    concerned = [each for name, each in known.items() if is_on((operation,), name)]
    if not concerned:
        near = get_close_matches(operation[:_LONGEST_COMPARED], known, n=_MAX_NAMES)
        nearest = f"; nearest: {', '.join(near)}" if near else ""
        return f"{operation}={variant} chooses nothing: {operation} is not scripted{nearest}"
    variants = dict.fromkeys(name for each in concerned for name in each.variant_names)
    if variant in variants:
        return None
    close = get_close_matches(variant, variants, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{operation} has no variant {variant!r}, only {', '.join(variants)}{hint}"


def explain_missed(missed: Missed, operation: str) -> str:
    """Say in one line what a fault that was due could not do."""
    return f"the fault {missed.fault} was due for {operation} and is not all done: {missed.why}"


def rule_to_paste(call: Call) -> str:
    """Return the YAML that would answer this call, for the developer to paste and fill in."""
    if is_http(call.operation):
        return f"http:\n  {written_route(call.operation)}:\n    body: hello"
    lines = ["functions:", f"  {call.operation}:"]
    if call.type:
        lines.append(f"    type: {call.type.value.lower()}")
    args = spell(dict(call.args))
    if call.args and len(args) <= _MAX_PASTED:
        lines.append(f"    when: {{args: {args}}}")
    return "\n".join([*lines, "    result: null"])

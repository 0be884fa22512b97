"""What is legal but doubtful in a scenario: warnings, which keep nothing from being used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from emulator.model.constant import Constant
from emulator.model.effect import Log
from emulator.model.function import FirstMatch, Function, FunctionType, Sequence
from emulator.model.pattern import Equals, Fields
from emulator.model.place import Place
from emulator.model.rule import Condition, Result, Rule
from emulator.model.scenario import Scenario
from emulator.scenario.problem import Problem, Severity
from emulator.scenario.tree import Mapping
from emulator.scenario.uses import Kind, Use
from emulator.values.ids import FIRST_USER_TABLE
from emulator.values.validators.check import fault_of
from emulator.values.validators.coerce import coerced
from emulator.values.validators.types import ObjectOf

_UNUSED = {Kind.TABLE: ("unused-table", "the table"), Kind.CONSTANT: ("unused-var", "the constant")}
_UNUSED_STATE = ("unused-state", "the state variable")


def lint(scenario: Scenario, tree: Mapping, uses: Iterable[Use]) -> Iterator[Problem]:
    """Yield what the author of a scenario may not have meant; `uses` are all names that parts use of others."""
    for function in (*scenario.functions.values(), *(scenario.http or {}).values()):
        yield from _doubts_about(function, scenario)
    used = {(use.kind, use.name) for use in uses}
    for kind, (slug, what) in {**_UNUSED, Kind.VARIABLE: _UNUSED_STATE}.items():
        nodes = tree.get(kind.value)
        for entry in nodes.entries() if isinstance(nodes, Mapping) and (kind, None) not in used else ():
            if (kind, entry.key) not in used:
                yield _warning(entry.key_place, slug, f"nothing uses {what} {entry.key!r}", "remove it, or use it")


def shadowed(winner: Mapping, part: Mapping, place: Place) -> Problem | None:
    """Return a warning when a part gives nothing that the files before it did not; `place` is that of the include."""
    if _adds(winner, part):
        return None
    message = "everything in this part is said otherwise by the files that include it"
    return _warning(place, "shadowed-include", message, "remove the include")


def _doubts_about(function: Function, scenario: Scenario) -> Iterator[Problem]:
    scripts = (function.script, *(each.script for each in function.variants))
    for script in scripts:
        match script:
            case FirstMatch(rules):
                yield from _unreachable(rules)
            case Sequence(rules):
                if len(rules) == 1:
                    message = f"the sequence of {function.path.public} has one entry, which every call gets"
                    yield _warning(rules[0].place, "short-sequence", message, "write it without sequence")
    for rule in (each for script in scripts for each in script.rules):
        if function.type is FunctionType.QUERY and any(not isinstance(each, Log) for each in rule.effects):
            message = f"{function.path.public} is a query, and a query cannot write"
            yield _warning(rule.place, "query-writes", message, "make it a mutation, or remove do")
        yield from _misfits(function, rule, scenario)


def _unreachable(rules: tuple[Rule, ...]) -> Iterator[Problem]:
    """Tell of rules behind one that always answers, or that asks the same; what draws is no such rule."""
    first: dict[str, Rule] = {}
    always: Rule | None = None
    for number, rule in enumerate(rules, 1):
        words = repr(rule.when)
        before = always or first.get(words)
        if before is not None:
            message = f"rule {number} is never reached: the one at {before.place} answers before it"
            yield _warning(rule.place, "unreachable-rule", message, "move it up, or give the other a when")
        when = rule.when
        if when is None:
            always = always or rule
        elif when.chance is None and when.test is None:
            first.setdefault(words, rule)


def _misfits(function: Function, rule: Rule, scenario: Scenario) -> Iterator[Problem]:
    if isinstance(function.args, ObjectOf) and rule.when is not None:
        known = {name for name, _ in function.args.fields}
        for name in _asked(rule.when):
            if name not in known:
                message = f"when asks for the argument {name!r}, which args does not have: the rule never answers"
                yield _warning(rule.place, "impossible-condition", message, f"add {name} to args")
    outcome = rule.outcome
    if function.returns is not None and isinstance(outcome, Result) and isinstance(outcome.value, Constant):
        numbers = {FIRST_USER_TABLE + place: name for place, name in enumerate(scenario.tables)}
        value = coerced(function.returns, outcome.value.value)
        fault = fault_of(function.returns, value, numbers.get)
        if fault is not None:
            told = " ".join(line for line in fault.splitlines() if line)
            message = f"the result of {function.path.public} is not what returns says: {told}"
            yield _warning(rule.place, "result-mismatch", message, "change one of the two")


def _asked(when: Condition) -> Iterator[str]:
    """Yield the arguments that have to be there."""
    for name, pattern in when.args.fields if isinstance(when.args, Fields) else ():
        if isinstance(pattern, Equals):
            yield name


def _adds(winner: Mapping, part: Mapping) -> bool:
    for key, value in part.items():
        if key == "include":
            continue
        mine = winner.get(key)
        if key not in winner or (isinstance(value, list) and value):
            return True
        if isinstance(value, Mapping) and isinstance(mine, Mapping) and _adds(mine, value):
            return True
    return False


def _warning(place: Place, slug: str, message: str, hint: str) -> Problem:
    return Problem(place, slug, message, hint=hint, severity=Severity.WARNING)

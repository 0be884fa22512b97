"""Problems: what is wrong in a scenario file, where, what was expected, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum

from emulator.model.place import Place

SLUGS: dict[str, str] = {
    "alias-bomb": "Aliases that repeat so much content that the file would grow out of all measure.",
    "alias-cycle": "An alias that stands inside the very node it names.",
    "bad-admin-key": "An admin key that does not have the form name|secret.",
    "bad-condition": "A part of `when` that asks for nothing that could be.",
    "bad-delay": "A delay whose bounds are the wrong way round.",
    "bad-document": "A first document that its table does not take.",
    "bad-duration": "A text that is no duration such as 250ms, 3s or 1m30s.",
    "bad-effect": "An entry of `do` that says nothing, or two things at once.",
    "bad-expression": "A text between ${ and } that is no expression.",
    "bad-failure": "A failure with a status that is no HTTP error.",
    "bad-function-name": "A key of `functions` that is no function path.",
    "bad-header": "A header that an answer cannot have.",
    "bad-id": "A key that cannot be the id of an agent, a channel, a job or a variant.",
    "bad-instant": "A text that is no moment in ISO 8601.",
    "bad-regex": "A text that is no regular expression.",
    "bad-route": "A key of `http` that is no method and path.",
    "bad-schedule": "A text that is no cron schedule, or a time zone that is none.",
    "bad-seed": "First documents that cannot be computed, or that their table does not take.",
    "bad-session-key": "A key of `gateway: sessions` that is no session key.",
    "bad-spec": "A function spec that is none: no list of functions, or one of them is not as it should be.",
    "bad-table-name": "A key of `tables` that cannot name a table.",
    "bad-validator": "A type of a field that is none.",
    "bad-value": "A value that Convex cannot hold.",
    "bad-variable": "An environment variable that a deployment would refuse.",
    "duplicate-function": "Two keys of `functions` that spell the same function.",
    "duplicate-key": "A key that stands twice in one mapping.",
    "duplicate-name": "Two faults, or two limits, with the same name.",
    "duplicate-scenario": "Two files that give scenarios of the same name.",
    "duplicate-token": "Two identities with the same token.",
    "empty-file": "A file with nothing in it.",
    "empty-folder": "A folder without a scenario file.",
    "empty-list": "A list that needs at least one entry.",
    "file-too-large": "A file over the size cap.",
    "impossible-condition": "A `when` that asks for an argument which `args` does not have (warning).",
    "include-cycle": "A file that includes itself, perhaps by way of others.",
    "include-escape": "An include that leads outside the scenario folder.",
    "include-missing": "An include of a file that is not there.",
    "missing-key": "A mapping without a key that it needs.",
    "no-outcome": "A rule that says neither what it returns nor how it fails.",
    "not-utf8": "A file that is not text in UTF-8.",
    "outcome-conflict": "Keys that contradict each other.",
    "query-writes": "A query with effects (warning).",
    "result-mismatch": "A result that is not what `returns` says (warning).",
    "shadowed-include": "An include whose every word is said otherwise by the files that take it in (warning).",
    "short-sequence": "A sequence of one entry (warning).",
    "spec-drift": "Something that a scenario says otherwise than a deployment's function spec, for `check --spec`.",
    "table-order": "First documents made of a table that comes later.",
    "taken-name": "A name bound with `as` that means something already.",
    "too-deep": "Content nested deeper than anything needs.",
    "unknown-channel": "A channel that the gateway does not have.",
    "unknown-choice": "A word that is not one of those allowed.",
    "unknown-fault": "A fault that the scenario does not have.",
    "unknown-function": "A call of a function that the scenario does not have.",
    "unknown-identity": "The name of an identity that the scenario does not have.",
    "unknown-key": "A key that means nothing where it stands.",
    "unknown-locale": "A locale that fake data does not come in.",
    "unknown-operation": "A fault or a limit on something that the scenario does not have.",
    "unknown-operator": "A key in a condition that starts with $ and is no operator.",
    "unknown-state": "A state variable that the scenario does not have.",
    "unknown-table": "A table that the scenario does not have.",
    "unknown-var": "A constant that the scenario does not have.",
    "unreachable-rule": "A rule that another one before it keeps from answering (warning).",
    "unreadable": "A path that cannot be read.",
    "unsupported": "An expression where only constants can stand.",
    "unused-state": "A state variable that nothing uses (warning).",
    "unused-table": "A table that nothing uses (warning).",
    "unused-var": "A constant that nothing uses (warning).",
    "wrong-type": "A value of the wrong kind: a text where a list belongs, and the like.",
    "yaml-document": "More than one YAML document in a file.",
    "yaml-key": "A key that is not a plain text.",
    "yaml-merge": "A merge key, <<, which YAML 1.2 does not have.",
    "yaml-syntax": "Text that is not YAML.",
    "yaml-tag": "A YAML tag that scenario files do not use.",
}


class Severity(Enum):
    """Whether a problem keeps a scenario from being used."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault; `slug` is its stable name, a key of SLUGS."""

    place: Place
    slug: str
    message: str
    expected: str | None = None
    hint: str | None = None
    severity: Severity = Severity.ERROR


class NotLinkedError(Exception):
    """What was to be added to a scenario is not sound; `problems` say what is wrong, where, and what to do."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Carry the problems."""
        self.problems = sorted_problems(problems)
        super().__init__("\n".join(map(_told, self.problems)))


def sorted_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return each problem once, in the order of files and lines."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda each: (each.place, each.slug, each.message)))


def _told(problem: Problem) -> str:
    more = "; ".join(filter(None, (problem.expected and f"expected {problem.expected}", problem.hint)))
    return f"{problem.place}: {problem.message}{f' ({more})' if more else ''}"


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return a hint that names the known word most like `word`, None when none is alike."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else None

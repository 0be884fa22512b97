"""What developers are told of calls and steps that come to nothing."""

from __future__ import annotations

import logging

from emulator.engine.call import Call
from emulator.engine.explain import explain, explain_choice, explain_missed, rule_to_paste
from emulator.engine.index import Decision, Index
from emulator.engine.plan import (
    Ending,
    Finish,
    Passed,
    Rejected,
    Replied,
    Responded,
    Returned,
    Threw,
    Uncomputable,
    Unmatched,
    Unscripted,
    WrongType,
)
from emulator.model.place import Place

_MAX_VOICED = 1_000
_MAX_TEXT = 1_000
_ANSWERED = frozenset({Returned, Replied, Responded, Passed})

logger = logging.getLogger(__name__)


class Complaints:
    """Says why calls were not answered; each text once, for polling clients would repeat it for ever."""

    def __init__(self) -> None:
        """Begin with nothing said."""
        self._voiced: set[str] = set()

    def forget(self) -> None:
        """Say everything again."""
        self._voiced.clear()

    def explain(self, call: Call, decision: Decision, index: Index) -> str | None:
        """Return why nothing answered, or what faults or choices could not do, and log it; None for nothing to say."""
        ending = _finish(decision).ending
        if type(ending) in _ANSWERED and not decision.admission.missed and not call.uses:
            return None
        reasons = [explain_missed(each, call.operation) for each in decision.admission.missed]
        if isinstance(ending, Unscripted | WrongType | Unmatched | Uncomputable):
            reasons.insert(0, explain(ending))
        reasons += filter(None, (explain_choice(each, index) for each in call.uses))
        if not reasons:
            return None
        text = "; ".join(reasons)[:_MAX_TEXT]
        if text not in self._voiced and len(self._voiced) < _MAX_VOICED:
            self._voiced.add(text)
            is_missing = isinstance(ending, Unscripted) and ending.hidden is None and not ending.component
            needs_rule = is_missing or (isinstance(ending, Unmatched) and decision.rule is None)
            paste = f"\nto answer it:\n{rule_to_paste(call)}" if needs_rule else ""
            logger.warning("%s%s", text, paste)
        return text


def tell_of_step(place: Place, decision: Decision) -> None:
    """Log what a step said for which nobody waits, and why it came to nothing if it did."""
    finish = _finish(decision)
    for line in finish.logs:
        logger.info("%s", line)
    if isinstance(finish.ending, Uncomputable):
        logger.warning("%s", explain(finish.ending))
    elif not isinstance(finish.ending, Returned):
        logger.warning("the step at %s comes to nothing: %s", place, _reason(finish.ending))


def _finish(decision: Decision) -> Finish:
    last = decision.plan[-1]
    assert isinstance(last, Finish)
    return last


def _reason(ending: Ending) -> str:
    """Say why effects that nobody waits for came to nothing: a function that they call did not return."""
    match ending:
        case Unscripted() | WrongType() | Unmatched() | Uncomputable():
            return explain(ending)
        case Threw(message, _, name):
            return f"Uncaught {name}: {message}"
        case Rejected(message):
            return message
        case _:
            return "a function that it calls fails"

"""Rules added for now: listed, added and taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module

from emulator.reload.additions import Additions, TooManyAddedError
from emulator.scenario.problem import NotLinkedError
from emulator.surfaces.control import bodies
from emulator.surfaces.control.answers import AddedAt, Done, Rules
from emulator.surfaces.control.asked import Asked
from emulator.surfaces.control.failures import ControlError, bad_request, conflict, not_found
from emulator.surfaces.control.rows import PlacedProblem
from emulator.surfaces.control.views import addition_row, problem_row


class RulesEndpoints:
    """What is laid over the rules of the files."""

    def __init__(self, additions: Callable[[], Additions]) -> None:
        """Add to what `additions` gives."""
        self._get = additions

    async def rules(self, _asked: Asked) -> Rules:
        """List what was added, the newest first, which is asked first."""
        return {"rules": [addition_row(each) for each in self._get()]}

    async def add_rule(self, asked: Asked) -> AddedAt:
        """Have a rule, `rules` or a `sequence` asked before all others of an operation, until it is taken back."""
        form = bodies.read_body(bodies.AddedRule, asked.body)
        await asyncio.to_thread(import_module, "emulator.scenario.link_added")
        try:
            number = self._get().add(form.operation, form.model_extra or {})
        except NotLinkedError as error:
            raise _refused(error) from error
        except TooManyAddedError as error:
            raise conflict("too_many", str(error), "DELETE /__emulator/rules takes them back") from error
        added = self._get().find(number)
        assert added is not None
        return {"id": number, "place": str(added.place)}

    async def remove_rule(self, asked: Asked) -> Done:
        """Take back what was added under an id."""
        text = asked.parameters["id"]
        known = {str(each.id): each.id for each in self._get()}
        if text not in known:
            raise not_found(f"nothing is added under the id {text}", "GET /__emulator/rules lists what is")
        self._get().remove(known[text])
        return {"ok": True}

    async def clear_rules(self, _asked: Asked) -> Done:
        """Take back everything that was added."""
        self._get().clear()
        return {"ok": True}


def _refused(error: NotLinkedError) -> ControlError:
    first, more = error.problems[0], len(error.problems) - 1
    told = bad_request(f"{first.place}: {first.message}{f' (and {more} more)' if more else ''}", first.hint)
    rows: tuple[PlacedProblem, ...] = tuple({"place": str(each.place), **problem_row(each)} for each in error.problems)
    return ControlError(told.status, "has_problems", told.message, told.hint, problems=rows)

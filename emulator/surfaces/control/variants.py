"""Variants: which there are, and which of them are chosen."""

from __future__ import annotations

from emulator.engine.call import Choice
from emulator.engine.explain import explain_choice
from emulator.engine.transaction import EffectError
from emulator.engine.variants import choices_of, choose, public_path, unchoose
from emulator.runtime.emulator import Emulator
from emulator.scenario.problem import did_you_mean
from emulator.surfaces.control import bodies
from emulator.surfaces.control.answers import Choices, Variants
from emulator.surfaces.control.asked import Asked
from emulator.surfaces.control.failures import conflict, not_found
from emulator.surfaces.control.rows import ChoiceRow, VariantsRow


class VariantsEndpoints:
    """Which variants answer."""

    def __init__(self, emulator: Emulator) -> None:
        """Choose for `emulator`."""
        self._emulator = emulator

    async def variants(self, _asked: Asked) -> Variants:
        """List the variants of all operations, and what is chosen, the newest last."""
        prepared = self._emulator.revision.index.prepared
        rows: list[VariantsRow] = [
            {"operation": name, "variants": [*each.function.variant_names]} for name, each in prepared.items()
        ]
        chosen = choices_of(self._emulator.reading())
        return {"variants": rows, "chosen": [choice_row(each) for each in chosen]}

    async def choose_variant(self, asked: Asked) -> ChoiceRow:
        """Have a variant answer an operation, in which `*` is any text: for everybody, or for one identity."""
        form = bodies.read_body(bodies.ChosenVariant, asked.body)
        choice = Choice(public_path(form.operation), form.variant, form.identity)
        self._check_identity(form.identity)
        doubt = explain_choice(choice._replace(identity=None), self._emulator.revision.index)
        if doubt is not None:
            raise not_found(doubt, "GET /__emulator/variants lists what there is")
        try:
            self._emulator.transact(lambda transaction: choose(transaction, choice))
        except EffectError as error:
            raise conflict("too_many", str(error), "DELETE /__emulator/variants chooses none any more") from error
        return choice_row(choice)

    async def unchoose_variants(self, asked: Asked) -> Choices:
        """Choose nothing any more: for an `operation`, for an `identity`, or, without either, at all."""
        operation, identity = asked.query.get("operation"), asked.query.get("identity")
        self._check_identity(identity)
        spelled = None if operation is None else public_path(operation)
        self._emulator.transact(lambda transaction: unchoose(transaction, spelled, identity))
        return {"chosen": [choice_row(each) for each in choices_of(self._emulator.reading())]}

    def _check_identity(self, name: str | None) -> None:
        known = [each.name for each in self._emulator.revision.scenario.identities or ()]
        if name is not None and name not in known:
            raise not_found(f"there is no identity {name!r}", did_you_mean(name, known))


def choice_row(choice: Choice) -> ChoiceRow:
    """Write what is chosen; without an identity it is chosen for everybody."""
    return {"operation": choice.operation, "variant": choice.variant, "identity": choice.identity}

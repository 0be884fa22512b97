"""What functions throw: `error` of the written form."""

from __future__ import annotations

from emulator.model.computed import Computed
from emulator.model.place import Place
from emulator.model.rule import Thrown
from emulator.scenario.link_values import ValueReader
from emulator.scenario.tree import Mapping, Tree
from emulator.scenario.written import ErrorForm, ThrownForm


def link_error(error: ThrownForm | None, tree: Mapping, values: ValueReader) -> Thrown | None:
    """Return what the key `error` of `tree` writes; None where that was noted as a problem."""
    node, place = tree["error"], tree.value_place("error")
    if not isinstance(error, ErrorForm):
        return Thrown(_message(node, place, values))
    assert isinstance(node, Mapping)
    text = _message(node["message"], node.value_place("message"), values) if error.message is not None else None
    if "data" not in error.model_fields_set:
        if text is None:
            values.note(place, "missing-key", "error has neither message nor data", "message or data")
            return None
        return Thrown(text, name=error.name or "Error")
    if error.name is not None:
        hint = "remove name, or data"
        values.note(node.key_place("name"), "outcome-conflict", "an error with data is a ConvexError", hint=hint)
    return Thrown(text, values.written(node["data"], node.value_place("data")), "ConvexError")


def _message(node: Tree, place: Place, values: ValueReader) -> str | Computed:
    written = values.written(node, place)
    return written if isinstance(written, Computed) else str(written.value)

"""Function paths: the spellings of one function, and what is wrong with a bad one (contract convex §4.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emulator.values.convex import MAX_IDENTIFIER_LENGTH, InvalidValueError, check_identifier

_COMPONENT = re.compile(r"[A-Za-z0-9_.]+")
_MAX_PATH_LENGTH = 4096
_MAX_SHOWN = 100


class InvalidPathError(ValueError):
    """A text that names no function; its text is the service's own sentence."""


@dataclass(frozen=True, slots=True)
class FunctionPath:
    """One function: its module without ``.js``, and the name of the export."""

    module: str
    export: str

    @property
    def public(self) -> str:
        """The spelling people use: no ``.js``, no ``:default``."""
        return self.module if self.export == "default" else f"{self.module}:{self.export}"

    @property
    def canonical(self) -> str:
        """The spelling of error texts: ``messages.js:list``."""
        return f"{self.module}.js:{self.export}"

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every spelling that means this function."""
        full = (f"{self.module}:{self.export}", self.canonical)
        return (*full, self.module, f"{self.module}.js") if self.export == "default" else full


def parse_path(text: str) -> FunctionPath:
    """Read a function path in any spelling; raise InvalidPathError with the service's reason."""
    if len(text) > _MAX_PATH_LENGTH:
        shown = f"{text[:_MAX_SHOWN]}..."
        raise InvalidPathError(f"{shown} is not a valid path to a Convex function. The path is too long.")
    module, colon, export = text.rpartition(":") if ":" in text else (text, "", "default")
    reason = _module_fault(module) or (_export_fault(export) if colon else None)
    if reason:
        raise InvalidPathError(f"{text} is not a valid path to a Convex function. {reason}")
    return FunctionPath(module.removesuffix(".js"), export)


def _module_fault(module: str) -> str | None:
    if module.startswith("/"):
        return "Module paths must be relative to the functions directory."
    if not module:
        return "Module path is empty."
    folders, _, name = module.rpartition("/")
    for component in folders.split("/") if folders else ():
        if fault := _component_fault(component):
            return fault
    if fault := _component_fault(name, "" if "." in name else ".js"):
        return fault
    _, dot, extension = name.rpartition(".")
    if dot and extension != "js":
        return f"Module path ({module}) has an extension that isn't 'js'."
    if name == ".js":
        return "Module path has no name before its extension."
    return None


def _component_fault(component: str, extension: str = "") -> str | None:
    """Return what is wrong with a part of a path; `extension` is what the service adds to it when it says so."""
    if not component:
        return "Path component is empty."
    if len(component) > MAX_IDENTIFIER_LENGTH:
        size = f"{len(component)} > maximum {MAX_IDENTIFIER_LENGTH}"
        return f"Path component is too long ({size}): {component[:20]}..."
    if not _COMPONENT.fullmatch(component):
        return (
            f"Path component {component}{extension} can only contain alphanumeric characters, underscores, or periods."
        )
    if component in {".", ".."} or not any(c.isalnum() for c in component):
        return f"Path component {component} must contain an alphanumeric character."
    return None


def _export_fault(export: str) -> str | None:
    try:
        check_identifier(export, "Function name")
    except InvalidValueError as error:
        return f"{error}."
    return None

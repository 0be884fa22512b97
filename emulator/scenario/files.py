"""Which files are scenarios, and which they include."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from emulator.model.place import Place
from emulator.scenario.problem import Problem, did_you_mean
from emulator.scenario.source import shown_path, unreadable

SUFFIXES = (".yaml", ".yml")
SPEC_SUFFIXES = (".json",)
_MAX_FOLDERS = 1_000
_MAX_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Found:
    """A scenario file, the name it gives its scenario, and the folder its includes may not leave."""

    name: str
    path: Path
    root: Path


def find_scenarios(paths: Iterable[Path]) -> tuple[list[Found], list[Problem]]:
    """Return the scenario files that `paths`, files and folders, stand for."""
    found: list[Found] = []
    problems: list[Problem] = []
    for path in paths:
        absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow a symbolic link's own folder
        try:
            is_folder = absolute.is_dir()
            inside = sorted(each for each in absolute.iterdir() if _is_scenario(each)) if is_folder else []
        except OSError as error:
            problems.append(unreadable(absolute, error))
            continue
        if is_folder:
            found += [Found(each.stem, each, absolute) for each in inside]
            if not inside:
                hint = "add a file such as default.yaml; files that start with _ and subfolders hold parts"
                message = f"there is no scenario in {shown_path(absolute)}"
                problems.append(Problem(Place(shown_path(absolute), 0, 0), "empty-folder", message, hint=hint))
        else:
            found.append(Found(absolute.stem, absolute, absolute.parent))
    return found, [*problems, *_same_names(found)]


def find_folders(root: Path) -> Iterator[Path]:
    """Return a folder and those below it, hidden ones aside, in a steady order; a vast tree not to its end."""
    for count, (folder, folders, _) in enumerate(os.walk(root)):
        if count == _MAX_FOLDERS:
            return
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        yield Path(folder)


def find_files(root: Path, suffixes: tuple[str, ...] = SUFFIXES) -> Iterator[Path]:
    """Return the files of some kind below a folder, parts included, in a steady order."""
    for folder in find_folders(root):
        yield from sorted(each for each in folder.iterdir() if each.suffix in suffixes)


def resolve_include(
    include: str, including: Path, root: Path, place: Place, suffixes: tuple[str, ...] = SUFFIXES
) -> Path | Problem:
    """Return the file that an include names, or what is wrong with the name."""
    path = Path(os.path.normpath(including.parent / include))
    try:
        inside = path.is_relative_to(root) and path.resolve().is_relative_to(root.resolve())
        found = path.is_file() and path.suffix in suffixes
    except (OSError, ValueError, RuntimeError):  # too long, with a null character, a circle of links
        inside, found = True, False
    if Path(include).is_absolute() or not inside:
        message = f"{include} lies outside {shown_path(root)}"
        return Problem(place, "include-escape", message, "a relative path inside the scenario folder")
    if not found:
        names = [os.path.relpath(each, including.parent) for each in find_files(root, suffixes) if each != including]
        message = f"there is no file {include[:_MAX_SHOWN]}"
        expected = f"a {' or '.join(suffixes)} file, named relative to this one"
        return Problem(place, "include-missing", message, expected, did_you_mean(include, names))
    return path


def _is_scenario(path: Path) -> bool:
    return path.suffix in SUFFIXES and not path.name.startswith(("_", ".")) and path.is_file()


def _same_names(found: list[Found]) -> Iterator[Problem]:
    first: dict[str, Found] = {}
    for each in found:
        other = first.setdefault(each.name, each)
        if other is not each and other.path != each.path:
            message = f"a second scenario is called {each.name!r}; the first is {shown_path(other.path)}"
            yield Problem(Place(shown_path(each.path), 0, 0), "duplicate-scenario", message, hint="rename one file")

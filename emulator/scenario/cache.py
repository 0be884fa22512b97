"""A cache of whole loads across processes: the second start reads no YAML.

An entry is used only when the same files have the same content and the same code would read them. It holds pickled
records of our own; the folder is the user's alone, and nothing but our own classes is taken out of an entry.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import sys
import tempfile
from pathlib import Path
from typing import Any

import emulator
from emulator.scenario.files import find_scenarios
from emulator.scenario.load import Loaded, Loader
from emulator.scenario.source import digest_of, read_file

MAX_ENTRIES = 32
_OFF = "off"
_ALLOWED = {("pathlib", "PosixPath"), ("pathlib", "WindowsPath"), ("pathlib._local", "PosixPath"), ("re", "_compile")}
_OURS = ("emulator.model.", "emulator.values.", "emulator.expressions.", "emulator.scenario.load")
_PACKAGES = ("model", "values", "expressions", "scenario")


def load_cached(loader: Loader) -> Loaded:
    """Load, from the cache when it is still true; what could be loaded without a problem is kept for next time."""
    folder = cache_folder()
    if folder is None:
        return loader.load()
    path = folder / f"{_key(loader)}.pickle"
    cached = _read(path, loader)
    if cached is not None:
        return cached
    loaded = loader.load()
    if not loaded.problems:
        _write(path, loaded)
    return loaded


class _OurRecords(pickle.Unpickler):
    """Refuses every class that is no record of ours, whatever somebody may have put into the file."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - as in the library
        if (module, name) in _ALLOWED:
            return super().find_class(module, name)
        if module.startswith(_OURS) and name.isidentifier():
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} has no place in the cache")


def cache_folder() -> Path | None:
    """Return the user's folder for what is kept across processes; None where it is switched off or has no place."""
    setting = os.environ.get("EMULATOR_CACHE")
    if setting == _OFF:
        return None
    if setting:
        return Path(setting)
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(base) / "convex-openclaw-emulator" if base else Path.home() / ".cache" / "convex-openclaw-emulator"
    except RuntimeError:  # there is no home
        return None


def _key(loader: Loader) -> str:
    """Name what a load depends on besides the files: where it is done, by which code, with which seed."""
    package = Path(emulator.__file__).parent
    code = [
        f"{each.name}{each.stat().st_mtime_ns}" for name in _PACKAGES for each in sorted((package / name).rglob("*.py"))
    ]
    paths = [str(path.absolute()) for path in loader.paths]
    whole = "\0".join([emulator.__version__, sys.version, str(Path.cwd()), str(loader.seed), *paths, *code])
    return hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()


def _read(path: Path, loader: Loader) -> Loaded | None:
    try:
        loaded = _OurRecords(io.BytesIO(path.read_bytes())).load()
    except Exception:  # noqa: BLE001 - a cache that cannot be read is no cache, whatever the reason
        return None
    return loaded if isinstance(loaded, Loaded) and is_current(loaded, loader) else None


def is_current(loaded: Loaded, loader: Loader) -> bool:
    """Whether the files are what they were when they were loaded; one that could not be read may be by now."""
    found, problems = find_scenarios(loader.paths)
    if problems or [each.name for each in found] != list(loaded.scenarios):
        return False
    for file, digest in loaded.files.items():
        data = read_file(file)
        if not isinstance(data, bytes) or digest_of(data) != digest:
            return False
    return True


def _write(path: Path, loaded: Loaded) -> None:
    """Write an entry whole or not at all; a cache that cannot be written is not missed."""
    entry = Loaded(loaded.scenarios, loaded.problems, loaded.problems_of, loaded.files)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(pickle.dumps(entry, protocol=pickle.HIGHEST_PROTOCOL))
        Path(file.name).replace(path)
        for old in sorted(path.parent.glob("*.pickle"), key=lambda each: -each.stat().st_mtime)[MAX_ENTRIES:]:
            old.unlink(missing_ok=True)
    except OSError:
        return

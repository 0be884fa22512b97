"""Loading: paths in, every scenario or every problem out; what did not change is not read again."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence as AnySequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from emulator.scenario.files import SPEC_SUFFIXES, Found, find_scenarios, resolve_include
from emulator.scenario.problem import Problem, Severity, sorted_problems
from emulator.scenario.source import Source, decode_text, digest_of, read_file, shown_path
from emulator.scenario.tree import SPEC, Sequence, kind_of

if TYPE_CHECKING:
    from emulator.model.place import Place
    from emulator.model.scenario import Scenario
    from emulator.scenario.link import Linker
    from emulator.scenario.tree import Mapping


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load gave.

    `scenarios` has None for each scenario with errors, `problems` are those of all, sorted, and `problems_of` those
    of each. `files` are the digests of all files read: equal files mean an equal load.
    """

    scenarios: AnyMapping[str, Scenario | None]
    problems: tuple[Problem, ...]
    problems_of: AnyMapping[str, tuple[Problem, ...]]
    files: AnyMapping[Path, str]
    sources: AnyMapping[str, Source] = field(default_factory=dict, compare=False, repr=False)

    @property
    def has_errors(self) -> bool:
        """Whether anything is wrong that keeps a scenario from being used."""
        return any(each.severity is Severity.ERROR for each in self.problems)


class _Read(NamedTuple):
    """One file as it was read; the tree is None when it could not be."""

    digest: str
    source: Source | None
    tree: Mapping | None
    problems: list[Problem]


class _Gathered(NamedTuple):
    """What a scenario file takes in: trees, the strongest first, and what is wrong with them.

    Each has the place of its include; a function spec, which nobody wrote, has none.
    """

    parts: list[tuple[Mapping, Place | None]]
    problems: list[Problem]


class Loader:
    """Loads the same paths again and again; a file or a function that stayed the same costs nothing."""

    def __init__(
        self,
        paths: AnySequence[Path],
        seed: int | None = None,
        *,
        lints: bool = False,
        texts: AnyMapping[Path, bytes] = {},
    ) -> None:
        """Load `paths`, files and folders; `seed` overrides the seed of every scenario.

        With `lints` what is doubtful is told as well, as warnings. What `texts` has stands for the content of files.
        """
        self._lints = lints
        self._texts = texts
        self.paths = tuple(paths)
        self.seed = seed
        self._before: dict[Path, _Read] = {}
        self._now: dict[Path, _Read] = {}
        self._linker: Linker | None = None

    def load(self) -> Loaded:
        """Read, link and check everything; never raises for anything that a file can hold."""
        from emulator.scenario.link import Linker  # noqa: PLC0415 - pydantic is 80 ms that a cached start saves

        linker = self._linker = self._linker or Linker(lints=self._lints)
        self._now = {}
        found, problems = find_scenarios(self.paths)
        scenarios: dict[str, Scenario | None] = {}
        problems_of: dict[str, tuple[Problem, ...]] = {}
        for each in found:
            tree, own = self._assemble(each)
            scenario = None
            if tree is not None:
                scenario, more = linker.link(each.name, tree, self.seed)
                own += more
            broken = any(problem.severity is Severity.ERROR for problem in own)
            scenarios[each.name] = None if broken else scenario
            problems_of[each.name] = sorted_problems(own)
            problems += own
        linker.forget_unused()
        reads, self._before, self._now = self._now, self._now, {}
        sources = {read.source.file: read.source for read in reads.values() if read.source}
        files = {path: read.digest for path, read in reads.items()}
        return Loaded(scenarios, sorted_problems(problems), problems_of, files, sources)

    def _assemble(self, found: Found) -> tuple[Mapping | None, list[Problem]]:
        """Read a file and all that it includes into one tree; what is nearer to the file itself is stronger."""
        from emulator.scenario.lint import shadowed  # noqa: PLC0415 - as above
        from emulator.scenario.merge import merge  # noqa: PLC0415 - as above

        root = self._read(found.path)
        gathered = _Gathered([], list(root.problems))
        tree = root.tree
        if tree is not None:
            self._gather((found.path,), tree, found.root, gathered)
            for part, place in gathered.parts:
                if self._lints and place and (doubt := shadowed(tree, part, place)):
                    gathered.problems.append(doubt)
                tree = merge(tree, part)
        return tree, gathered.problems

    def _gather(self, chain: tuple[Path, ...], tree: Mapping, root: Path, gathered: _Gathered) -> None:
        """Gather the trees of everything that the last of `chain` includes, depth first, each file once."""
        for name, place in _includes_of(tree, gathered.problems if len(chain) > 1 else []):
            part = resolve_include(name, chain[-1], root, place)
            if isinstance(part, Problem):
                gathered.problems.append(part)
            elif part in chain:
                shown = " → ".join(shown_path(each) for each in (*chain[chain.index(part) :], part))
                problem = Problem(place, "include-cycle", f"{shown} is a circle", hint="remove this include")
                gathered.problems.append(problem)
            else:
                read = self._read(part)
                gathered.problems.extend(read.problems)
                if read.tree is not None and all(each is not read.tree for each, _ in gathered.parts):
                    gathered.parts.append((read.tree, place))
                    self._gather((*chain, part), read.tree, root, gathered)
        self._gather_spec(chain[-1], tree, root, gathered)

    def _gather_spec(self, file: Path, tree: Mapping, root: Path, gathered: _Gathered) -> None:
        """Gather the function spec that a file names."""
        functions = tree.get("functions")
        if not isinstance(functions, dict) or SPEC not in functions:
            return
        name, place = functions[SPEC], functions.value_place(SPEC)
        if not isinstance(name, str):
            message, hint = f"functions › {SPEC}: {kind_of(name)}", f"write {SPEC}: function_spec.json"
            gathered.problems.append(Problem(place, "wrong-type", message, "the name of a file", hint))
            return
        path = resolve_include(name, file, root, place, SPEC_SUFFIXES)
        if isinstance(path, Problem):
            gathered.problems.append(path)
            return
        read = self._read(path)
        gathered.problems.extend(read.problems)
        if read.tree is not None:
            gathered.parts.append((read.tree, None))

    def _read(self, path: Path) -> _Read:
        if path in self._now:
            return self._now[path]
        data = self._texts[path] if path in self._texts else read_file(path)
        if isinstance(data, Problem):
            read = _Read("", None, None, [data])
        else:
            digest = digest_of(data)
            known = self._before.get(path)
            read = known if known and known.digest == digest else _parse(path, digest, data)
        self._now[path] = read
        return read


def _includes_of(tree: Mapping, problems: list[Problem]) -> Iterator[tuple[str, Place]]:
    """Yield what a file includes; what is no text is told here for parts, as only the first file's form is checked."""
    if "include" not in tree:
        return
    includes = tree["include"]
    if not isinstance(includes, Sequence):
        place = tree.value_place("include")
        problems.append(Problem(place, "wrong-type", f"include: {kind_of(includes)}", "a list of files"))
        return
    for index, name in enumerate(includes):
        place = includes.item_place(index)
        if isinstance(name, str):
            yield name, place
        else:
            problems.append(Problem(place, "wrong-type", f"include › {index}: {kind_of(name)}", "the name of a file"))


def choose(loaded: Loaded, wanted: str | None) -> str | None:
    """Return the name of the scenario to put in force: the wanted one, else `default`, else the only one."""
    names = list(loaded.scenarios)
    if wanted is not None:
        return wanted if wanted in names else None
    if "default" in names:
        return "default"
    return names[0] if len(names) == 1 else None


def _parse(path: Path, digest: str, data: bytes) -> _Read:
    from emulator.scenario.parse import parse  # noqa: PLC0415 - yaml is 40 ms that a cached start saves

    source = decode_text(shown_path(path), data)
    if isinstance(source, Problem):
        return _Read(digest, None, None, [source])
    tree, problems = parse(source)
    if tree is not None and path.suffix in SPEC_SUFFIXES:
        from emulator.scenario.spec import part_of  # noqa: PLC0415 - most scenarios have none

        tree, more = part_of(tree)
        problems += more
    return _Read(digest, source, tree, problems)

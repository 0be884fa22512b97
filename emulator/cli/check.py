"""`emulator check`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from emulator.reload.rehearse import rehearse
from emulator.runtime.clock import WallClock
from emulator.scenario.load import Loaded, Loader
from emulator.scenario.problem import Severity, sorted_problems
from emulator.scenario.report import as_annotations, as_json, as_text


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[PATH]...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="For people, for programs, or as annotations beside the lines in a GitHub Actions run.",
)
@click.option(
    "--spec",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Hold the scenarios against what npx convex function-spec wrote of the real deployment, too.",
)
@click.pass_context
def check(context: click.Context, paths: tuple[Path, ...], form: str, spec: Path | None) -> None:
    """Check scenario files and say everything that is wrong with them.

    PATHs are files and folders; without any, the folder scenarios/ is checked. Warnings tell what is doubtful, such
    as a rule that is never reached. With --spec, whatever a scenario says otherwise than the deployment is a problem:
    functions that are not there, other types and validators, results that it would not return.

    The exit status is 0 when there is nothing worse than warnings, 1 when there are problems, 2 when nothing could be
    checked.
    """
    if not paths:
        paths = (Path("scenarios"),)
        if not paths[0].exists():
            raise click.UsageError("there is no folder scenarios/ here; name a file or a folder")
    loaded = rehearse(Loader(paths, lints=True).load(), WallClock().now())
    if spec is not None:
        loaded = _held_against(loaded, spec)
    if form == "json":
        click.echo(as_json(loaded.problems))
    elif form == "github":
        click.echo(as_annotations(loaded.problems), nl=bool(loaded.problems))
    else:
        click.echo(_for_people(loaded))
    context.exit(1 if loaded.has_errors else 0)


def _held_against(loaded: Loaded, path: Path) -> Loaded:
    """Return a load with what its scenarios say otherwise than a function spec."""
    from emulator.scenario.drift import drift, load_spec  # noqa: PLC0415 - where it is asked for, only

    spec = load_spec(path)
    found = [each for scenario in loaded.scenarios.values() if scenario for each in drift(scenario, spec)]
    problems = sorted_problems([*loaded.problems, *spec.problems, *found])
    sources = {**loaded.sources, **({spec.file: spec.source} if spec.source else {})}
    return replace(loaded, problems=problems, sources=sources, files={**loaded.files, path.absolute(): ""})


def _for_people(loaded: Loaded) -> str:
    files = f"{len(loaded.files)} file{'s' if len(loaded.files) != 1 else ''}"
    if not loaded.problems:
        names = ", ".join(loaded.scenarios)
        return f"{files} checked, no problems; scenarios: {names}"
    warnings = sum(each.severity is Severity.WARNING for each in loaded.problems)
    errors = len(loaded.problems) - warnings
    counts = [_counted(errors, "problem")] if errors or not warnings else []
    counts += [_counted(warnings, "warning")] if warnings else []
    return f"{as_text(loaded.problems, loaded.sources)}\n\n{files} checked, {' and '.join(counts)}"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'s' if count != 1 else ''}"

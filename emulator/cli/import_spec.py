"""`emulator import-spec`."""

from __future__ import annotations

from pathlib import Path

import click

from emulator.scenario.report import as_text


@click.command("import-spec")
@click.argument("spec", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write it to a file.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def import_spec(spec: Path, output: Path | None, *, force: bool) -> None:
    """Write a scenario with every function of a real deployment.

    SPEC is what `npx convex function-spec` prints. Each function takes the arguments that it takes there, and answers
    with made-up data that is right in type and looks like the names of its fields, for you to change.
    """
    from emulator.scenario.drift import load_spec  # noqa: PLC0415 - yaml, for this command only
    from emulator.scenario.spec_text import scenario_text  # noqa: PLC0415 - likewise

    read = load_spec(spec)
    if read.problems:
        sources = {read.file: read.source} if read.source else {}
        click.echo(as_text(read.problems, sources), err=True)
        raise click.ClickException("the function spec has problems; nothing is written")
    text = scenario_text(read)
    if output is None:
        click.echo(text, nl=False)
        return
    if output.exists() and not force:
        raise click.ClickException(f"{output} is there already; --force writes over it")
    output.write_text(text, encoding="utf-8")
    count = len(read.functions)
    click.echo(f"{count} function{'s' if count != 1 else ''} written to {output}")

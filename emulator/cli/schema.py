"""`emulator schema`."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write it to a file.")
def schema(output: Path | None) -> None:
    """Print the JSON Schema of scenario files.

    An editor checks and completes a file whose first line names the schema:

    \b
        # yaml-language-server: $schema=./scenario.schema.json
    """  # noqa: D301 - the mark by which click keeps the lines below it as they are
    from emulator.scenario.schema import scenario_schema  # noqa: PLC0415 - pydantic, for this command only

    text = json.dumps(scenario_schema(), indent=2, ensure_ascii=False)
    if output is None:
        click.echo(text)
    else:
        output.write_text(f"{text}\n", encoding="utf-8")

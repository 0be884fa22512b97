"""`emulator env`: what a command needs in its environment to meet an emulator that runs."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from emulator.cli.ready import read_ready_file
from emulator.cli.remote import find_facts
from emulator.environment import variables

_END = "END_OF_VALUE"
_PLAIN = re.compile(r"[\w./:@%+,=-]*", re.ASCII)


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(("shell", "dotenv", "json", "github")),
    default="shell",
    show_default=True,
    help="For eval, for a .env file, as JSON, or for $GITHUB_ENV.",
)
@click.option("--url", envvar="EMULATOR_URL", help="Which emulator; the only one that runs if left out.")
@click.option(
    "--ready-file", type=click.Path(dir_okay=False, path_type=Path), help="The emulator that wrote this file."
)
def env(form: str, url: str | None, ready_file: Path | None) -> None:
    """Print the variables by which tools find an emulator that runs.

    In a shell: eval "$(emulator env)". For a project: emulator env --format dotenv > .env.local
    """
    facts = find_facts(url) if ready_file is None else _facts_in(ready_file)
    click.echo(_FORMS[form](variables(facts)))


def _facts_in(path: Path) -> dict[str, object]:
    facts = read_ready_file(path)
    if facts is None:
        raise click.ClickException(f"{path} is no ready file of an emulator that runs; one with --ready-file writes it")
    return facts


def _as_shell(found: Mapping[str, str]) -> str:
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in found.items())


def _as_dotenv(found: Mapping[str, str]) -> str:
    return "\n".join(f"{name}={_dotenv_value(name, value)}" for name, value in found.items())


def _dotenv_value(name: str, value: str) -> str:
    """Quote so that a shell, dotenv of npm and dotenv of PyPI read the same.

    Of what follows a backslash each thinks differently, and none can have all quotes.
    """
    if _PLAIN.fullmatch(value):
        return value
    if "'" not in value and "\\" not in value and value.isprintable():
        return f"'{value}'"
    if not set(value) & set('"\\$`') and value.isprintable():
        return f'"{value}"'
    raise click.ClickException(f"no .env file can hold the quotes in {name}; use --format shell or json")


def _as_github(found: Mapping[str, str]) -> str:
    return "\n".join(
        f"{name}<<{_END}\n{value}\n{_END}" if "\n" in value else f"{name}={value}" for name, value in found.items()
    )


def _as_json(found: Mapping[str, str]) -> str:
    return json.dumps(found, ensure_ascii=False, indent=2)


_FORMS: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "shell": _as_shell,
    "dotenv": _as_dotenv,
    "json": _as_json,
    "github": _as_github,
}

"""`emulator snapshot`: the whole state of an emulator that runs, saved as a file and loaded again."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import click

from emulator.cli.remote import find_remote, remote_options
from emulator.persistence.database import HEADER, is_ours

_PATH = "/snapshot"


@click.command()
@click.argument("action", type=click.Choice(("save", "load")))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@remote_options
def snapshot(action: str, file: Path, url: str | None, token: str | None, *, as_json: bool) -> None:
    """Save the state of an emulator to FILE, or load it from there.

    The file holds documents, stored files, variables and all that the gateway keeps, secrets of its config included. It
    is what `emulator serve --state` begins with, too.
    """
    if action == "save":
        _check_target(file)
        data = find_remote(url, token).fetch(_PATH)
        _replace(file, data)
        told, answer = f"saved to {file}, {len(data)} bytes", {"file": str(file), "bytes": len(data)}
    else:
        answer = find_remote(url, token).send("PUT", _PATH, _content_of(file))
        count = answer["documents"]
        told = f"loaded from {file}: {count} document{'s' if count != 1 else ''}"
        if answer["anew"]:
            told += f"; begun anew, as the scenario says it otherwise by now: {', '.join(answer['anew'])}"
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2) if as_json else told)


def _content_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror or error}") from error


def _check_target(file: Path) -> None:
    """Raise ClickException for a file that nobody wants to be replaced."""
    try:
        with file.open("rb") as there:
            header = there.read(HEADER)
    except FileNotFoundError:
        return
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror or error}") from error
    if header and not is_ours(header):
        raise click.ClickException(f"{file} is there, and is no snapshot; it is left as it is")
    if file.with_name(f"{file.name}-wal").exists():
        raise click.ClickException(f"{file} is the state file of an emulator; name another file")


def _replace(file: Path, data: bytes) -> None:
    """Write a file whole or not at all, readable by its owner only: it may hold keys."""
    try:
        descriptor, name = tempfile.mkstemp(dir=file.absolute().parent, prefix=f".{file.name}.")
        with os.fdopen(descriptor, "wb") as written:
            written.write(data)
        Path(name).replace(file)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror or error}") from error

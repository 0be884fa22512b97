"""`emulator status`, `calls`, `reset`, `clock`, `fault`, `use` and `scenario`: what steers an emulator that runs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any
from urllib.parse import urlencode

import click

from emulator.cli.columns import call_line, table
from emulator.cli.remote import Remote, find_remote, remote_options, segment
from emulator.model.overlay import is_on

LEVELS = ("all", "state", "counts", "journal", "limits", "clock", "rules")
_WITH_VALUE = ("advance", "rate")


@click.command()
@remote_options
def status(url: str | None, token: str | None, *, as_json: bool) -> None:
    """Say what is in force."""
    facts = find_remote(url, token).get("/status")
    if as_json:
        _print(facts)
        return
    clock = facts["clock"]
    click.echo(f"scenario  {facts['scenario']} ({facts['file']}), revision {facts['revision']}, seed {facts['seed']}")
    click.echo(f"clock     {clock['now']}{', paused' if clock.get('paused') else ''}, rate {clock.get('rate', 1)}")
    click.echo(f"calls     {facts['calls']}")
    if facts["tables"]:
        click.echo("tables    " + ", ".join(f"{name} ({count})" for name, count in facts["tables"].items()))
    if facts["faults"]:
        click.echo("faults    " + ", ".join(facts["faults"]))
    if facts["problems"]:
        click.echo(f"problems  {facts['problems']}; see `emulator check`")


@click.command()
@click.option("--operation", help="Only this operation; * stands for any text.")
@click.option("--outcome", help="Only this outcome, such as returned, threw or unscripted.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many of the newest.")
@click.option("--follow", "-f", is_flag=True, help="Show calls as they come, until Ctrl-C.")
@remote_options
def calls(
    operation: str | None,
    outcome: str | None,
    limit: int,
    url: str | None,
    token: str | None,
    *,
    follow: bool,
    as_json: bool,
) -> None:
    """Show the newest calls, and what became of them."""
    remote = find_remote(url, token)
    rows = remote.get("/journal", operation=operation, outcome=outcome, limit=limit)["calls"]
    if follow:
        _follow(remote, rows, operation, outcome, as_json=as_json)
    elif as_json:
        _print(rows)
    elif not rows:
        click.echo("no calls yet")
    else:
        for row in rows:
            click.echo(call_line(row))


def _follow(
    remote: Remote, rows: list[dict[str, Any]], operation: str | None, outcome: str | None, *, as_json: bool
) -> None:
    """Show what there is, and what comes, until Ctrl-C or the end of the emulator."""
    newest = rows[-1]["number"] if rows else 0
    coming = remote.follow("/journal/follow", operation=operation, outcome=outcome, after=newest)
    try:
        for row in chain(rows, coming):
            click.echo(json.dumps(row, ensure_ascii=False) if as_json else call_line(row))
    except KeyboardInterrupt:
        return


@click.command()
@click.argument("levels", nargs=-1, type=click.Choice(LEVELS), metavar="[LEVEL]...")
@remote_options
def reset(levels: tuple[str, ...], url: str | None, token: str | None, *, as_json: bool) -> None:
    """Begin anew: everything, or the LEVELs named.

    Levels: state (documents, variables and the gateway), counts, journal, limits, clock,
    rules (those added while it runs), all.
    """
    answer = find_remote(url, token).send("POST", "/reset", {"levels": list(levels or ("all",))})
    _told(answer, f"reset: {', '.join(levels or ('all',))}", as_json=as_json)


@click.command()
@click.argument("action", type=click.Choice(("show", "advance", "pause", "resume", "rate")), default="show")
@click.argument("value", required=False)
@remote_options
def clock(action: str, value: str | None, url: str | None, token: str | None, *, as_json: bool) -> None:
    """Show the scenario's time, or change it: advance 5m, pause, resume, rate 10."""
    if (action in _WITH_VALUE) != (value is not None):
        example = {"advance": " 5m", "rate": " 10"}.get(action, "")
        raise click.UsageError(f"say {'how much' if example else 'no more'}: emulator clock {action}{example}")
    remote = find_remote(url, token)
    match action:
        case "show":
            answer = remote.get("/clock")
        case "advance":
            answer = remote.send("POST", "/clock/advance", {"by": value})
        case "rate":
            answer = remote.send("POST", "/clock/rate", {"rate": _number(str(value))})
        case _:
            answer = remote.send("POST", f"/clock/{action}")
    told = f"{answer['now']}{', paused' if answer.get('paused') else ''}, rate {answer.get('rate', 1)}"
    _told(answer, told, as_json=as_json)


@click.command()
@click.argument("name", required=False)
@click.argument("switch", type=click.Choice(("on", "off")), required=False)
@remote_options
def fault(name: str | None, switch: str | None, url: str | None, token: str | None, *, as_json: bool) -> None:
    """List the faults, or switch one: emulator fault outage on."""
    remote = find_remote(url, token)
    if name is not None:
        if switch is None:
            raise click.UsageError(f"say on or off: emulator fault {name} on")
        answer = remote.send("PUT", f"/faults/{segment(name)}", {"enabled": switch == "on"})
        _told(answer, f"{name} is {switch}", as_json=as_json)
        return
    rows = remote.get("/faults")["faults"]
    if as_json:
        _print(rows)
    elif not rows:
        click.echo("the scenario has no faults")
    else:
        click.echo(table(("fault", "", "hits", "on"), map(_fault_cells, rows)))


@click.command()
@click.argument("name", required=False)
@remote_options
def scenario(name: str | None, url: str | None, token: str | None, *, as_json: bool) -> None:
    """List the scenarios, or put another one in force."""
    remote = find_remote(url, token)
    if name is not None:
        answer = remote.send("POST", f"/scenarios/{segment(name)}/use")
        _told(answer, f"{answer['scenario']} is in force, revision {answer['revision']}", as_json=as_json)
        return
    rows = remote.get("/scenarios")["scenarios"]
    if as_json:
        _print(rows)
    else:
        for row in rows:
            click.echo(f"{'*' if row['active'] else ' '} {row['name']}")


@click.command()
@click.argument("choices", nargs=-1, metavar="[OPERATION=VARIANT]...")
@click.option("--identity", help="Only for this identity of the scenario.")
@click.option("--clear", is_flag=True, help="Use none any more: of the OPERATIONs named, or at all.")
@remote_options
def use(
    choices: tuple[str, ...], identity: str | None, url: str | None, token: str | None, *, clear: bool, as_json: bool
) -> None:
    """List the variants of functions, or have one answer: emulator use messages:list=empty.

    Every function has the variants loading, empty and error; * stands for any text in an operation.
    """
    remote = find_remote(url, token)
    if clear:
        answers = [remote.send("DELETE", _of_variants(each, identity)) for each in choices or (None,)]
        _told(answers[-1], _chosen_line(answers[-1]["chosen"]), as_json=as_json)
        return
    if not choices:
        answer = remote.get("/variants")
        lines = table(("operation", "variants", "used"), (_variant_cells(each, answer) for each in answer["variants"]))
        _told(answer, lines if answer["variants"] else "nothing is scripted", as_json=as_json)
        return
    pairs = [each.rpartition("=")[::2] for each in choices]
    if any(not operation or not variant for operation, variant in pairs):
        raise click.UsageError("say which variant of what: emulator use messages:list=empty")
    bodies = [{"operation": each[0], "variant": each[1], "identity": identity} for each in pairs]
    rows = [remote.send("PUT", "/variants", body) for body in bodies]
    _told(rows, _chosen_line(rows), as_json=as_json)


def _of_variants(operation: str | None, identity: str | None) -> str:
    named = {"operation": operation, "identity": identity}
    return f"/variants?{urlencode({name: value for name, value in named.items() if value is not None})}"


def _variant_cells(row: Mapping[str, Any], answer: Mapping[str, Any]) -> tuple[str, ...]:
    used = [each for each in answer["chosen"] if is_on((each["operation"],), row["operation"])]
    return row["operation"], ", ".join(row["variants"]), ", ".join(map(_choice_text, used))


def _chosen_line(chosen: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join(f"{each['operation']} is {_choice_text(each)}" for each in chosen) or "no variant is used"


def _choice_text(row: Mapping[str, Any]) -> str:
    return f"{row['variant']} for {row['identity']}" if row["identity"] else str(row["variant"])


def _fault_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (row["name"], "on" if row["enabled"] else "off", str(row["hits"]), ", ".join(row["on"]))


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise click.UsageError(f"{text!r} is no number")
    return number


def _told(answer: object, words: str, *, as_json: bool) -> None:
    _print(answer) if as_json else click.echo(words)


def _print(answer: object) -> None:
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))

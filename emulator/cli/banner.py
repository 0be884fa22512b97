"""What the command says at its start, and of every reload."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import assert_never

from emulator import __version__
from emulator.engine.validation import fault_of
from emulator.model.function import Function, FunctionType
from emulator.model.gateway import Gateway
from emulator.model.scenario import Scenario
from emulator.reload.report import Mended, Refused, Reloaded, Report
from emulator.scenario.report import as_text, location
from emulator.scenario.source import shown_path
from emulator.values.durations import format_duration
from emulator.worlds import Terms

_MAX_NAMES = 6


def banner(
    scenario: Scenario, facts: dict[str, object], watched: tuple[Path, ...] | None, demo: Terms | None = None
) -> str:
    """Return what is served, where, and lines to paste."""
    url = facts["convex_url"]
    lines = [
        f"emulator {__version__} serves scenario {scenario.name} ({scenario.file}), seed {scenario.seed}",
        "",
        f"  Convex      {url}  {_count(scenario)}",
        f"  admin key   {facts['admin_key']}",
        f"  Gateway     {facts['gateway_url']}  {_gateway_words(scenario.gateway)}",
    ]
    if scenario.http is not None:
        lines.append(f"  HTTP        {facts['site_url']}  {_counted(len(scenario.http), 'route')}")
    if demo is None:
        lines.append(f"  Control     {facts['control_url']}  token {facts['token']}")
    else:
        lines += [f"  Control     {facts['control_url']}  read-only", f"  Demo        {_demo_words(demo)}"]
    if scenario.description:
        lines.insert(1, f"  {scenario.description}")
    if watched:
        names = ", ".join(map(shown_path, watched))
        lines += ["", f"Watching {names}: save a file, and it is in force. Ctrl-C stops."]
    else:
        lines += ["", "Not watching for changes. Ctrl-C stops."]
    return "\n".join([*lines, "", *_to_paste(scenario, str(url)), *_chat_to_paste(scenario, str(facts["gateway_url"]))])


def sentence(report: Report, *, with_lines: bool = True) -> str:
    """Return what happened to the scenario; `with_lines` of the files, which may hold secrets."""
    match report:
        case Reloaded(revision, added, changed, removed, seconds):
            parts = [*_named("changed", changed), *_named("added", added), *_named("removed", removed)]
            what = "; ".join(parts) or "nothing changed"
            return f"revision {revision.number} in force after {seconds * 1000:.0f} ms: {what}"
        case Refused(revision, problems, sources):
            places = len(problems)
            head = f"{places} problem{'s' if places != 1 else ''}; revision {revision.number} stays in force"
            return (
                f"{head}\n{as_text(problems, sources if with_lines else {})}"
                if problems
                else f"no scenario found; {head}"
            )
        case Mended(revision):
            return f"no problems any more; revision {revision.number} was in force all the time"
        case _:
            assert_never(report)


def report_data(report: Report) -> dict[str, object]:
    """Return the same as facts, for programs that read the log."""
    match report:
        case Reloaded(revision, added, changed, removed):
            return {"revision": revision.number, "added": added, "changed": changed, "removed": removed}
        case Refused(revision, problems):
            rows = [{"place": location(each), "slug": each.slug, "message": each.message} for each in problems]
            return {"revision": revision.number, "problems": rows}
        case Mended(revision):
            return {"revision": revision.number}
        case _:
            assert_never(report)


def _count(scenario: Scenario) -> str:
    return _counted(len(scenario.functions), "function")


def _named(word: str, names: tuple[str, ...]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
        yield f"{word} {', '.join(names[:_MAX_NAMES])}{more}"


def _demo_words(demo: Terms) -> str:
    """Say what visitors of a demo find."""
    anew = "" if demo.reset is None else f"; all begin anew every {format_duration(demo.reset)}"
    return f"a world for each visitor, until it lies idle for {format_duration(demo.idle)}; {demo.most} at most{anew}"


def _gateway_words(gateway: Gateway) -> str:
    parts = [_counted(len(gateway.agents), "agent"), _counted(len(gateway.channels), "channel")]
    parts.append("open to everybody" if gateway.access.is_open else "protected")
    return ", ".join(parts)


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'s' if count != 1 else ''}"


def _chat_to_paste(scenario: Scenario, url: str) -> Iterator[str]:
    gateway = scenario.gateway
    if gateway.chat is None:
        return
    header = "" if gateway.access.is_open else " -H 'Authorization: Bearer PASSWORD'"
    yield f'  curl {url}/api/chat{header} -d \'{{"message": "hello"}}\''


def _to_paste(scenario: Scenario, url: str) -> Iterator[str]:
    yield f"  CONVEX_URL={url}"
    function = next((each for each in scenario.functions.values() if _answers_without_arguments(each)), None)
    if function is None:
        if not scenario.functions and scenario.gateway.chat is None and not scenario.http:
            yield "  The scenario has no function yet; see the README for the shortest useful file."
        return
    kind = (function.type or FunctionType.QUERY).value.lower()
    body = json.dumps({"path": function.path.public, "args": {}}, ensure_ascii=False)
    yield f"  curl {url}/api/{kind} -H 'Content-Type: application/json' -d '{body}'"


def _answers_without_arguments(function: Function) -> bool:
    takes_none = function.args is None or fault_of(function.args, {}, lambda _: None) is None
    return takes_none and any(rule.when is None for rule in function.script.rules)

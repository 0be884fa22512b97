"""Talking to an emulator that runs: which one, and how."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any, TypeVar, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

import click

from emulator.cli.ready import running_emulators

DEFAULT_URL = "http://127.0.0.1:3210"
_TIMEOUT = 30.0
Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Remote:
    """An emulator that runs: its URL, and the token that lets it be changed."""

    url: str
    token: str | None

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401 - JSON
        """Return what is at a path of the control API."""
        given = {name: value for name, value in query.items() if value is not None}
        return self._json("GET", f"{path}?{urlencode(given)}" if given else path)

    def send(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Change something, and return the answer."""
        return self._json(method, path, body)

    def follow(self, path: str) -> Iterator[Any]:
        """Yield what a stream of the control API tells, until the emulator ends."""
        with self._open("GET", path) as response:
            for line in response:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])

    def _json(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        with self._open(method, path, body) as response:
            return json.load(response)

    def _open(self, method: str, path: str, body: object = None) -> HTTPResponse:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/__emulator{path}", data, method=method)  # noqa: S310 - the URL is the user's own
        if self.token is not None:
            request.add_header("Authorization", f"Bearer {self.token}")
        opener = build_opener(ProxyHandler({}))
        timeout = None if path.endswith("/follow") else _TIMEOUT
        try:
            return cast("HTTPResponse", opener.open(request, timeout=timeout))
        except HTTPError as error:
            raise click.ClickException(_told(error)) from error
        except (URLError, OSError) as error:
            reason = error.reason if isinstance(error, URLError) else error
            raise click.ClickException(
                f"no emulator answers at {self.url} ({reason}); start one with `emulator serve`, or name it with --url"
            ) from error


def remote_options(command: Command) -> Command:
    """Add the options that say which emulator is meant, and in which form to answer."""
    options = [
        click.option("--url", envvar="EMULATOR_URL", help="Which emulator; the only one that runs if left out."),
        click.option("--token", envvar="EMULATOR_TOKEN", help="Its control token; found by itself on this machine."),
        click.option("--json", "as_json", is_flag=True, help="Answer in JSON."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def find_remote(url: str | None, token: str | None) -> Remote:
    """Return the emulator that is meant: the one at `url`, or the only one that runs here."""
    running = running_emulators()
    if url is None:
        if len(running) > 1:
            urls = ", ".join(str(each["convex_url"]) for each in running)
            raise click.ClickException(f"several emulators run: {urls}; name one with --url")
        url = str(running[0]["convex_url"]) if running else DEFAULT_URL
    url = url.rstrip("/")
    known = next((each for each in running if url in (each["convex_url"], each["gateway_url"])), None)
    return Remote(url, token or (str(known["token"]) if known else None))


def _told(error: HTTPError) -> str:
    try:
        told = json.load(error)["error"]
        hint = f"; {told['hint']}" if told.get("hint") else ""
        return f"{told['message']}{hint}"
    except (ValueError, KeyError, TypeError, OSError):
        return f"the emulator answered with status {error.code}"

"""Talking to an emulator that runs: which one, and how."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from ipaddress import ip_address
from typing import Any, TypeVar, cast
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import click

from emulator.cli.ready import are_emulators_known, running_emulators

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
        return self._json("GET", _with_query(path, query))

    def send(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Change something, and return the answer; bytes are a body as it is."""
        return self._json(method, path, body)

    def fetch(self, path: str) -> bytes:
        """Return what is at a path of the control API and is no JSON."""
        try:
            with self._open("GET", path) as response:
                return response.read()
        except (HTTPException, OSError) as error:
            raise click.ClickException(f"the emulator at {self.url} ended in the middle of its answer") from error

    def follow(self, path: str, **query: object) -> Iterator[Any]:
        """Yield what a stream of the control API tells, until the emulator ends."""
        with self._open("GET", _with_query(path, query), timeout=None) as response:
            try:
                for line in response:
                    if line.startswith(b"data: "):
                        yield json.loads(line[6:])
            except (HTTPException, OSError):  # it ended in the middle of something
                return

    def _json(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        try:
            with self._open(method, path, body) as response:
                return json.load(response)
        except (ValueError, HTTPException, OSError) as error:
            raise click.ClickException(f"what answers at {self.url} is no emulator") from error

    def _open(self, method: str, path: str, body: object = None, *, timeout: float | None = _TIMEOUT) -> HTTPResponse:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        request = Request(f"{self.url}/__emulator{path}", data, method=method)  # noqa: S310 - http or https
        if self.token is not None:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            return cast("HTTPResponse", build_opener(ProxyHandler({})).open(request, timeout=timeout))
        except HTTPError as error:
            raise click.ClickException(_told(error, self.url)) from error
        except TimeoutError as error:
            raise click.ClickException(f"the emulator at {self.url} did not answer within {_TIMEOUT:.0f} s") from error
        except (URLError, OSError) as error:
            reason = error.reason if isinstance(error, URLError) else error
            raise click.ClickException(f"no emulator answers at {self.url} ({reason}); {_what_to_do()}") from error
        except (HTTPException, ValueError) as error:
            raise click.ClickException(f"what answers at {self.url} is no emulator ({error})") from error


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
    url, facts = _find(url)
    known = facts["token"] if facts else None
    return Remote(url, token or (known if isinstance(known, str) else None))


def find_facts(url: str | None) -> dict[str, object]:
    """Return what the ready file of the emulator that is meant would say; raise ClickException when none answers."""
    url, facts = _find(url)
    Remote(url, None).get("/health")
    if facts is None:
        raise click.ClickException(f"nothing is known here of the emulator at {url}; name its --ready-file")
    return facts


def _find(url: str | None) -> tuple[str, dict[str, object] | None]:
    """Return where the emulator is that is meant, and what it has told this user's commands, if anything."""
    running = running_emulators()
    if url is None:
        if len(running) > 1:
            urls = ", ".join(str(each["convex_url"]) for each in running)
            raise click.ClickException(f"several emulators run: {urls}; name one with --url")
        url = str(running[0]["convex_url"]) if running else DEFAULT_URL
    url = _checked(url)
    places = [(each, _place(str(each[name]))) for each in running for name in ("convex_url", "gateway_url")]
    return url, next((each for each, place in places if place == _place(url)), None)


def segment(name: str) -> str:
    """Return a name as a segment of a path."""
    return quote(name, safe="")


def _with_query(path: str, query: dict[str, object]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def _checked(url: str) -> str:
    """Return a URL as it is used; one without a scheme is meant to be HTTP."""
    full = url.strip().rstrip("/")
    full = full if "://" in full else f"http://{full}"
    try:
        parts = urlsplit(full)
        is_sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_sound = False
    if not is_sound or not full.isascii() or not full.isprintable() or " " in full:
        raise click.BadParameter(f"{url!r} is no URL such as {DEFAULT_URL}", param_hint="--url")
    return full


def _place(url: str) -> tuple[str, int | None]:
    """Return where a URL leads, by whatever name this machine is called."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        address = ip_address(host)
        is_here = address.is_loopback or address.is_unspecified
    except ValueError:
        is_here = host == "localhost"
    return ("localhost" if is_here else host, parts.port)


def _what_to_do() -> str:
    if not are_emulators_known():
        return "with EMULATOR_CACHE=off none is found by itself: name it with --url, and give its --token"
    return "start one with `emulator serve`, or name it with --url"


def _told(error: HTTPError, url: str) -> str:
    with error:
        try:
            told = json.load(error)["error"]
            hint = f"; {told['hint']}" if told.get("hint") else ""
            return f"{told['message']}{hint}"
        except (ValueError, KeyError, TypeError, AttributeError, HTTPException, OSError):
            return f"what answers at {url} is no emulator; it answered with status {error.code}"

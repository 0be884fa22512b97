"""What a `Convex-Client` header says: who calls, whether they are too old, which format they mean (contract §1.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from emulator.surfaces.convex.failures import ApiError
from emulator.values.formats import Format

_HEADER = re.compile(r"([a-zA-Z][a-zA-Z0-9_-]*?)-(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-+][0-9A-Za-z.+-]*)?")
_MAX_SHOWN = 100
_JAVASCRIPT = frozenset({"npm", "npm-cli", "actions"})
_NPM_ADVICE = "Update your Convex npm version with `npx convex update` or `npm update`."


@dataclass(frozen=True, slots=True)
class Client:
    """A client: its name, its version, and what it gets when it asks for no format."""

    name: str
    version: tuple[int, int, int]
    default_format: Format
    deprecation: tuple[str, str] | None = None

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Response headers that tell an old client what it is."""
        if self.deprecation is None:
            return ()
        state, message = self.deprecation
        return (("x-convex-deprecation-state", state), ("x-convex-deprecation-message", message))


UNKNOWN = Client("unknown", (0, 0, 0), Format.CLEAN)


@lru_cache(maxsize=256)
def read_client(header: str | None) -> Client:
    """Return the client; raise ApiError for a header that names none, or one that is no longer served."""
    if header is None:
        return UNKNOWN
    match = _HEADER.fullmatch(header)
    if match is None:
        message = (
            f"Failed to parse client version string: '{header[:_MAX_SHOWN]}'. "
            "Expected format is {client_name}-{semver}, e.g. my-esolang-client-0.0.1"
        )
        raise ApiError(400, "InvalidClientVersion", message)
    name = match[1]
    version = (int(match[2]), int(match[3]), int(match[4]))
    client = Client(name, version, _default_format(name, version), _deprecation(name, version))
    if client.deprecation and client.deprecation[0] == "Unsupported":
        raise ApiError(400, "ClientVersionUnsupported", client.deprecation[1], client.headers)
    return client


def deprecation_headers(header: str) -> tuple[tuple[str, str], ...]:
    """Return the headers that tell an old client what it is, on whatever answer it gets."""
    try:
        return read_client(header).headers
    except ApiError as error:
        return error.headers


def _default_format(name: str, version: tuple[int, int, int]) -> Format:
    old_javascript = name in _JAVASCRIPT and version < (1, 4, 1)
    old_python = name in {"python", "python-convex"} and version < (0, 5, 0)
    return Format.ENCODED if old_javascript or old_python else Format.CLEAN


def _deprecation(name: str, version: tuple[int, int, int]) -> tuple[str, str] | None:
    shown = ".".join(map(str, version))
    if name in _JAVASCRIPT and version <= (0, 19, 1):
        text = f"The Convex npm package at version {shown} is no longer supported. {_NPM_ADVICE}"
        return "Unsupported", text
    if name in {"python", "python-convex"} and version <= (0, 2, 0):
        gone = version <= (0, 0, 2)
        verb = "is no longer supported" if gone else "will soon be unsupported"
        text = f"The Convex Python client at version {shown} {verb}. Update it with `pip install --upgrade convex`."
        return ("Unsupported" if gone else "UpgradeRequired"), text
    if name == "rust" and version <= (0, 0, 1):
        text = f"The Convex Rust client at version {shown} is no longer supported. Update it with `cargo update`."
        return "Unsupported", text
    return None

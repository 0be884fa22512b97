"""Who a visitor of a demo is: by a header, a cookie, or else the address; pure."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple

COOKIE = "emulator-visitor"
HEADER = "X-Emulator-Visitor"
_KEY_BYTES = 16
_STREAM = "text/event-stream"


class Visitor(NamedTuple):
    """A visitor: what tells him from others; `is_new` says that he is to be told, for he will tell it next time."""

    key: str
    is_new: bool = False


def visitor_of(headers: Mapping[str, str], address: str | None, fresh: str) -> Visitor:
    """Return who sends a request; a browser that keeps cookies, and has none yet, is known as `fresh` from now on.

    Everybody else who says nothing of himself is known by the address, and shares it with whoever has the same.
    """
    name = headers.get(HEADER)
    if name is not None:
        return Visitor(_key("name", name))
    cookie = _cookie(headers.get("Cookie", ""))
    if cookie is not None:
        return Visitor(_key("cookie", cookie))
    if _keeps_cookies(headers):
        return Visitor(_key("cookie", fresh), is_new=True)
    return Visitor(_key("address", address or ""))


def set_cookie(headers: Mapping[str, str], fresh: str) -> str:
    """Return the header that has a browser tell who it is; over HTTPS pages of other sites may have it do so, too."""
    is_secure = headers.get("X-Forwarded-Proto", "").strip().lower() == "https"
    reach = "; SameSite=None; Secure; Partitioned" if is_secure else "; SameSite=Lax"
    return f"{COOKIE}={fresh}; Path=/; HttpOnly{reach}"


def _keeps_cookies(headers: Mapping[str, str]) -> bool:
    """Whether a browser will keep the cookie of this answer: not that of another origin's fetch, nor of a stream."""
    if _STREAM in headers.get("Accept", ""):
        return False
    if headers.get("Upgrade", "").lower() == "websocket":
        is_foreign = headers.get("Sec-Fetch-Site", "").lower() == "cross-site"
        return "Origin" in headers and not is_foreign
    site, mode = headers.get("Sec-Fetch-Site", "").lower(), headers.get("Sec-Fetch-Mode", "").lower()
    return site == "same-origin" or mode == "navigate"


def _cookie(text: str) -> str | None:
    try:
        found = SimpleCookie(text).get(COOKIE)
    except CookieError:
        return None
    return None if found is None else found.value


def _key(kind: str, text: str) -> str:
    """Return a key of bounded length: what visitors send may be long."""
    return blake2b(f"{kind} {text}".encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).hexdigest()

"""Sends what is new in a channel to whoever waits for it: the program under test."""

from __future__ import annotations

import os
from typing import Any

import requests
from aiohttp import ClientSession
from convex.http_client import ConvexHttpClient

_TIMEOUT = 10


def send(url: str, body: str) -> None:
    """Send a message; raises ConvexError when it is refused."""
    ConvexHttpClient(url).mutation("messages:send", {"body": body})


async def unread(url: str) -> list[str]:
    """Return the texts of all messages."""
    body = {"path": "messages:list", "args": {}, "format": "json"}
    async with ClientSession() as session, session.post(f"{url}/api/query", json=body) as response:
        answer: dict[str, Any] = await response.json()
    return [each["body"] for each in answer["value"]]


def ask(gateway_url: str, token: str, question: str) -> str:
    """Return what an agent replies."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.post(f"{gateway_url}/api/chat", json={"message": question}, headers=headers, timeout=_TIMEOUT)
    return str(answer.json()["response"])


if __name__ == "__main__":
    send(os.environ["CONVEX_URL"], "from a program")

"""Unmodified live clients in a process of their own, told what to do line by line; and the scenario that they meet."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from tests.support.process import EmulatorProcess, clean_environment

FILE = "live.yaml"
PATIENCE = 20.0

SCENARIO = """
identities:
  ada: {token: token-of-ada, claims: {subject: "user|1", name: Ada}}
  minji: {token: token-of-minji, claims: {subject: "user|2", name: 민지}}

clock: {start: 2026-03-01T12:00:00Z}
state: {shop: open, gone: false, reminder: null}
timeline:
  - at: 1h
    do: [{set: {shop: closed}}]

tables:
  messages:
    fields: {author: string, body: string, channel: string, likes: int64}
    documents:
      - {author: 민지, body: 안녕하세요!, channel: tea, likes: 3}

functions:
  messages:list:
    type: query
    args: {channel: string}
    query: {table: messages, where: {channel: "${args.channel}"}}
  messages:bodies:
    type: query
    args: {channel: string}
    result: "${[each.body for each in tables.messages if each.channel == args.channel]}"
  messages:count:
    type: query
    args: {channel: string}
    result: "${len([each for each in tables.messages if each.channel == args.channel])}"
  messages:broken: {type: query, error: out of tea}
  messages:page:
    type: query
    query: {table: messages, where: {channel: "${args.channel}"}, order: desc, paginate: true}
  messages:send:
    type: mutation
    args: {body: string, channel: string}
    rules:
      - when: {args: {body: ""}}
        error: {message: Message is empty, data: {code: EMPTY, left: {$int64: 7}}}
      - when: {args: {body: crash}}
        error: the kettle is broken
      - do:
          - insert:
              into: messages
              document: "${merge({'author': identity.name ?? 'nobody', 'likes': 0}, args)}"
              as: id
        result: ${id}
  messages:slow:
    type: mutation
    args: {body: string, channel: string}
    do:
      - insert:
          into: messages
          document: "${merge({'author': 'slow', 'likes': 0}, args)}"
          as: id
    result: "${args.body}"
    delay: 600ms
  channels:lose:
    type: mutation
    args: {gone: boolean}
    do: [{set: {gone: "${args.gone}"}}]
    result: null
  channels:name:
    type: query
    rules:
      - when: {state: {gone: true}}
        error: {message: The channel is gone, data: {code: GONE}}
      - result: tea
  users:me: {type: query, result: "${identity.name ?? 'nobody'}"}
  users:email: {type: query, result: "${identity.email ?? null}"}
  ai/replies:generate: {type: action, result: {text: 무엇을 도와드릴까요?, tokens: {$int64: 42}}}
  ai/replies:cut: {type: action, failure: disconnect}
  ai/replies:broken: {type: action, error: {data: {code: OVERLOADED}}}
  shop:status: {type: query, result: "${state.shop}"}
  time:hour: {type: query, result: "${iso(now)[11:13]}"}
  notes:long: {type: query, result: ["${'한글 ' * 300_000}", "${'두울 ' * 300_000}", "${'세엣 ' * 300_000}"]}
  notes:latest: {type: query, result: nothing yet}
  notes:reminder: {type: query, result: "${state.reminder}"}
  notes:remind:
    type: mutation
    do: [{after: 10m, do: [{set: {reminder: now}}]}]
    result: null
  logs:query: {type: query, result: null, logs: [listing]}
  logs:mutation: {type: mutation, result: null, logs: [{warn: low stock}]}
  logs:action: {type: action, result: null, logs: [{info: fetched}]}
  net:cut: {type: query, sequence: [{failure: disconnect}, {result: back again}]}
  net:cutAgain: {type: query, sequence: [{failure: disconnect}, {result: back again}]}
"""


class LiveClients:
    """All clients of one process; whatever waits for something gives up in the end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Tell `process` what to do, and listen to it."""
        assert process.stdin is not None
        assert process.stdout is not None
        self._to = process.stdin
        self._from = process.stdout
        self._count = 0
        self._heard: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._kept: list[dict[str, Any]] = []
        self._said: list[str] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def open(self, url: str, **options: Any) -> LiveClient:
        """Return a new client of a deployment."""
        client = LiveClient(self, f"client{self.number()}")
        client.do("open", url=url, **options)
        return client

    def said(self) -> list[str]:
        """Return what clients printed, or failed with where nobody caught it, since this was asked last."""
        Pending(self, self.tell("hear")).result()
        said, self._said = self._said, []
        return said

    def number(self) -> int:
        """Return a number that nothing else has."""
        self._count += 1
        return self._count

    def tell(self, op: str, **more: Any) -> int:
        """Have something done; return its number."""
        number = self.number()
        self._to.write(json.dumps({"id": number, "op": op, **more}) + "\n")
        self._to.flush()
        return number

    def wait(self, key: str, value: object) -> dict[str, Any]:
        """Return the next row that has this value."""
        while True:
            for row in self._kept:
                if row.get(key) == value:
                    self._kept.remove(row)
                    return row
            try:
                self._keep(self._heard.get(timeout=PATIENCE))
            except queue.Empty:
                raise AssertionError(f"no {key} {value}; kept {self._kept}, said {self._said}") from None

    def has(self, key: str, value: object) -> bool:
        """Whether there is such a row already, as far as the process has come."""
        Pending(self, self.tell("hear")).result()
        return any(row.get(key) == value for row in self._kept)

    def order(self, *watches: Watch) -> list[Watch]:
        """Return which of these have answers that nobody asked for yet, in the order in which they came."""
        self.has("update", None)
        by_name = {watch.name: watch for watch in watches}
        return [by_name[row["update"]] for row in self._kept if row.get("update") in by_name]

    def end(self) -> None:
        """Take note that the process is over."""
        self._listener.join()

    def _listen(self) -> None:
        for line in self._from:
            self._heard.put(json.loads(line))
        self._heard.put(None)

    def _keep(self, row: dict[str, Any] | None) -> None:
        assert row is not None, f"the clients are gone; they said {self._said}"
        if "console" in row:
            self._said.append(f"{row['console']}: {row['text']}")
        else:
            self._kept.append(row)


@dataclass(frozen=True)
class Pending:
    """Something that a client was told to do."""

    clients: LiveClients
    number: int

    def result(self) -> Any:
        """Wait for what it comes to: a value, or `{"error": …}`."""
        return _outcome(self.clients.wait("answer", self.number))


@dataclass(frozen=True)
class Watch:
    """A query that a client watches."""

    client: LiveClient
    name: str

    def next(self) -> Any:
        """Return its next answer."""
        return _outcome(self.client.clients.wait("update", self.name))

    def until(self, value: Any) -> list[Any]:
        """Return its answers up to one that is `value`."""
        seen = [self.next()]
        while seen[-1] != value:
            seen.append(self.next())
        return seen

    def has_more(self) -> bool:
        """Whether there is an answer that nobody asked for yet."""
        return self.client.clients.has("update", self.name)

    def do(self, op: str, **more: Any) -> Any:
        """Do something with it."""
        return self.client.do(op, name=self.name, **more)


@dataclass(frozen=True)
class LiveClient:
    """One client."""

    clients: LiveClients
    name: str

    def begin(self, op: str, path: str | None = None, args: dict[str, Any] | None = None, **more: Any) -> Pending:
        """Begin something."""
        call = {} if path is None else {"path": path, "args": args or {}}
        return Pending(self.clients, self.clients.tell(op, client=self.name, **call, **more))

    def do(self, op: str, path: str | None = None, args: dict[str, Any] | None = None, **more: Any) -> Any:
        """Do something to its end."""
        return self.begin(op, path, args, **more).result()

    def watch(self, path: str, args: dict[str, Any] | None = None, op: str = "watch", **more: Any) -> Watch:
        """Watch a query."""
        watch = Watch(self, f"watch{self.clients.number()}")
        self.do(op, path, args, name=watch.name, **more)
        return watch

    def send(self, channel: str, body: str) -> Any:
        """Write a message."""
        return self.do("mutation", "messages:send", {"channel": channel, "body": body})

    def is_signed_in(self) -> bool:
        """Whether it is signed in, when it says so next."""
        return bool(self.clients.wait("auth", self.name)["value"])

    def was_forced(self) -> bool:
        """Wait until it fetches a token, and return whether it must be a new one."""
        return bool(self.clients.wait("fetched", self.name)["forced"])


@contextmanager
def live_clients(*command: str) -> Iterator[LiveClients]:
    """Run a process for clients until the block ends."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=clean_environment(), stdin=pipe, stdout=pipe, text=True, bufsize=1) as process:
        clients = LiveClients(process)
        try:
            yield clients
        finally:
            process.kill()
            process.wait()
            clients.end()


def control(emulator: EmulatorProcess, path: str, body: dict[str, Any], method: str = "POST") -> Any:
    """Steer an emulator that runs."""
    headers = {"Authorization": f"Bearer {emulator.facts['token']}"}
    url = f"{emulator.url}/__emulator{path}"
    response = requests.request(method, url, json=body, headers=headers, timeout=PATIENCE)
    assert response.ok, response.text
    return response.json()


def _outcome(row: dict[str, Any]) -> Any:
    return {"error": row["error"]} if "error" in row else row["value"]

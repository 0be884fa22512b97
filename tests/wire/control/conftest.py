"""A scenario with something of everything that the control API steers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.clocks import WatchedClock
from tests.support.control import Control, controlling
from tests.support.scenarios import load_text

SCENARIO = """
seed: 7
clock: {start: 2024-02-08T12:00:00Z}
identities:
  Ada: {token: secret-of-ada}
state: {count: 0, label: none}
tables:
  notes:
    fields: {text: string, likes: int64?}
    documents: [{text: first}]
faults:
  - {name: outage, on: ["notes:broken"], enabled: false, failure: overloaded}
  - {name: slow, on: ["slow:*"], delay: 1s}
limits:
  - {name: few, on: ["limited:*"], allow: 2, per: 1h}
timeline:
  - {at: 1m, do: [{set: {label: one}}]}
  - {at: 2m, do: [{set: {label: two, count: "${state.count + 1}"}}]}
functions:
  notes:list: {type: query, query: {table: notes}}
  notes:add:
    type: mutation
    do: [{insert: {into: notes, document: {text: "${args.text}"}}}]
    result: null
  notes:later: {do: [{after: 10m, do: [{set: {label: later}}]}], result: null}
  notes:broken: {result: fine}
  notes:only: {rules: [{when: {args: {n: 1}}, result: one}]}
  notes:throws: {error: out of tea}
  jobs:steps: {sequence: [{result: 1}, {result: 2}, {result: 3}]}
  limited:it: {result: ok}
  slow:it: {result: ok}
  never:called: {result: 1}
gateway:
  agents: {main: {}}
  channels: {telegram: {status: connected}}
  chat: {rules: [{reply: hello, stream: {every: 0ms}}]}
"""


@pytest.fixture
def control_clock() -> WatchedClock:
    """Return the clock of the served emulator, which stands still until it is told otherwise."""
    return WatchedClock()


@pytest.fixture
async def control(tmp_path: Path, control_clock: WatchedClock) -> AsyncIterator[Control]:
    """Serve the scenario."""
    async with controlling(load_text(tmp_path, SCENARIO), control_clock) as control:
        yield control

"""Whatever anybody sends to functions that compute, read and write, the answer is one of the service's own."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.surfaces.convex.codec import write_ts
from emulator.values.formats import Format, encode
from emulator.values.ids import encode_id
from tests.support.clocks import START, WatchedClock
from tests.support.fuzzing import Sent, check_alive, check_all, check_log, headers, shared, write_json
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving
from tests.support.values import json_trees, values

USER, MESSAGE, THING = (
    "j5700000000000000000000000001qv0",
    "j9700000000000000000000000001r3j",
    "jd700000000000000000000000001rc4",
)

SCENARIO = """
deployment: {name: fuzz, admin_keys: [fuzz|key]}
vars: {greeting: 안녕}
state: {mode: normal}
tables:
  users:
    count: 3
    document: {name: "${fake.name()}", age: "${random.int(1, 90)}"}
  messages:
    fields: {body: string, n: int64?, tags: "(string | number)[]?", user: id(users)?, extra: any?}
    documents:
      - {_id: j9700000000000000000000000001r3j, body: x, n: 1, extra: .nan}
      - {body: y, tags: [a, 1], extra: {a: [-0.0, null, {$bytes: AQID}]}}
      - {body: x, n: -1, extra: [{$int64: 9223372036854775807}]}
  things:
    documents: [{_id: jd700000000000000000000000001rc4, a: 1}, {a: null}]
functions:
  messages:list:
    type: query
    query: {table: messages, order: {by: extra, order: desc}, limit: "${args.limit ?? 10}"}
  messages:like:
    query: {table: messages, where: {body: "${args.a}", n: {$in: "${args.b}"}}, order: {by: n}}
  messages:over:
    query: {table: messages, where: {extra: {$gte: "${args.a}", $not: {$lt: "${args.b}"}}}, order: desc}
  messages:page: {query: {table: messages, paginate: true, order: desc}}
  messages:pageLike: {query: {table: messages, where: {body: "${args.a ?? 'x'}"}, paginate: true}}
  messages:pageBy: {query: {table: messages, order: {by: extra}, paginate: true}}
  messages:get: {query: {table: messages, id: "${args.id}"}}
  messages:only: {query: {table: messages, where: {_id: "${args.id}"}, unique: true}}
  messages:first: {query: {table: messages, where: {_creationTime: {$gt: "${args.a}"}}, first: true}}
  messages:send:
    type: mutation
    args: {body: string, n: int64?, tags: "(string | number)[]?", user: id(users)?, extra: any?}
    returns: id(messages)
    do: [{insert: {into: messages, document: "${args}", as: id}}, {log: "${id} of ${args.body}"}]
    result: ${id}
  things:put:
    do:
      - insert: {into: things, document: "${args}", as: id}
      - after: 1s
        do: [{patch: {table: things, id: "${args.id ?? id}", fields: {late: "${args.a}"}}}]
    result: {id: "${id}", last: "${tables.things[-3:]}"}
  things:change:
    do: [{patch: {table: things, id: "${args.id}", fields: "${args.a}"}}]
    result: null
  things:replace:
    do: [{replace: {table: things, id: "${args.id}", document: "${args.a}"}}]
    result: null
  things:remove:
    do: [{delete: {table: things, id: "${args.id}"}}]
    result: ${len(tables.things)}
  things:chain:
    do: [{call: {function: things:put, args: "${args.a}", as: put}}, {set: {mode: "${args.b}"}}]
    result: ["${put.id}", "${state.mode}"]
  echo:all:
    result: {args: "${args}", headers: "${request.headers}", who: "${identity}", text: "${vars.greeting} ${args}"}
    logs: ["${args}", {warn: "${args.a} and ${request.headers}"}, {error: ["${args.b}", "${state}"]}]
  echo:sum: {result: ["${args.a + args.b}"]}
  echo:times: {result: {x: "${args.a * args.b}"}}
  echo:power: {result: "${args.a ** args.b}"}
  echo:parts: {result: "${args.a[args.b:]} ${sorted(args.a)} ${len(args.a)} ${args.a.b.c ?? args.b}"}
  echo:parsed: {result: "${parse_json(args.a)}"}
  echo:written: {result: "${json(args.a)} ${text(args.b)} ${type(args.a)}"}
  echo:merged: {result: "${merge(args.a, args.b)}", returns: {a: int64?}}
  echo:split: {result: "${split(args.a, args.b)} ${title(args.a)}"}
  echo:bytes: {result: "${base64(args.a)} ${bytes(args.b)}"}
  echo:when: {result: "${iso(args.a)} ${format_date(args.a, args.b)} ${later(args.b)} ${date(args.b)}"}
  echo:drawn: {result: "${pick(args.a)} ${shuffle(args.a)} ${random.int(args.a, args.b)} ${id(args.a)}"}
  echo:number: {result: ["${number(args.a)}", "${int64(args.b)}", "${round(args.a, args.b)}"]}
  echo:int64: {type: query, args: {a: int64}, returns: {a: number}, result: "${args}"}
  echo:rules:
    rules:
      - {when: {headers: {convex-client: {$regex: npm}}}, error: {message: "${args.a}", data: "${args.b}"}}
      - {when: {args: {a: "${args.b}"}}, result: same}
      - {when: {args: {a: {$gt: "${args.b}"}, b: {$type: number}}}, result: more}
      - {when: {args: {a: {$contains: "${args.b}"}}}, result: in it}
      - {when: {state: {mode: "${args.a}"}}, error: {data: "${state}"}}
      - {when: {call: {every: 7}}, failure: overloaded}
      - {when: {chance: 0.2}, error: "${args.a / args.b}"}
      - {when: {if: "${args.a > args.b}"}, result: greater}
"""
NAMES = re.findall(r"^  (\w+:\w+):", SCENARIO, re.MULTILINE)

ids = st.one_of(
    st.sampled_from([USER, MESSAGE, THING, MESSAGE.upper(), MESSAGE[:-1], "", "안녕", "\x00", "x" * 40, "9" * 20_000]),
    st.builds(encode_id, st.integers(1, 2**32 - 1), st.binary(min_size=16, max_size=16)),
    st.text(max_size=40),
)
cursors = st.one_of(
    st.none(), st.text(max_size=20), st.binary(max_size=60).map(bytes.hex), st.sampled_from(["f" * 20_000, "00" * 8])
)
counts = st.one_of(st.sampled_from([0, 1, 2, 3, -1, 0.5, 1e300, 2**40, "1", None, True]), st.floats(), json_trees)
options = st.fixed_dictionaries(
    {"numItems": counts, "cursor": cursors}, optional={"endCursor": cursors, "id": counts, "maximumRowsRead": counts}
)


def _nested(depth: int) -> Any:
    tree: Any = None
    for _ in range(depth):
        tree = [tree]
    return tree


wide = st.one_of(
    st.integers(0, 70).map(_nested),
    st.integers(60, 1100).map(lambda width: {f"f{number}": number for number in range(width)}),
    st.integers(8185, 8195).map(lambda length: [None] * length),
    st.integers(0, 300_000).map(lambda length: "é" * length),
)
anything = st.one_of(
    values.map(lambda value: encode(value, Format.ENCODED)),
    ids,
    json_trees,
    st.sampled_from([0, 1, -1, 1e308, 5e-324, 2**53, "x", "", "1s", "%Y", "[", '{"$set": 1}', "[1e999]", '"\\ud800"']),
)
fields: dict[str, st.SearchStrategy[Any]] = {
    "a": st.one_of(anything, anything, anything, wide),
    "b": anything,
    "id": st.one_of(ids, ids, anything),
    "limit": counts,
    "body": st.one_of(st.sampled_from("xy"), anything),
    "n": st.one_of(st.just({"$integer": "AQAAAAAAAAA="}), anything),
    "tags": st.one_of(st.lists(st.one_of(st.text(max_size=3), st.floats(allow_nan=False)), max_size=3), anything),
    "user": ids,
    "extra": anything,
    "paginationOpts": st.one_of(options, options, json_trees),
    "_id": ids,
    "_creationTime": counts,
}
some_args = st.one_of(
    st.lists(st.sampled_from(sorted(fields)), max_size=5, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: fields[name] for name in names})
    ),
    st.fixed_dictionaries({"a": fields["a"], "b": fields["b"]}),
    st.fixed_dictionaries({"a": fields["a"], "id": st.sampled_from([MESSAGE, THING])}),
    st.fixed_dictionaries({"paginationOpts": options}),
    json_trees,
)
calls = st.fixed_dictionaries(
    {"path": st.sampled_from(NAMES), "args": some_args},
    optional={"format": st.sampled_from(["json", "convex_encoded_json", "export_json"])},
)
good_sends = st.fixed_dictionaries(
    {
        "path": st.just("messages:send"),
        "args": st.fixed_dictionaries(
            {"body": st.text(max_size=5)},
            optional={
                "n": st.just({"$integer": "/////////38="}),
                "tags": st.lists(st.one_of(st.text(max_size=3), st.integers(-9, 9)), max_size=3),
                "user": st.just(USER),
                "extra": values.map(lambda value: encode(value, Format.ENCODED)),
            },
        ),
    }
)
odd_headers: st.SearchStrategy[dict[str, str | bytes]] = st.one_of(
    st.just({}),
    st.just({"Authorization": "Convex fuzz|key"}),
    st.binary(max_size=20).map(lambda raw: {"X-Odd": bytes(each | 0x80 for each in raw)}),
    headers,
)


@st.composite
def requests(draw: st.DrawFn) -> Sent:
    """Draw a call, a call at a timestamp, or several at once."""
    call = draw(st.one_of(calls, calls, calls, good_sends))
    writes = call["path"].startswith(("things", "messages:send"))
    kinds = ("mutation", "mutation", "function", "run")
    kind = draw(st.sampled_from(kinds if writes else ("query", "query", "query", *kinds, "query_at_ts", "query_batch")))
    path = f"/api/{kind}"
    if kind == "query_batch":
        call = {"queries": [call, draw(calls), draw(calls)]}
    elif kind == "query_at_ts":
        call["ts"] = write_ts(draw(st.one_of(st.integers(0, 2**64 - 1), st.integers(START, START + 1000))))
    elif kind == "run":
        path = f"/api/run/{call['path'].replace(':', '/')}"
    sent_with: dict[str, str | bytes] = {"Authorization": "Convex fuzz|key"}
    if kind != "function":
        sent_with = draw(odd_headers)
    return Sent("POST", path, "", sent_with, write_json(call))


@pytest.fixture
def clock() -> WatchedClock:
    """Return the clock of the served emulator."""
    return WatchedClock()


@pytest.fixture
async def served(tmp_path: Path, clock: WatchedClock) -> AsyncIterator[Served]:
    """Serve the scenario."""
    async with serving(load_text(tmp_path, SCENARIO), clock) as served:
        yield served


@settings(shared, max_examples=150)
@given(sent=st.lists(requests(), min_size=5, max_size=20))
async def test_whatever_functions_are_called_with_is_answered(
    served: Served, clock: WatchedClock, caplog: pytest.LogCaptureFixture, sent: list[Sent]
) -> None:
    await check_all(served, caplog, sent)
    await clock.pass_milliseconds(1_000)
    check_log(caplog, b"what was delayed")
    await check_alive(served)

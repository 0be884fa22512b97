"""The chat room that is played through: documents that clients write, and what they are told when they must not."""

from __future__ import annotations

FILE = "room.yaml"
TEA = "j5700000000000000000000000001qv0"
FIRST = "j9702081040g2081040g2081040g3w7t"
SECOND = "j97040g2081040g2081040g208104042"

SCENARIO = """
identities:
  ada: {token: token-of-ada, claims: {subject: "user|1", name: Ada}}
  minji: {token: token-of-minji, claims: {subject: "user|2", name: 민지}}

tables:
  channels:
    fields: {name: string}
    documents: [{_id: j5700000000000000000000000001qv0, name: tea}]
  messages:
    fields: {author: string, body: string, channel: string, likes: int64, picture: bytes?, reply: string | null?}
    documents:
      - {_id: j9702081040g2081040g2081040g3w7t, author: Ada, body: Hello, channel: tea, likes: 3, reply: null}
      - _id: j97040g2081040g2081040g208104042
        author: 민지
        body: 안녕하세요!
        channel: tea
        likes: 0
        picture: {$bytes: AQID}

functions:
  messages:list:
    type: query
    args: {channel: string, limit: number?}
    query: {table: messages, where: {channel: "${args.channel}"}, limit: "${args.limit ?? 100}"}
    logs: ["listing ${args.channel}", {debug: ["${args}", "${len(tables.messages)}"]}]
  messages:page:
    type: query
    query: {table: messages, where: {channel: "${args.channel}"}, order: desc, paginate: true}
  messages:pageFromFirst:
    type: query
    args: {channel: string, paginationOpts: any}
    query: {table: messages, where: {channel: "${args.channel}"}, paginate: true}
  messages:get:
    type: query
    query: {table: messages, id: "${args.id}"}
  messages:send:
    type: mutation
    args: {channel: string, body: string, likes: int64?, picture: bytes?, reply: string | null?}
    rules:
      - when: {identity: null}
        error: {data: {code: SIGN_IN}}
      - when: {args: {body: ""}}
        do: [{insert: {into: channels, document: {name: "${args.channel}"}}}]
        error:
          message: Message is empty
          data: {code: EMPTY, channel: "${tables.channels[-1].name}", likes: {$int64: 7}}
        logs: [{warn: "${identity.name} said nothing"}]
      - do:
          - insert:
              into: messages
              document: "${merge({'author': identity.name, 'likes': 0}, args)}"
              as: id
        result: ${id}
        logs: [{info: "${identity.name} said ${args.body}"}]
  messages:like:
    type: mutation
    args: {id: id(messages)}
    do: [{patch: {table: messages, id: "${args.id}", fields: {likes: "${int64(7)}"}}}]
    result: null
  messages:rename:
    type: mutation
    do: [{replace: {table: messages, id: "${args.id}", document: "${args.document}"}}]
    result: null
  messages:remove:
    type: mutation
    do: [{delete: {table: messages, id: "${args.id}"}}]
    result: null
  messages:broken: {type: query, returns: "number[]", query: {table: messages}}
  messages:flaky:
    type: mutation
    rules:
      - {when: {call: {every: 5}}, failure: overloaded}
      - {result: "${call}"}
  channels:add:
    type: mutation
    args: {name: string}
    do: [{insert: {into: channels, document: {name: "${args.name}"}, as: id}}]
    result: ${id}
  channels:list: {query: {table: channels}}
  orders:place:
    type: mutation
    args:
      kind: "'gift' | 'sale'"
      channel: id(channels)?
      amount: int64
      lines: "{name: string, count: number}[]"
      only: literal("tea")?
    result: placed
"""


def place_of(function: str, step: str = "") -> str:
    """Return the place of a function in the file, or of a step within it, as stacks have it."""
    start = SCENARIO.index(f"\n  {function}:") + 3
    before = SCENARIO[: SCENARIO.index(step, start)]
    return f"{FILE}:{before.count(chr(10)) + 1}:{len(before.rpartition(chr(10))[2]) + 1}"

"""A scenario with HTTP actions."""

from __future__ import annotations

SCENARIO = """
deployment: {name: shop, admin_keys: ["shop|key"]}
identities: {ada: {token: token-of-ada, claims: {name: Ada}}}
state: {mode: normal}
tables: {events: {}}
functions:
  events:list: {type: query, query: {table: events}}
http:
  POST /hooks:
    rules:
      - when: {headers: {x-signature: {$exists: false}}}
        status: 400
        body: {error: no signature}
      - when: {body: {type: charge.failed}}
        do: [{insert: {into: events, document: {type: "${request.body.type}", by: "${identity.name ?? null}"}, as: id}}]
        status: 201
        headers: {x-id: "${id}", x-count: 3}
        body: {received: true, n: 3, id: "${id}"}
      - {when: {body: {type: boom}}, error: {message: out of tea, data: {code: TEA}}}
      - {when: {body: {type: plain}}, error: out of tea}
      - {when: {body: {type: busy}}, failure: overloaded}
      - {when: {body: {type: gone}}, failure: disconnect}
      - {when: {body: {type: none}}, body: "${request.nothing.there}"}
  POST /wants: {when: {body: {type: a}}, body: "yes"}
  GET /echo: {body: "${request}"}
  PUT /echo: {body: "${request.body}"}
  GET /files/*: {body: "any ${request.path}"}
  GET /files/img/*: {body: "image ${request.path}"}
  GET /files/img/logo: {body: logo}
  GET /bytes: {headers: {content-type: image/png}, body: {$bytes: AQID}}
  GET /who: {body: "${identity.name ?? 'nobody'}", variants: {busy: {status: 503, body: come back}}}
  GET /jobs: {sequence: [{body: queued}, {status: 202, body: running}, {body: done}]}
  DELETE /events: {do: [{set: {mode: empty}}]}
  OPTIONS /*: {status: 204, headers: {access-control-allow-origin: "*"}}
  GET /status: {status: "${request.query.code}"}
  GET /header: {headers: {x-text: "${request.query.text}"}}
  GET /slow: {body: slow, delay: 250ms}
  GET /stream:
    headers: {content-type: text/event-stream}
    stream: {chunks: ["data: 1\\n\\n", {data: 2}], first: 100ms, every: 200ms}
  GET /words: {body: one two three, stream: {every: 100ms}}
  GET /cut: {body: one two three, stream: {every: 0ms}, failure: {disconnect: {after_chunks: 2}}}
  GET /junk: {body: one two three, stream: {every: 0ms}, failure: {malformed: {after_chunks: 1}}}
"""

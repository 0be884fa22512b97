"""A scenario with something of everything, for whoever speaks to it over the wire."""

from __future__ import annotations

DEMO = """
deployment: {name: demo-otter, admin_keys: ["demo-otter|s3cret"]}
functions:
  messages:list:
    type: query
    result: [{author: Ada, likes: {$int64: 3}, size: 2, picture: {$bytes: AQID}}]
  messages:send: {type: mutation, result: sent}
  replies:generate: {type: action, result: {text: hi}}
  admin/users:list: {result: users}
  jobs/nightly: {result: nightly}
  jobs:status: {sequence: [{result: queued}, {result: running}, {result: done}]}
  echo:args:
    rules:
      - {when: {args: {n: 1}}, result: a float}
      - {when: {args: {n: {$int64: 1}}}, result: an int64}
      - {when: {args: {n: {$bytes: AQ==}}}, result: bytes}
      - {when: {args: {a: 1}}, result: named}
      - {result: other}
  logs:some: {result: 1, logs: [hi, {warn: [low stock, {left: 2}]}]}
  errors:plain: {error: out of tea, logs: [{error: soon}]}
  errors:named: {error: {message: no, name: TypeError}}
  errors:data: {error: {data: {code: NO_TEA, left: {$int64: 0}}}}
  errors:text: {error: {data: Sign in}}
  errors:both: {error: {message: Empty, data: [1, null]}}
  slow:list: {type: query, result: slow, delay: 250ms}
  slow:down: {failure: overloaded, delay: 100ms}
  values:all: {result: [null, true, 1.5, 3, .nan, .inf, -.inf, -0.0, tea, {$int64: 42}, {$bytes: AQID}, {k: []}]}
  only:admins: {rules: [{when: {identity: {name: Ada}}, result: ada}, {when: {identity: null}, result: nobody}]}
  _system/frontend/tables:list: {result: tables}
"""
ADMIN = {"Authorization": "Convex demo-otter|s3cret"}

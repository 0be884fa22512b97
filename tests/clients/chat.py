"""The scenario that every client meets here, and tokens for it."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from typing import Any

FILE = "chat.yaml"
ADMIN_KEY = "demo-happy-otter-123|0123abcd"

SCENARIO = """
deployment:
  name: demo-happy-otter-123
  admin_keys: ["demo-happy-otter-123|0123abcd"]

identities:
  ada: {token: token-of-ada, claims: {subject: "user|1", name: Ada}}
  minji: {token: token-of-minji, claims: {subject: "user|2", name: 민지}}

functions:
  messages:list:
    type: query
    rules:
      - when: {args: {channel: tea}}
        result: [{author: 민지, body: 안녕하세요!, likes: {$int64: 3}, score: 3}]
      - result: []
  messages:send:
    type: mutation
    rules:
      - when: {args: {body: Hello}}
        result: j579y71vbnz8m826r79ybxr834n3q5kb
  ai/replies:generate:
    type: action
    result: {text: 무엇을 도와드릴까요?, score: 0.5}
  jobs/nightly:
    type: mutation
    sequence: [{result: first}, {result: second}, {result: third}]

  users:me:
    rules:
      - {when: {identity: ada}, result: Ada by her token}
      - {when: {identity: minji}, result: Minji by her token}
      - {when: {identity: {name: 지훈, issuer: "https://id.example"}}, result: 지훈 by the claims}
      - {when: {identity: null}, result: nobody}

  values:all:
    result:
      nothing: null
      truth: true
      whole: 3
      half: 1.5
      huge: 1.0e+300
      nan: .nan
      infinite: .inf
      infinitely_negative: -.inf
      negative_zero: -0.0
      answer: {$int64: 42}
      largest: {$int64: 9223372036854775807}
      smallest: {$int64: -9223372036854775808}
      text: "차 ☕ \\"quoted\\""
      bytes: {$bytes: AQID}
      no_bytes: {$bytes: ""}
      list: [1, a, [{$int64: 1}], {}]
      nested: {deep: {deeper: [{$bytes: /w==}, null]}}
  values:kind:
    rules:
      - {when: {args: {value: null}}, result: "null"}
      - {when: {args: {value: true}}, result: boolean}
      - {when: {args: {value: {$int64: 42}}}, result: int64}
      - {when: {args: {value: 42}}, result: float64}
      - {when: {args: {value: {$int64: -9223372036854775808}}}, result: smallest int64}
      - {when: {args: {value: .nan}}, result: nan}
      - {when: {args: {value: .inf}}, result: infinity}
      - {when: {args: {value: -.inf}}, result: negative infinity}
      - {when: {args: {value: "42"}}, result: string}
      - {when: {args: {value: {$bytes: AQID}}}, result: bytes}
      - {when: {args: {value: [1, {$int64: 1}]}}, result: array}
      - {when: {args: {value: {a: {b: [{$bytes: AQID}, null, {c: 안녕}]}}}}, result: nested object}

  errors:application: {error: {data: {bytes: {$bytes: AQID}, code: NO_TEA, left: {$int64: 3}, price: 1.5}}}
  errors:worded: {error: {message: The tea is out, data: {code: NO_TEA}}}
  errors:text: {error: {data: out of tea}}
  errors:nothing: {error: {data: null}}
  errors:developer: {error: out of tea, logs: [{warn: low stock}]}
  errors:named: {error: {message: tea is not a function, name: TypeError}}
  errors:overloaded: {failure: overloaded}
  errors:limited: {failure: {status: 429, code: TooManyConcurrentRequests, message: Slow down}}

  logs:all:
    result: null
    logs:
      - listing messages
      - {log: [two arguments, {n: 1, big: {$int64: 2}, list: [a, null]}]}
      - {debug: 안녕}
      - {info: "it's"}
      - {warn: [low stock, 2, true]}
      - {error: gone}
  logs:mutation: {type: mutation, result: null, logs: [{info: saved}]}
  logs:action: {type: action, result: null, logs: [{info: fetched}]}
"""


def unsigned_jwt(claims: dict[str, Any]) -> str:
    """Return a well-formed token; nobody signed it."""
    parts = [{"alg": "RS256", "typ": "JWT"}, claims]
    texts = [urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*texts, "c2lnbmF0dXJl"])


def after_head(message: str) -> str:
    """Return what follows the head that every failed function's text has, without the line break at its end."""
    matched = re.fullmatch(r"\[Request ID: [0-9a-f]{16}\] Server Error\n(.*)\n", message, re.DOTALL)
    assert matched, message
    return matched[1]


def frame(function: str) -> str:
    """Return the frame of the stack of what a function throws: where the scenario writes it."""
    before, _, _ = SCENARIO.partition(f"  {function}: ")
    return f"\n    at handler ({FILE}:{before.count(chr(10)) + 1}:3)"

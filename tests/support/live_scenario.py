"""The gateway that tests of streams, sockets and deaths speak to."""

from __future__ import annotations

SECRET = "s3cret"
TEXT = "안녕하세요! 👩‍👩‍👧 무엇을 도와드릴까요? 🇰🇷 é"
PIECES = ["안녕하세요! ", "👩‍👩‍👧 ", "무엇을 ", "도와드릴까요? ", "🇰🇷 ", "é"]
SCENARIO = f"""
gateway:
  agents: {{main: {{}}, other: {{}}, third: {{}}}}
  channels: {{signal: {{status: disconnected, reconnect: {{takes: 1s}}}}}}
  cron: {{nightly: {{schedule: "0 4 * * *", prompt: count, run: {{reply: "all is well"}}}}}}
  chat:
    rules:
      - {{when: {{message: hello}}, reply: "{TEXT}", stream: {{every: 10ms}}, tokens: 41}}
      - {{when: {{message: count}}, reply: [one, " two", " three"], stream: {{every: 100ms}}}}
      - {{when: {{message: quick}}, reply: "a quick reply", stream: {{every: 0ms}}}}
      - {{when: {{message: lines}}, reply: ["first\\nsecond\\r\\n", "id: 7\\n\\ndata: x\\u2028"],
         stream: {{every: 0ms}}}}
      - {{when: {{message: fail}}, failure: {{status: 503, code: OVERLOADED, message: too much}}}}
      - {{when: {{message: many}}, reply: "${{['x'] * 3000}}", stream: {{every: 0ms}}}}
      - {{when: {{message: huge}}, reply: "${{['x' * 60000] * 10}}", stream: {{every: 0ms}}}}
      - {{when: {{message: giant}}, reply: "${{['x' * 60000] * 120}}", stream: {{every: 0ms}}}}
      - {{when: {{message: breaks}}, reply: [a, b, c, d], stream: {{every: 10ms}},
         failure: {{disconnect: {{after_chunks: 2}}}}}}
      - {{when: {{message: resets}}, reply: [a, b, c, d], stream: {{every: 10ms}},
         failure: {{reset: {{after_chunks: 2}}}}}}
      - {{when: {{message: garbles}}, reply: [a, b, c, d], stream: {{every: 10ms}},
         failure: {{malformed: {{after_chunks: 2}}}}}}
      - {{when: {{message: bytes}}, reply: [abc, def, ghi], stream: {{every: 10ms}},
         failure: {{disconnect: {{after_bytes: 7}}}}}}
      - {{when: {{message: quick reset}}, reply: [a, b, c], stream: {{every: 0ms}},
         failure: {{reset: {{after_chunks: 2}}}}}}
      - {{when: {{message: hangs}}, failure: timeout}}
      - {{reply: "you said ${{message}}", stream: {{every: 10ms}}}}
"""
LOCKED = f"""
  auth: {{password: {SECRET}, tokens: {{looker: {{scopes: [read]}}, writer: {{scopes: [read, write]}}}}}}
"""


def locked(more: str = "") -> str:
    """Return the scenario with a password, and with more sections of the gateway."""
    return f"{SCENARIO}{LOCKED}{more}"

"""What a query of 20 rows costs the server in CPU time, beside bare aiohttp that has the bytes ready."""

from __future__ import annotations

import json
from pathlib import Path

from bench import scenarios
from bench.beside import compare
from bench.measure import Connection, post, table
from bench.servers import LOOPS, bare, emulator

AIM = 0.5
ROWS = 20
ROUNDS = 40
_ARGS = {"user": {"name": "Ada", "level": 3}, "channel": "general"}
_EMPTY = len(json.dumps({"status": "success", "value": "", "logLines": []}, separators=(",", ":")))
_CASES = (
    f"{ROWS} mappings of 3 expressions",
    f"a comprehension over a table of {ROWS}",
    f"query: of a table of {ROWS}",
)
_HEADING = ("result", "bytes", "loop", "bare, µs", "emulator, µs", "bare / emulator", "middle half", f"aim {AIM}")


def main(work: Path) -> None:
    folder = scenarios.write(work / "rows", _scenario())
    rows: list[tuple[str, ...]] = [_HEADING]
    for number, name in enumerate(_CASES):
        body = {"path": f"module{number}:list", "args": _ARGS, "format": "json"}
        request = post("/api/query", json.dumps(body).encode())
        for loop in LOOPS:
            with emulator(work, folder, loop) as ours:
                size = _size(ours.port, request)
                with bare(work, len(_CASES), size - _EMPTY, loop) as theirs:
                    assert _size(theirs.port, request) == size
                    rows.append((name, f"{size:,}", loop, *compare(theirs, ours, [request], ROUNDS, AIM)))
    print(table(rows))


def _scenario() -> str:
    computed = [
        f"      - {{_id: row{row:03}, author: '${{args.user.name}}', likes: '${{args.user.level + {row}}}', "
        f"body: 'Hello ${{args.user.name}}, number {row} of ${{args.channel}}'}}\n"
        for row in range(ROWS)
    ]
    fields = "'_id': row._id, 'author': upper(row.author), 'body': row.body, 'likes': row.likes + args.user.level"
    return (
        "tables:\n  messages:\n"
        f"    count: {ROWS}\n"
        "    document: {author: Ada, body: 'Hello number ${index} from here', likes: '${index * 2}'}\n"
        "functions:\n"
        f"  module0:list:\n    type: query\n    result:\n{''.join(computed)}"
        f'  module1:list: {{type: query, result: "${{[{{{fields}}} for row in tables.messages]}}"}}\n'
        "  module2:list: {type: query, query: {table: messages}}\n"
    )


def _size(port: int, request: bytes) -> int:
    """Return how many bytes a server answers, after it said that it could."""
    connection = Connection(port)
    answer = connection.ask(request)
    connection.close()
    assert json.loads(answer)["status"] == "success", answer
    return len(answer)

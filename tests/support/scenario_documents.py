"""Hypothesis strategies for scenario files: mostly sound documents, ways to spoil them, and their YAML."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, TypeAlias

import yaml
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

Document: TypeAlias = dict[str, Any]

_KEYS = st.sampled_from(["a", "b_c", "author", "body", "name", "이름", "x y"])
_TEXTS = st.sampled_from(["", "Hello", "안녕", "yes", "12:30", "null", "1e3", "$${x}", "a: b", "# no", " x ", "'", '"'])
_NUMBERS = st.integers(-(2**40), 2**40) | st.sampled_from([0.5, -1.25, float("inf")])
_SCALARS = st.none() | st.booleans() | _NUMBERS | _TEXTS
_VALUES = st.recursive(
    _SCALARS | st.sampled_from([{"$int64": 3}, {"$bytes": "AQID"}, {"$int64": "x"}, {"$ref": 1}, "${now}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=5,
)
_DURATIONS = st.sampled_from(["0ms", "250ms", "3s", "1m30s", "0.5s", "2d", "400d"])
_NAMES = st.sampled_from(["ada", "ben", "에이다", "1", ""])
_PATHS = st.sampled_from([*["messages:list", "a/b:c", "users"] * 4, "messages.js:list", "bad name"])


def _some(**optional: SearchStrategy[Any]) -> SearchStrategy[Document]:
    return st.fixed_dictionaries({}, optional=optional)


_DELAYS = (
    _DURATIONS
    | st.fixed_dictionaries({"min": _DURATIONS, "max": _DURATIONS})
    | st.fixed_dictionaries({"median": _DURATIONS, "p99": _DURATIONS})
)
_ERRORS = _TEXTS | _some(message=_TEXTS, data=_VALUES, name=_TEXTS)
_FAILURES = st.sampled_from(["overloaded", "internal", "not_found", "rate_limited"]) | st.fixed_dictionaries(
    {"status": st.sampled_from([400, 429, 503, 599])}, optional={"code": _TEXTS, "message": _TEXTS}
)
_FAULT_NAMES = st.sampled_from(["slow", "slow", "outage", "x.y-z_1"])
_LOG_LINES = _TEXTS | st.dictionaries(st.sampled_from(["log", "debug", "info", "warn", "error"]), _VALUES, max_size=2)
_TABLES = st.sampled_from(["users", "users", "messages", "nobody"])
_VARIABLES = st.sampled_from(["mode", "mode", "count", "nothing"])
_EXPRESSIONS = st.sampled_from(
    ["${args.id}", "${call > 3}", "${state.mode}", "${tables.users[0]._id}", "${oops}", "${"]
)
_DOCUMENTS = st.dictionaries(_KEYS, _VALUES, max_size=2) | _EXPRESSIONS
_IDS = _TEXTS | _EXPRESSIONS
_QUERIES = st.fixed_dictionaries(
    {"table": _TABLES},
    optional={
        "id": _IDS,
        "where": st.dictionaries(_KEYS, _VALUES, max_size=2),
        "order": st.sampled_from(["asc", "desc", {"by": "author"}, {"by": "author", "order": "desc"}]),
        "limit": st.integers(0, 9) | _EXPRESSIONS | st.none(),
        "first": st.booleans(),
        "unique": st.booleans(),
        "paginate": st.booleans(),
    },
)
_AS = st.sampled_from(["id", "user", "args", None])
_FIELDS = st.sampled_from(
    [
        "any",
        "string",
        "{author: string}",
        {"author": "string", "tags?": {"a": "string[]"}},
        {"author": "id(users)"},
        None,
    ]
)
_WHEN = _some(
    args=st.dictionaries(_KEYS, _VALUES, max_size=2),
    identity=st.none() | _NAMES | st.dictionaries(_KEYS, _VALUES, max_size=2),
    state=st.dictionaries(_VARIABLES, _VALUES, max_size=2) | st.none(),
    headers=st.dictionaries(_KEYS, _VALUES, max_size=1) | st.none(),
    call=st.integers(1, 5) | _some(**{"from": st.integers(1, 3), "to": st.integers(2, 5), "every": st.just(2)}),
    chance=st.sampled_from([0, 0.5, 1, None]),
    **{"if": _EXPRESSIONS | st.none()},
)


def _entry(key: str, /, inner: SearchStrategy[Any]) -> SearchStrategy[Document]:
    return st.fixed_dictionaries({key: inner})


def _delayed(effects: SearchStrategy[Document]) -> SearchStrategy[Document]:
    return st.fixed_dictionaries({"after": _DURATIONS, "do": st.lists(effects, min_size=1, max_size=2)})


_EFFECTS = st.recursive(
    st.one_of(
        _entry("insert", st.fixed_dictionaries({"into": _TABLES, "document": _DOCUMENTS}, optional={"as": _AS})),
        _entry("patch", st.fixed_dictionaries({"table": _TABLES, "id": _IDS, "fields": _DOCUMENTS})),
        _entry("replace", st.fixed_dictionaries({"table": _TABLES, "id": _IDS, "document": _DOCUMENTS})),
        _entry("delete", st.fixed_dictionaries({"table": _TABLES, "id": _IDS})),
        _entry("set", st.dictionaries(_VARIABLES, _VALUES, min_size=1, max_size=2)),
        _entry("call", st.fixed_dictionaries({"function": _PATHS}, optional={"args": _DOCUMENTS, "as": _AS})),
        _entry("log", _LOG_LINES),
        _entry("fault", st.fixed_dictionaries({"name": _FAULT_NAMES, "enabled": st.booleans()})),
    ),
    _delayed,
    max_leaves=3,
)
_DO = st.lists(_EFFECTS, min_size=1, max_size=3)
_ANSWERS: dict[str, SearchStrategy[Any]] = {
    "result": _VALUES,
    "error": _ERRORS,
    "failure": _FAILURES,
    "query": _QUERIES,
    "do": _DO,
}


@st.composite
def _outcomes(draw: DrawFn, /, **more: SearchStrategy[Any]) -> Document:
    """Draw an outcome, nearly always with exactly one answer."""
    usual = [["result"], ["error"], ["failure"], ["query"], ["do"], ["do", "result"], ["do", "query"]]
    answers = draw(st.sampled_from(usual * 2 + [[], ["result", "error"], ["query", "failure"]]))
    outcome = {each: draw(_ANSWERS[each]) for each in answers}
    return outcome | draw(_some(logs=st.lists(_LOG_LINES, max_size=2), delay=_DELAYS | st.none(), **more))


_RULES = _outcomes(when=_WHEN | st.none())
_TYPES = st.sampled_from(["query", "mutation", "action", None])
_FUNCTIONS = (
    _outcomes(when=_WHEN, type=_TYPES, args=_FIELDS, returns=_FIELDS)
    | st.fixed_dictionaries({"rules": st.lists(_RULES, min_size=1, max_size=3)}, optional={"type": _TYPES, "do": _DO})
    | st.fixed_dictionaries(
        {"sequence": st.lists(_outcomes(), min_size=1, max_size=3)}, optional={"repeat": st.booleans()}
    )
)
_DEPLOYMENTS = _some(
    name=st.sampled_from(["demo", "demo-1", "x" * 64, None]),
    type=st.sampled_from(["dev", "prod"]),
    env=st.dictionaries(st.sampled_from(["API_HOST", "a-b", "CONVEX_SITE_URL"]), _TEXTS, max_size=2),
    admin_keys=st.none() | st.lists(st.sampled_from(["demo|1", "demo|2", "demo", "|"]), max_size=2),
)
_IDENTITIES = st.fixed_dictionaries(
    {"token": st.sampled_from("abcdefgh")}, optional={"claims": st.dictionaries(_KEYS, _VALUES, max_size=2)}
)
_TABLE = _some(fields=_FIELDS, documents=st.lists(_DOCUMENTS, max_size=2)) | st.fixed_dictionaries(
    {"count": st.integers(0, 3), "document": _DOCUMENTS}, optional={"fields": _FIELDS}
)
_CLOCKS = _some(
    start=st.sampled_from(["2024-02-08T12:00:00Z", "2024-02-08", "soon", None]), rate=st.sampled_from([1, 0.5, 60])
)
_OPERATIONS = st.sampled_from(["*", "messages:*", "messages:list", "POST /api/chat", ["GET *", "users:*"], "no:such"])
_FAULTS = st.fixed_dictionaries(
    {"name": _FAULT_NAMES, "on": _OPERATIONS},
    optional={
        "enabled": st.booleans(),
        "chance": st.sampled_from([0, 0.5, 1, None]),
        "after": st.integers(0, 5),
        "every": st.integers(1, 5),
        "times": st.integers(1, 5) | st.none(),
        "delay": _DELAYS,
        "failure": _FAILURES | st.sampled_from(["timeout", "reset", {"disconnect": {"after_chunks": 2}}]),
        "bandwidth": st.integers(1, 10**6) | st.none(),
    },
)
_LIMITS = st.fixed_dictionaries(
    {"on": _OPERATIONS, "allow": st.integers(1, 100), "per": _DURATIONS},
    optional={
        "name": _FAULT_NAMES | st.none(),
        "by": st.sampled_from(["identity", "session", "address", "everyone"]),
        "kind": st.sampled_from(["bucket", "window"]),
    },
)

SOUND: SearchStrategy[Document] = _some(
    description=_TEXTS,
    include=st.sampled_from([*[[]] * 7, ["_part.yaml"], ["../x.yaml"], ["default.yaml"]]),
    seed=st.integers(-(2**63), 2**63),
    deployment=_DEPLOYMENTS,
    identities=st.none() | st.dictionaries(_NAMES, _IDENTITIES, max_size=3),
    vars=st.dictionaries(_KEYS, _VALUES, max_size=2),
    functions=st.dictionaries(_PATHS, _FUNCTIONS, max_size=2),
    locale=st.sampled_from(["en_US", "ko_KR"]),
    clock=_CLOCKS | st.none(),
    state=st.dictionaries(st.sampled_from(["mode", "count"]), _VALUES, max_size=2),
    tables=st.dictionaries(st.sampled_from(["users", "messages", "no table"]), _TABLE, max_size=2),
    timeline=st.lists(st.fixed_dictionaries({"at": _DURATIONS, "do": _DO}), max_size=2),
    faults=st.lists(_FAULTS, max_size=2),
    limits=st.lists(_LIMITS, max_size=2),
)

ANY = [None, True, 0, -1, 7, 250, 1.5, 1.0, "", "x", "7", "5 s", [], [1], ["x"], {}, {"x": 1}]
NEARLY_RIGHT: dict[str, list[Any]] = {
    "after": [1, 1.0, 1.5, "soon", "-1s"],
    "allow": [0, 1.0, 1.5, "5", {"$int64": 3}],
    "bandwidth": [0, 1.0, 0.5, "1kB"],
    "by": ["identity", "everybody", ["address"]],
    "args": [["a"], {"a": 7}, {"a": None}, "strng", "", {"type": "object", "value": {}}],
    "as": ["2nd", "two words", "x" * 65, "if", "args", "id"],
    "at": [30, "soon", "2024-02-08T12:00:00Z"],
    "call": [0, 1.0, 1.5, "3", {"from": 0}, {"from": 5, "to": 3}, {"each": 2}, {"to": None}, {"every": 1.0}],
    "chance": [0.5, -0.1, 1.1, "10%", float("inf")],
    "clock": [{"start": "2024-02-08"}, {"rate": 0}, "2024-02-08", {"zone": "UTC"}],
    "count": [1000000, 1000001, -1, 2.5, "5"],
    "delete": [{"table": "t"}, {"table": "t", "id": 7}, {"from": "t", "id": "i"}],
    "do": [[{}], [{"log": None}], {"log": "x"}, [{"log": "x", "set": {"x": 1}}], [{"log": "x"}], [{"after": "1s"}]],
    "document": [{"_id": 7}, "${now}", "now", [{}], {"$int64": 3}, {"$bytes": "AQID"}],
    "documents": [[{}], [[]], [None], ["text"], ["${index}"], [{"$int64": 3}], {"a": {}}],
    "enabled": ["yes", "true"],
    "every": [0, 1.0, 2.5],
    "fault": [{"name": "f", "enabled": True}, {"name": "f"}, "f", {"name": "f", "enabled": 1}],
    "faults": [[{"name": "f", "on": "*"}], [{"on": "*", "delay": "1s"}], {"f": {"on": "*"}}, [None]],
    "fields": [["a"], {"a": 7}, "string", {"a": "string[]"}, {"a": "id(t)"}],
    "first": ["yes", 1],
    "function": ["a", "a:b", "no such"],
    "headers": [[], {"X-A": {"$regex": "["}}],
    "if": ["${args.a}", "args.a", "${"],
    "insert": [{"into": "t"}, {"table": "t", "document": {}}, {"into": "t", "document": {}, "as": None}],
    "kind": ["window", "leaky"],
    "limits": [[{"on": "*", "allow": 1, "per": "1s"}], [{"on": "*", "allow": 1}], {"on": "*"}, [[]]],
    "limit": [-1, 0.5, "ten", "${args.n}", [3], {"$int64": 3}],
    "locale": ["ko_KR", "ko-KR", "en_US", "english"],
    "log": [{"info": ["a"]}, {"info": "a", "warn": "b"}, ["a"]],
    "on": ["*", [], ["*", 1], ["*", []], {"a": "b"}, "a:b", "nothing"],
    "order": ["asc", "down", {"by": ""}, {"by": "a", "order": "up"}, {"order": "asc"}],
    "per": [0, 10, "0ms", "10s", "1 minute", "400d"],
    "query": [
        {"table": "t"},
        {"table": "t", "id": None},
        {"tabel": "t"},
        {"table": "t", "first": True, "unique": True},
    ],
    "rate": [0, 1e-9, 1e6, 1e7, "2"],
    "returns": ["string", "string?", "strng", ["string"], {"a": "string"}],
    "set": [{"x": None}, {"y": 1}],
    "start": ["2024-02-08T12:00:00Z", "12:30", 20240208],
    "state": [{"x": 1}, {"$any": [{"x": 1}]}, {"mode": "${now}"}],
    "table": ["t", "nothing"],
    "tables": [{"t": None}, {"t": []}, {"t": {}}, {"no table": {}}],
    "times": [0, 1.0, 1.5, "twice"],
    "timeline": [[{"at": "1s"}], [{"at": "1s", "do": []}], {"at": "1s"}],
    "where": [{"a": {"$gt": 1}}, "${args.a}", [["a", 1]]],
    "admin_keys": [["demo"], ["|"], ["a|b|c"], [1], "demo|1"],
    "delay": [250, "250", "1s1m", "3S", {"min": "1s"}, {"median": "1s", "max": "2s"}, {"min": 1, "max": "2s"}],
    "error": [{"mesage": "no"}, {"message": 1}, {"name": None}],
    "failure": [
        "overlaoded",
        "timeout",
        503,
        {"code": "X"},
        {"status": 503, "retry": 1},
        {"disconnect": None},
        {"reset": {}, "malformed": {}},
        {"disconnect": {"after_chunks": 2}},
    ],
    "identity": [7, ["ada"], False],
    "logs": ["text", [1], [["a"]], [{"warning": 1}]],
    "name": ["my app", "a.b_c", ".a", "a\r\nb", "-x", "x" * 65, "에이다"],
    "repeat": ["yes", 1],
    "rules": [[{}], [{"when": {}}], {"result": 1}],
    "seed": [2**70, -1.0, 1e300],
    "sequence": [[{}], [{"when": {}, "result": 1}], {"result": 1}],
    "status": [200, 399, 600, "503", 503.0, 503.5],
    "token": [12345],
    "type": ["Query", "http", "production"],
    "when": ["always", {"arg": {}}, {"args": []}],
}
_FORMLESS = {"args", "claims", "data", "result", "vars", "state", "headers", "where", "document", "fields", "returns"}
_SPELLINGS = st.sampled_from(
    ["", "x", "Result", "result", "error", "rules", "token", "status", "min", "p99", "when", "do", "log", "id"]
)


def _slots(node: Any) -> list[tuple[Any, str | int]]:
    """Return every mapping and list that has a form, with each of its keys."""
    keys: list[str | int] = list(node) if isinstance(node, dict) else []
    keys += range(len(node)) if isinstance(node, list) else []
    inside = [node[key] for key in keys if key not in _FORMLESS]
    return [(node, key) for key in keys] + [deeper for each in inside for deeper in _slots(each)]


def _spoil(draw: DrawFn, container: Any, key: str | int) -> None:
    wrong = deepcopy(draw(st.sampled_from(ANY) | st.sampled_from(NEARLY_RIGHT.get(str(key), ANY))))
    match draw(st.sampled_from(["drop", "rename", "retype", "retype", "add"])):
        case "drop":
            del container[key]
        case "rename" if isinstance(key, str):
            container[draw(_SPELLINGS | st.just(key[:-1]))] = container.pop(key)
        case "add" if isinstance(key, str):
            container[draw(_SPELLINGS)] = wrong
        case _:
            container[key] = wrong


@st.composite
def documents(draw: DrawFn) -> Document:
    """Draw a sound document and spoil it in up to three places."""
    document = deepcopy(draw(SOUND))
    for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2, 3]))):
        slots = _slots(document)
        if slots:
            _spoil(draw, *draw(st.sampled_from(slots)))
    return document


class _Dumper(yaml.SafeDumper):
    """Quotes every text, so that it stays one by YAML 1.2 as well, and repeats no node by an alias."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


_Dumper.add_representer(str, _quoted)


def to_yaml(document: Document, *, flow: bool | None) -> str:
    """Write a document as YAML, in flow style, in block style, or (None) with flow style at the leaves."""
    return yaml.dump(document, Dumper=_Dumper, default_flow_style=flow, allow_unicode=True, sort_keys=False, width=60)

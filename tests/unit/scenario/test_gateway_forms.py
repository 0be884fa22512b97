"""What becomes of the written form of a gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.model.constant import Constant
from emulator.model.function import FirstMatch, Sequence
from emulator.model.gateway import (
    Access,
    Agent,
    Channel,
    ChannelStatus,
    CronJob,
    Gateway,
    Message,
    Node,
    Pairing,
    Reconnect,
    Scope,
    Session,
)
from emulator.model.place import Place
from emulator.model.rule import Death, End, Failure, FixedDelay, Pace, Reply, Rule, Unit
from emulator.reload.rehearse import rehearse
from emulator.values.instants import parse_instant
from tests.support.scenarios import load_files, load_text

MS = 1_000_000
SECOND = 1_000 * MS
NOON = parse_instant("2024-02-08T12:00:00Z")
NOWHERE = Place("", 0, 0)


def gateway(folder: Path, text: str) -> Gateway:
    return load_text(folder, f"gateway: {text}").gateway


def told(folder: Path, text: str) -> list[tuple[str, str]]:
    """Return the slugs of what is wrong, each with the line it stands at."""
    loaded = load_files(folder, {"default.yaml": f"gateway: {text}"})
    lines = f"gateway: {text}".splitlines()
    return [(each.slug, lines[each.place.line - 1][each.place.column - 1 :][:12]) for each in loaded.problems]


def rules(folder: Path, text: str) -> tuple[Rule, ...]:
    chat = gateway(folder, f"{{chat: {text}}}").chat
    assert chat is not None
    assert isinstance(chat.script, FirstMatch | Sequence)
    return chat.script.rules


def test_a_scenario_without_a_gateway_has_the_usual_one(tmp_path: Path) -> None:
    found = load_text(tmp_path, "functions: {}").gateway

    assert found == Gateway() == gateway(tmp_path, "{}")
    assert found.access.is_open
    assert found.agents == {"main": Agent("main", "Main")}
    assert found.chat is None


def test_access_is_the_password_and_tokens_with_scopes(tmp_path: Path) -> None:
    access = gateway(tmp_path, "{auth: {password: p, tokens: {a: {}, b: {scopes: [read, admin]}}}}").access

    assert access == Access("p", {"a": frozenset({Scope.READ}), "b": frozenset({Scope.READ, Scope.ADMIN})})
    assert not access.is_open
    assert "p" not in repr(access).replace("Access(", "")


@pytest.mark.parametrize(
    ("text", "agents"),
    [
        ("{main: {name: Boss}}", [Agent("main", "Boss")]),
        ("{coder: {}}", [Agent("main", "Main"), Agent("coder", "Coder")]),
        (
            "{coder: {model: m, status: error, error: e, workspace: w}, main: {}}",
            [Agent("coder", "Coder", "m", "error", "w", "e"), Agent("main", "Main")],
        ),
    ],
)
def test_agents_come_as_written_and_main_is_among_them(text: str, agents: list[Agent], tmp_path: Path) -> None:
    assert list(gateway(tmp_path, f"{{agents: {text}}}").agents.values()) == agents


def test_sessions_channels_and_nodes_have_their_parts(tmp_path: Path) -> None:
    found = gateway(
        tmp_path,
        """
  sessions:
    agent:main:telegram:dm:1:
      last_active: 2024-02-08T12:00:00Z
      messages: [{role: user, content: hi, at: "2024-02-08T12:00:00Z"}, {role: tool, content: ''}]
  channels:
    a: {}
    b: {status: disconnected, error: e, last_activity: 2024-02-08T13:00:00+01:00}
    c: {reconnect: {takes: 2s, becomes: disconnected}}
    d: {reconnect: {error: no}}
  nodes: {n: {}, m: {name: M, platform: linux, status: offline, capabilities: [a], last_seen: 2024-02-08T12:00:00}}
  pairing: {code: ABCD1234, ttl: 1m}
""",
    )

    key = "agent:main:telegram:dm:1"
    assert found.sessions == {key: Session(key, (Message("user", "hi", NOON), Message("tool", "")), NOON)}
    assert list(found.channels.values()) == [
        Channel("a"),
        Channel("b", ChannelStatus.DISCONNECTED, NOON, "e"),
        Channel("c", reconnect=Reconnect(2 * SECOND, ChannelStatus.DISCONNECTED)),
        Channel("d", reconnect=Reconnect(error="no")),
    ]
    assert list(found.nodes.values()) == [Node("n", "n"), Node("m", "M", "linux", "offline", ("a",), NOON)]
    assert found.pairing == Pairing("ABCD1234", 60 * SECOND)


def test_jobs_have_their_parts(tmp_path: Path) -> None:
    found = gateway(
        tmp_path,
        """
  agents: {coder: {}}
  cron:
    plain: {schedule: '0 9 * * *'}
    매일:
      schedule: '@daily'
      enabled: false
      prompt: p
      agent: coder
      target: {a: [1, null, {b: true}]}
      timezone: Asia/Seoul
      single_instance: true
      fires: true
      run: {takes: 1s, reply: r}
    bad: {schedule: '0 9 * * *', run: {result: error}}
    worse: {schedule: '0 9 * * *', run: {error: e}}
""",
    ).cron

    assert found["plain"] == CronJob("plain", "0 9 * * *", NOWHERE)
    assert found["매일"] == CronJob(
        id="매일",
        schedule="@daily",
        place=NOWHERE,
        enabled=False,
        prompt="p",
        agent="coder",
        target={"a": [1, None, {"b": True}]},
        timezone="Asia/Seoul",
        single_instance=True,
        takes=SECOND,
        reply="r",
        fires=True,
    )
    assert (found["bad"].error, found["worse"].error) == ("the run failed", "e")


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("{agents: {'a b': {}}}", [("bad-id", "'a b': {}}}")]),
        ("{channels: {-a: {}}}", [("bad-id", "-a: {}}}")]),
        ("{sessions: {nonsense: {}}}", [("bad-session-key", "nonsense: {}")]),
        ("{sessions: {'agent:a:b:room:1': {}}}", [("bad-session-key", "'agent:a:b:r")]),
        ("{sessions: {'agent:a:main': {last_active: noon}}}", [("bad-instant", "noon}}}")]),
        ("{sessions: {'agent:a:main': {messages: [{role: user, content: x, at: no}]}}}", [("bad-instant", "no}]}}}")]),
        ("{sessions: {'agent:a:main': {messages: [{role: boss, content: x}]}}}", [("unknown-choice", "boss, conten")]),
        ("{channels: {a: {error: e}}}", [("outcome-conflict", "error: e}}}")]),
        ("{channels: {a: {reconnect: {becomes: connected, error: e}}}}", [("outcome-conflict", "{becomes: co")]),
        ("{channels: {a: {status: up}}}", [("unknown-choice", "up}}}")]),
        ("{nodes: {a: {platform: amiga}}}", [("unknown-choice", "amiga}}}")]),
        ("{pairing: {code: abc}}", [("bad-value", "abc}}")]),
        ("{cron: {a: {schedule: often}}}", [("bad-schedule", "often}}}")]),
        ("{cron: {a: {schedule: '0 9 * * *', timezone: Moon}}}", [("bad-schedule", "'0 9 * * *',")]),
        ("{cron: {a: {schedule: '0 9 * * *', agent: mian}}}", [("unknown-choice", "mian}}}")]),
        ("{cron: {'': {schedule: '0 9 * * *'}}}", [("bad-id", "'': {schedul")]),
        ("{chat: {reply: 1}}", [("wrong-type", "1}}")]),
        ("{chat: {reply: [a, 1]}}", [("wrong-type", "[a, 1]}}")]),
        ("{chat: {reply: a, tokens: -1}}", [("wrong-type", "-1}}")]),
        ("{chat: {reply: a, failure: internal}}", [("outcome-conflict", "failure: int")]),
        ("{chat: {rules: [{when: {message: a}}]}}", [("no-outcome", "{when: {mess")]),
        ("{chat: {reply: a, stream: {every: 1s, rate: 2}}}", [("outcome-conflict", "{every: 1s, ")]),
        ("{chat: {reply: '${args.x}'}}", [("bad-expression", "args.x}'}}")]),
        ("{chat: {when: {state: {nothing: 1}}, reply: a}}", [("unknown-state", "nothing: 1}}")]),
        ("{chat: {do: [{channel: {id: no, status: connected}}], reply: a}}", [("unknown-channel", "no, status: ")]),
        ("{health: sick}", [("unknown-choice", "sick}")]),
        ("{auth: {tokens: {a: {scopes: [rule]}}}}", [("unknown-choice", "rule]}}}}")]),
    ],
)
def test_what_cannot_be_is_told_where_it_stands(text: str, problems: list[tuple[str, str]], tmp_path: Path) -> None:
    assert told(tmp_path, text) == problems


def test_a_job_with_an_agent_that_is_not_there_is_helped(tmp_path: Path) -> None:
    text = "gateway: {cron: {a: {schedule: '0 9 * * *', agent: mian}}}"
    (problem,) = load_files(tmp_path, {"default.yaml": text}).problems

    assert (problem.message, problem.expected) == ("there is no agent 'mian'", "one of: main")
    assert problem.hint == "did you mean 'main'?"


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ("{gateway: {auth: {mode: none}}}", "config: gateway.auth follows from gateway: auth, and cannot be written"),
        ("{agents: {defaults: {model: 5}}}", "config: agents.defaults.model: must be a text"),
        ("{__proto__: 1}", "config: __proto__: __proto__ cannot be a key"),
    ],
)
def test_a_config_that_cannot_be_is_told_before_the_scenario_begins(config: str, sentence: str, tmp_path: Path) -> None:
    loaded = load_files(tmp_path, {"default.yaml": f"gateway:\n  config: {config}\n"})
    assert not loaded.problems

    (problem,) = rehearse(loaded, NOON).problems

    assert (problem.slug, problem.place.line, problem.place.column) == ("bad-seed", 2, 11)
    assert problem.message.startswith(sentence)


def test_a_chat_is_one_rule_or_several_or_a_sequence(tmp_path: Path) -> None:
    assert [each.outcome for each in rules(tmp_path, "{reply: a}")] == [Reply(Constant("a"))]
    assert len(rules(tmp_path, "{rules: [{reply: a}, {reply: b}]}")) == 2
    assert len(rules(tmp_path, "{sequence: [{reply: a}, {failure: internal}], repeat: true}")) == 2


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("{reply: [a, b]}", Reply(Constant(["a", "b"]))),
        ("{reply: a, tokens: 5}", Reply(Constant("a"), Constant(5.0))),
        ("{reply: a, stream: {by: line, first: 1s}}", Reply(Constant("a"), None, Pace(Unit.LINE, SECOND))),
        ("{reply: a, stream: {every: 5ms}}", Reply(Constant("a"), None, Pace(every=5 * MS))),
        ("{reply: a, stream: {rate: 20}}", Reply(Constant("a"), None, Pace(rate=20.0))),
        ("{failure: overloaded}", Failure(503)),
        ("{failure: {status: 418, code: C, message: m}}", Failure(418, "C", "m")),
    ],
)
def test_a_rule_replies_or_fails(text: str, outcome: Reply | Failure, tmp_path: Path) -> None:
    (rule,) = rules(tmp_path, text)

    assert rule.outcome == outcome


def test_rules_take_what_they_leave_out_from_their_chat(tmp_path: Path) -> None:
    text = "{reply: a, delay: 1s, stream: {every: 1ms}, rules: [{when: {message: x}}, {reply: b, delay: 2s}]}"
    first, second = rules(tmp_path, text)

    assert (first.outcome, first.delay) == (Reply(Constant("a"), None, Pace(every=MS)), FixedDelay(SECOND))
    assert (second.outcome, second.delay) == (Reply(Constant("b"), None, Pace(every=MS)), FixedDelay(2 * SECOND))


def test_a_connection_dies_with_a_reply_or_without(tmp_path: Path) -> None:
    (with_reply,) = rules(tmp_path, "{reply: a, failure: {reset: {after_chunks: 1}}}")
    (without,) = rules(tmp_path, "{failure: timeout}")

    assert (with_reply.outcome, with_reply.death) == (Reply(Constant("a")), Death(End.RESET, 1))
    assert (without.outcome, without.death) == (Reply(Constant("")), Death(End.TIMEOUT))

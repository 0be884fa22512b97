"""The gateway's three pages, whole in themselves: a login form, an overview, a chat (contract openclaw §1.2, §1.3)."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from html import escape
from typing import NamedTuple
from urllib.parse import quote

_MAX_NEXT = 2_000
_URL_CHARACTERS = "/:?#[]@!$&'()*+,;=%~"
_LINKS = ("/health", "/api/agents", "/api/channels", "/api/sessions", "/api/nodes", "/api/cron", "/api/config")
_DOCS = "https://docs.openclaw.ai/"

_STYLE = """
:root { color-scheme: light dark; --back: #f6f5f2; --card: #fff; --text: #1d2125; --soft: #5a636b; --line: #d5d8dc;
  --accent: #b3391b; --on-accent: #fff; --bad: #a8201a; --good: #1f6f43; --mine: #f9e4dd; }
@media (prefers-color-scheme: dark) {
  :root { --back: #15181b; --card: #1f2327; --text: #e7eaed; --soft: #a2abb3; --line: #3a4148;
    --accent: #ff8a6b; --on-accent: #2a0d05; --bad: #ff9a90; --good: #7fd6a4; --mine: #3a2620; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 2rem 1rem; }
main.narrow { max-width: 24rem; padding-top: 12vh; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0 1rem; }
a { color: var(--accent); }
.soft { color: var(--soft); }
.bad { color: var(--bad); }
.good { color: var(--good); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: 1.25rem; }
.wide { overflow-x: auto; padding: .25rem 1rem; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
td:last-child { overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 600; font-size: .875rem; }
code { font: .9em ui-monospace, monospace; }
ul { list-style: none; padding: 0; margin: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
label { display: block; font-weight: 600; margin-bottom: .25rem; }
input, select, textarea, button { font: inherit; color: inherit; padding: .5rem .75rem; border-radius: .375rem;
  border: 1px solid var(--soft); background: var(--card); width: 100%; }
button { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600;
  cursor: pointer; width: auto; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.login button { width: 100%; margin-top: 1rem; }
.row { display: flex; gap: .75rem; align-items: end; }
.row > * { flex: 1; min-width: 0; }
.row > button { flex: none; }
main.chat { display: flex; flex-direction: column; height: 100vh; height: 100dvh; padding: 1rem; gap: .75rem; }
main.chat p { margin: 0; min-height: 1.5em; }
input, select { height: 2.625rem; }
textarea { display: block; resize: none; }
#log { flex: 1; min-height: 6rem; overflow-y: auto; display: flex; flex-direction: column; gap: .5rem; }
#log > div { max-width: 85%; padding: .5rem .75rem; border-radius: .5rem; border: 1px solid var(--line);
  white-space: pre-wrap; overflow-wrap: anywhere; }
#log > .user { align-self: flex-end; background: var(--mine); }
#log > .assistant { align-self: flex-start; background: var(--back); }
#log b { display: block; font-size: .8125rem; color: var(--soft); }
"""

_SCRIPT = """
"use strict";
const $ = (id) => document.getElementById(id);
const log = $("log"), form = $("form"), message = $("message"), agent = $("agent"), session = $("session");
let stream = null, runs = new Map(), ready = null;

function say(text, bad) {
  $("status").textContent = text;
  $("status").className = bad ? "bad" : "soft";
}
function nameOf() {
  return session.value.trim() || "web";
}
function add(role, text) {
  const item = document.createElement("div"), who = document.createElement("b"), words = document.createElement("span");
  item.className = role;
  who.textContent = role === "user" ? "You" : agent.selectedOptions[0].textContent;
  words.textContent = text;
  item.append(who, words);
  log.append(item);
  log.scrollTop = log.scrollHeight;
  return words;
}
function runOf(id) {
  if (!runs.has(id)) runs.set(id, {words: add("assistant", ""), over: false});
  return runs.get(id);
}
function finish(id, response) {
  const run = runOf(id);
  run.over = true;
  log.ariaBusy = "false";
  run.words.textContent = response;
  log.scrollTop = log.scrollHeight;
}
function check(answer) {
  if (answer.status === 401) location.assign("/login?next=/chat");
  return answer;
}
async function messagesOf(key) {
  const listed = check(await fetch("/api/sessions"));
  if (!listed.ok || !(await listed.json()).sessions.some((each) => each.key === key)) return [];
  const answer = await fetch(`/api/sessions/${encodeURIComponent(key)}/history`);
  return answer.ok ? (await answer.json()).messages : [];
}
async function open() {
  if (stream) stream.close();
  log.replaceChildren();
  log.ariaBusy = "false";
  const known = runs = new Map(), name = nameOf();
  const key = name.startsWith("agent:") ? name : `agent:${agent.value}:api:dm:${name}`;
  const messages = await messagesOf(key);
  if (runs !== known) return;
  for (const each of messages) add(each.role === "user" ? "user" : "assistant", each.content);
  listen("/api/chat/stream?" + new URLSearchParams({session: key, replay: "0"}));
}
function listen(url) {
  const source = stream = new EventSource(url);
  source.onopen = () => say("Connected.");
  source.onmessage = (event) => {
    const data = JSON.parse(event.data), run = runOf(data.runId);
    if (run.over) return;
    log.ariaBusy = "true";
    run.words.textContent += data.chunk;
    log.scrollTop = log.scrollHeight;
  };
  source.addEventListener("done", (event) => {
    const data = JSON.parse(event.data);
    finish(data.runId, data.response);
  });
  source.addEventListener("error", (event) => {
    log.ariaBusy = "false";
    if (event.data) say(JSON.parse(event.data).error.message, true);
    else say(source.readyState === EventSource.CLOSED ? "Not connected." : "Connection lost; trying again…", true);
  });
}
async function send(text) {
  await ready;
  const body = {message: text, session: nameOf()}, known = runs;
  if (!body.session.startsWith("agent:")) body.agent = agent.value;
  add("user", text);
  say("Waiting for the reply…");
  const answer = check(await fetch("/api/chat", {
    method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)}));
  const data = await answer.json(), run = answer.headers.get("X-Run-Id");
  if (!answer.ok) return say(data.error.message, true);
  if (runs === known && run) finish(run, data.response);
  say("");
}
function begin() {
  ready = open().catch((error) => say(`Not connected: ${error.message}`, true));
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = message.value;
  if (!text.trim()) return;
  message.value = "";
  message.focus();
  send(text).catch((error) => say(`No reply: ${error.message}`, true));
});
message.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  form.requestSubmit();
});
agent.addEventListener("change", begin);
session.addEventListener("change", begin);
begin();
"""


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


SECURITY_POLICY = (
    f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; img-src data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""A page may run the script and use the style that are written here, and nothing else, wherever it may come from."""

PAGE_HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", SECURITY_POLICY),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)


class AgentRow(NamedTuple):
    """What the overview and the chat say of an agent."""

    id: str
    name: str
    status: str = ""
    model: str = ""


class ChannelRow(NamedTuple):
    """What the overview says of a channel."""

    id: str
    status: str
    last_activity: str = ""
    error: str = ""


def safe_next(path: str | None) -> str:
    """Return where to go after logging in, as a `Location` holds it: a path of this origin, ``/`` for anything else."""
    plain = path is not None and path[:1] == "/" and path[:2] != "//" and len(path) <= _MAX_NEXT
    if path is None or not plain or any(each == "\\" or ord(each) < ord(" ") or each == "\x7f" for each in path):
        return "/"
    return quote(path, safe=_URL_CHARACTERS, errors="replace")


def login_page(next_path: str | None, error: str | None = None) -> str:
    """Return the login form; `error` says why the one before was not accepted."""
    alert, marks = "", ""
    if error is not None:
        alert = f'<p role="alert" id="error" class="bad">{escape(error)}</p>'
        marks = ' aria-invalid="true" aria-describedby="error"'
    form = f"""<h1>OpenClaw Gateway</h1>
<p class="soft">An emulator. Log in with the password, or a token, of its scenario.</p>
<form class="card login" method="post" action="/login">
{alert}<input type="hidden" name="next" value="{escape(safe_next(next_path))}">
<label for="password">Password</label>
<input type="password" id="password" name="password" autocomplete="current-password" required autofocus{marks}>
<button type="submit">Log in</button>
</form>"""
    return _page("Log in", "narrow", form)


def overview_page(version: str, scenario: str, agents: Iterable[AgentRow], channels: Iterable[ChannelRow]) -> str:
    """Return the page at ``/``: what this is, and what it has."""
    links = "".join(f'<li><a href="{path}">{path}</a></li>' for path in _LINKS)
    content = f"""<h1>OpenClaw Gateway</h1>
<p class="soft">An emulator: version {escape(version)}, scenario <code>{escape(scenario)}</code>.</p>
<p><a href="/chat">Chat with an agent</a></p>
<h2>Agents</h2>
{_table(("Agent", "Name", "Status", "Model"), map(_agent_cells, agents), "No agents.")}
<h2>Channels</h2>
{_table(("Channel", "Status", "Last activity"), map(_channel_cells, channels), "No channels.")}
<h2>API</h2>
<ul>{links}</ul>
<p class="soft"><a href="{_DOCS}" rel="noreferrer">OpenClaw’s documentation</a></p>"""
    return _page("Overview", "", content)


def chat_page(agents: Iterable[AgentRow], session: str = "web") -> str:
    """Return the page at ``/chat``: it sends with ``POST /api/chat`` and hears the reply from ``/api/chat/stream``."""
    options = "".join(f'<option value="{escape(each.id)}">{escape(each.name)}</option>' for each in agents)
    content = f"""<h1>Chat</h1>
<div class="row">
<div><label for="agent">Agent</label><select id="agent">{options}</select></div>
<div><label for="session">Session</label>
<input id="session" value="{escape(session)}" maxlength="256" autocomplete="off" spellcheck="false"></div>
</div>
<div id="log" class="card" role="log" aria-live="polite" aria-label="Conversation" tabindex="0"></div>
<p id="status" role="status" class="soft">Connecting…</p>
<form id="form" class="row">
<div><label for="message">Message</label>
<textarea id="message" rows="2" maxlength="100000" required autofocus
placeholder="Enter sends, Shift+Enter begins a new line"></textarea></div>
<button type="submit">Send</button>
</form>
<noscript><p class="bad">The chat needs JavaScript; <code>POST /api/chat</code> does not.</p></noscript>
<div><a href="/">Overview</a></div>
<script>{_SCRIPT}</script>"""
    return _page("Chat", "chat", content)


def _page(title: str, kind: str, content: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · OpenClaw Gateway</title>
<link rel="icon" href="data:,">
<style>{_STYLE}</style>
</head>
<body>
<main class="{kind}">
{content}
</main>
</body>
</html>
"""


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]], nothing: str) -> str:
    """Return a table; `heads` are texts, the cells of `rows` are HTML."""
    lines = ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
    if not lines:
        return f'<p class="soft">{nothing}</p>'
    head = "".join(f'<th scope="col">{each}</th>' for each in heads)
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="card wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'


def _agent_cells(row: AgentRow) -> tuple[str, ...]:
    return (
        f"<code>{escape(row.id)}</code>",
        escape(row.name),
        _status(row.status),
        f"<code>{escape(row.model)}</code>",
    )


def _channel_cells(row: ChannelRow) -> tuple[str, ...]:
    error = f'<br><span class="soft">{escape(row.error)}</span>' if row.error else ""
    return (f"<code>{escape(row.id)}</code>", _status(row.status) + error, escape(row.last_activity) or "never")


def _status(status: str) -> str:
    """Return a status in words; the colour says nothing more."""
    kind = {"connected": "good", "disconnected": "bad", "error": "bad"}.get(status, "soft")
    return f'<span class="{kind}">{escape(status)}</span>'

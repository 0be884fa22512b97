"""What each key of the written form means: for the JSON Schema, which editors show, and for the reference.

They are kept apart from the forms because a load needs the forms only. What keys are written with is said there.
"""

from __future__ import annotations

_OUTCOME = {
    "do": "Effects, done in order before the answer is made; all of them, or none where one cannot be done.",
    "result": "The value to return; null for a function that returns nothing. Expressions may stand in it.",
    "query": "Documents of a table, to return instead of a `result`.",
    "error": "What the function throws. A text is a developer's error; with `data` it is a ConvexError.",
    "failure": "What the infrastructure answers instead: one of the names, or a status of your own.",
    "logs": "What the function logs; an entry that is a text has the level log.",
    "delay": "How long the answer takes: always the same, drawn between two bounds, or spread as latencies are.",
}
_RULE = _OUTCOME | {"when": "What must hold of a call for this to answer; left out, it always does."}
_ANSWERED = {
    "rules": "The first one whose `when` holds answers; keys beside `rules` are defaults for each.",
    "sequence": "One answer a call, in order; the last one stays.",
    "repeat": "Whether the sequence starts again at its end.",
}
_VARIANTS = (
    "Other answers by a name, which one can choose while it runs; `loading`, `empty` and `error` are always there."
)
_CONDITION = {
    "state": "Variables to compare.",
    "headers": "Headers of the request to compare, in any case; those that authorize are not shown.",
    "chance": "How likely this holds, from 0 to 1; drawn from the seed.",
    "if": "One expression, which must be true.",
}
_CHAT_OUTCOME = {
    "do": _OUTCOME["do"],
    "reply": "What the agent says: a text, or a list of its pieces. Expressions may stand in it.",
    "tokens": "How many tokens the turn is said to take; left out, a fourth of the bytes of message and reply.",
    "stream": "How the pieces of the reply follow one another; left out, as words, 20 to 50 ms apart in streams.",
    "failure": "What comes instead of a reply: one of the names, or a status of your own; or how the connection ends.",
    "logs": "What is said at the console; an entry that is a text has the level log.",
    "delay": "How long the agent takes before its reply: the same always, drawn between bounds, or as latencies are.",
}
_CHAT_RULE = _CHAT_OUTCOME | {"when": "What must hold of a message for this to answer; left out, it always does."}
_PACE = {
    "by": "What a piece is; a reply that is a list has its own pieces.",
    "first": "How long until the first piece; left out, it comes at once.",
    "every": "How long from one piece to the next; left out, 20 to 50 ms.",
    "rate": "Tokens a second, instead of `every`.",
}
_HTTP_OUTCOME = {
    "do": _OUTCOME["do"],
    "status": "The status, from 200 to 599; left out, 200.",
    "headers": "Headers of the answer, by their names; the type of the content follows from `body` if it is left out.",
    "body": "A text, or anything else as JSON; `$bytes` as they are, null or nothing for no body.",
    "stream": "Sends the body in pieces, over time.",
    "error": "What the app's handler throws: status 500, with the error in the body.",
    "failure": "What the infrastructure answers instead: a name, or a status of your own; or how the connection ends.",
    "logs": "What is said at the console; an entry that is a text has the level log.",
    "delay": _OUTCOME["delay"],
}
_HTTP_RULE = _HTTP_OUTCOME | {"when": "What must hold of a request for this to answer; left out, it always does."}
_TABLE = "The table, which must be one of `tables`."
_ID = "The id of the document, usually an expression such as `${args.id}`."
_AS = "The name by which expressions after this one know {}."

MEANINGS: dict[str, dict[str, str]] = {
    "ScenarioForm": {
        "description": "Shown at the start.",
        "include": "Other files to take in, named relative to this one; what is nearer to this file wins.",
        "seed": "What every draw, id and made-up value follows from; `--seed` takes its place.",
        "locale": "In which language `fake.…` speaks, such as `ko_KR`.",
        "clock": "When the scenario's time begins, and how fast it goes; left out, it is the machine's.",
        "deployment": "What the deployment calls itself, and who administers it.",
        "identities": "Bearer tokens that functions accept, by a name of your own; left out, any JWT is accepted.",
        "vars": "Constants, known to expressions as `vars`.",
        "state": "Variables with their first values, known to expressions as `state`; `set` changes them.",
        "tables": "Tables with their first documents, known to expressions as `tables`.",
        "timeline": "Effects that come by themselves, counted from the start.",
        "gateway": "An OpenClaw Gateway, as it is in the beginning.",
        "faults": "What goes wrong with many operations; each can be switched on and off.",
        "limits": "How often operations may be called.",
        "functions": "What functions answer, by their paths: `messages:list`, `ai/replies:generate`.",
        "http": "What HTTP actions answer, by method and path: `POST /webhooks/stripe`, `GET /files/*`.",
    },
    "FaultForm": {
        "name": "What it is called.",
        "on": "The operations it concerns: functions, `METHOD /path`, `sync …` of live clients; `*` is any text.",
        "enabled": "Whether it is switched on in the beginning.",
        "chance": "Which part of the calls it hits, from 0 to 1.",
        "after": "How many calls are spared first.",
        "every": "Of the calls after that, every how manieth it hits.",
        "times": "How many calls it hits at most.",
        "delay": "How long what it hits takes longer.",
        "failure": "What the infrastructure answers instead, or how the connection dies.",
        "bandwidth": "How many bytes of the answer come in a second.",
    },
    "LimitForm": {
        "name": "What it is called.",
        "on": "The operations it concerns: functions, `METHOD /path`, `sync …` of live clients; `*` is any text.",
        "allow": "How many calls there may be.",
        "per": "In which time.",
        "by": "Whose calls are counted together.",
        "kind": "Whether calls come back one by one (`bucket`), or all at once when the time is over (`window`).",
    },
    "ClockForm": {
        "start": "The moment at which time begins, in ISO 8601, in UTC if it has no zone; left out, the present.",
        "rate": "How many times as fast as the machine's the clock goes, above 0 and at most 1,000,000.",
    },
    "DeploymentForm": {
        "name": "The name of the deployment; left out, `local-emulator`.",
        "type": "With `prod`, clients see neither error texts nor log lines, as in production.",
        "env": "The first environment variables, all texts, known to expressions as `env`.",
        "admin_keys": "The keys that administer; left out, one is made from the seed and shown at the start.",
    },
    "IdentityForm": {
        "token": "What stands behind `Authorization: Bearer`.",
        "claims": "The attributes that `ctx.auth` would see, known to expressions as `identity`.",
    },
    "TableForm": {
        "fields": "What documents hold, checked at every write; left out, anything.",
        "documents": "The first documents, in the order of their creation.",
        "count": "How many more documents to make of `document`.",
        "document": "What to make `count` times; `index` counts from 0.",
    },
    "TimelineForm": {
        "at": "How long after the start, on the scenario's clock.",
        "do": "What is done then, in order; all of it, or nothing.",
    },
    "OutcomeForm": _OUTCOME,
    "RuleForm": _RULE,
    "VariantForm": _RULE | _ANSWERED,
    "FunctionForm": _RULE
    | _ANSWERED
    | {
        "variants": _VARIANTS,
        "type": "What the function is; left out, it answers all three.",
        "visibility": "An `internal` function exists for admins, and for functions that call it.",
        "args": "What arguments it takes; others get the service's ArgumentValidationError.",
        "returns": "What it returns; a result that is none gets the service's ReturnsValidationError.",
    },
    "WhenForm": _CONDITION
    | {
        "args": "Arguments, compared deeply and partially; `$` operators ask for more than equality.",
        "identity": "Who calls: null for nobody, a name from `identities`, or attributes to compare.",
        "call": "Which call of the function: its number from 1, or a span.",
    },
    "HttpForm": _HTTP_RULE | _ANSWERED | {"variants": _VARIANTS},
    "HttpVariantForm": _HTTP_RULE | _ANSWERED,
    "HttpRuleForm": _HTTP_RULE,
    "HttpOutcomeForm": _HTTP_OUTCOME,
    "HttpWhenForm": _CONDITION
    | {
        "path": "The path without escapes, or operators; for routes that end in `*`.",
        "query": "Fields of the query to compare: texts, or lists for those that are there several times.",
        "body": "The body, compared deeply and partially: JSON, the fields of a form, a text, or bytes.",
        "identity": "Whose token comes with it: null for nobody's, a name from `identities`, or attributes to compare.",
        "call": "Which request of the route: its number from 1, or a span.",
    },
    "CallForm": {
        "from": "The first call.",
        "to": "The last call; left out, there is none.",
        "every": "Of these, each call whose number this one divides: 5 is the fifth, the tenth, ….",
    },
    "QueryForm": {
        "table": _TABLE,
        "id": "The id of one document, which is returned, or null. Nothing else stands beside it.",
        "where": "What documents must be like, compared as `when` compares; left out, all.",
        "order": "By creation, `asc` or `desc`; or by a field.",
        "limit": "How many at most.",
        "first": "Whether to return the first document, or null, instead of a list.",
        "unique": "Whether to return the only document, or null; two are an error.",
        "paginate": "Whether to return a page, as the argument `paginationOpts` asks.",
    },
    "OrderForm": {
        "by": "The field; those without it come first, and those of equal value by creation.",
        "order": "The direction.",
    },
    "EffectForm": {
        "insert": "Insert a document.",
        "patch": "Change fields of a document.",
        "replace": "Put a document in the place of another, which keeps its id and time of creation.",
        "delete": "Delete a document.",
        "set": "Give variables of `state` other values.",
        "call": "Call another function of the scenario, within the same transaction.",
        "log": "Log a line.",
        "append": "Append a message to a conversation of the gateway.",
        "channel": "Change the status of a channel of the gateway.",
        "fault": "Switch one of `faults` on or off.",
        "after": "Do what stands in `do` so much later, in a transaction of its own.",
        "do": "What is done then; only beside `after`.",
    },
    "InsertForm": {
        "into": _TABLE,
        "document": "The document, without `_id` and `_creationTime`.",
        "as": _AS.format("the new document's id"),
    },
    "PatchForm": {"table": _TABLE, "id": _ID, "fields": "The fields to change, with their new values."},
    "ReplaceForm": {"table": _TABLE, "id": _ID, "document": "The new document, without `_id` and `_creationTime`."},
    "DeleteForm": {"table": _TABLE, "id": _ID},
    "CallFunctionForm": {
        "function": "The path of the function.",
        "args": "Its arguments.",
        "as": _AS.format("what it returns"),
    },
    "AppendForm": {"session": "The key of the conversation.", "message": "The message."},
    "AppendedForm": {"role": "Who says it.", "content": "What is said."},
    "ChannelChangeForm": {
        "id": "The name of the channel.",
        "status": "What it is from now on.",
        "error": "Why, if there is something wrong with it.",
    },
    "SwitchForm": {"name": "The name of the fault.", "enabled": "Whether it is on from now on."},
    "ErrorForm": {
        "message": "The error's message; with `data` it may be left out.",
        "data": "The data of a ConvexError, which clients get as `errorData`.",
        "name": "What an error without `data` is called, such as TypeError; left out, Error.",
    },
    "FailureForm": {
        "status": "The HTTP status, from 400 to 599.",
        "code": "The code in the answer; left out, the one that goes with the status.",
        "message": "The message in the answer; left out, the one that goes with the status.",
    },
    "DeathForm": {
        "disconnect": "The connection is closed.",
        "reset": "The connection is reset.",
        "malformed": "What comes is no sound answer.",
    },
    "AfterForm": {
        "after_chunks": "So many pieces of a stream are sent before.",
        "after_bytes": "So many bytes of the answer are sent before.",
    },
    "LogForm": {
        level: f"As console.{level} prints it; a list holds several arguments."
        for level in ("log", "debug", "info", "warn", "error")
    },
    "GatewayForm": {
        "version": "The version that it says it has.",
        "health": "What `/health` says; `starting` comes with status 503.",
        "auth": "Who may come in; left out, everybody.",
        "cors": "Which pages may call it.",
        "agents": "The agents, by their ids; one called main is always there.",
        "sessions": "Conversations that are there from the beginning, by keys such as `agent:main:telegram:dm:123`.",
        "channels": "The channels, by their ids: telegram, whatsapp, ….",
        "chat": "How messages are answered.",
        "nodes": "Paired devices, by their ids.",
        "pairing": "How devices are paired.",
        "config": "What its configuration says beyond the usual, by paths such as `agents.defaults.model`.",
        "cron": "Jobs that are due by a schedule, by their ids.",
    },
    "AccessForm": {
        "password": "The password, with which one may do everything.",
        "tokens": "Further tokens, and what each may do.",
    },
    "TokenForm": {"scopes": "What its bearer may do; `admin` includes the others, `write` does not include `read`."},
    "CorsForm": {"origins": "Origins whose pages may call the gateway with a login."},
    "AgentForm": {
        "name": "What it is called; left out, its id.",
        "model": "Which model it speaks with; left out, the configuration's.",
        "status": "What it is said to do; with a run under way it is `running`. It answers in any case.",
        "workspace": "The folder that it is said to work in.",
        "error": "What is wrong with it, shown with the status `error`.",
    },
    "SessionForm": {
        "last_active": "When it was last active, in ISO 8601; left out, at the start.",
        "messages": "What was said, the oldest first.",
    },
    "MessageForm": {
        "role": "Who says it.",
        "content": "What is said.",
        "at": "When, in ISO 8601; left out, a second before the next one, the last one at `last_active`.",
    },
    "ChannelForm": {
        "status": "Whether it is up.",
        "last_activity": "When something last came or went, in ISO 8601.",
        "error": "Why it is not connected.",
        "reconnect": "What becomes of it when it is told to reconnect.",
    },
    "ReconnectForm": {
        "takes": "How long it takes; left out, 500ms.",
        "becomes": "What it is then.",
        "error": "Why it failed; then it is disconnected.",
    },
    "ChatForm": _CHAT_RULE | _ANSWERED | {"variants": _VARIANTS},
    "ChatVariantForm": _CHAT_RULE | _ANSWERED,
    "ChatRuleForm": _CHAT_RULE,
    "ChatOutcomeForm": _CHAT_OUTCOME,
    "ChatWhenForm": _CONDITION
    | {
        "message": "The text of the message, or operators.",
        "session": "The key of the conversation, or operators.",
        "agent": "The id of the agent, or operators.",
        "channel": "The channel that the message comes by, or operators.",
        "call": "Which message, counted from 1 over all conversations: its number, or a span.",
    },
    "PaceForm": _PACE,
    "ChunksForm": _PACE | {"chunks": "The pieces, if the body is not to be split: texts, or anything else as JSON."},
    "NodeForm": {
        "name": "What it is called; left out, its id.",
        "platform": "What it runs.",
        "status": "Whether it is there.",
        "capabilities": "What it can do.",
        "last_seen": "When it was last there, in ISO 8601.",
    },
    "PairingForm": {
        "code": "The code to pair with, eight capital letters and digits; left out, it is drawn.",
        "ttl": "How long a code is good; left out, 5m.",
    },
    "CronForm": {
        "schedule": "When it is due, in cron's five fields: minute, hour, day, month, day of the week.",
        "enabled": "Whether it is on.",
        "prompt": "What it asks its agent.",
        "agent": "The id of its agent.",
        "target": "Where its result is said to go; it is shown, and nothing is sent.",
        "timezone": "The zone in which its schedule is read.",
        "single_instance": "Whether it is not run while a run of it goes on.",
        "fires": "Whether it runs by itself when it is due.",
        "run": "How its runs go.",
    },
    "CronRunForm": {
        "takes": "How long a run takes; left out, no time.",
        "result": "How a run ends.",
        "error": "Why it fails; with it, it does.",
        "reply": "What its agent says; left out, the prompt is answered as any message is.",
    },
    "RangeForm": {"min": "The shortest delay.", "max": "The longest delay."},
    "SkewedForm": {"median": "Half of all calls take less.", "p99": "99 of 100 calls take less."},
}
"""By the name of the form, then by the key as users write it."""

// A room played through by two clients: what they write, read page by page, and are told.

import { connect, describe, failure, report } from "./seen.mjs";

const { FIRST, SECOND, TEA } = process.env;
const UNKNOWN = "j97fzzzzzzzzzzzzzzzzzzzzzzzzzm7a";
const printed = [];
console.log = (...args) => printed.push([args[0], args[2]]);

const ada = connect({ auth: "token-of-ada" });
const minji = connect({ auth: "token-of-minji", logger: false });
const nobody = connect({ logger: false });
const seen = {};

const send = (client, body, more = {}) => client.mutation("messages:send", { channel: "tea", body, ...more });
const bodies = (messages) => messages.map((message) => message.body);
const list = (client, more = {}) => client.query("messages:list", { channel: "tea", ...more });

async function pages(path, numItems, afterFirst = () => {}) {
  const found = [];
  for (let cursor = null; ; ) {
    const answer = await minji.query(path, { channel: "tea", paginationOpts: { numItems, cursor } });
    found.push(bodies(answer.page));
    if (found.length === 1) await afterFirst();
    if (answer.isDone) return found;
    cursor = answer.continueCursor;
  }
}

seen.atFirst = describe(await list(minji)).map(({ _creationTime, ...rest }) => rest);
const bytes = Uint8Array.of(255, 0, 1).buffer;
seen.ids = [
  await send(ada, "kettle on", { likes: 2n ** 62n, picture: bytes, reply: FIRST }),
  await send(minji, "차 드실래요?", { reply: null }),
  await send(ada, "yes", { picture: undefined }),
];
seen.printed = [...printed];
const [sent, nulled, plain] = await Promise.all(seen.ids.map((id) => minji.query("messages:get", { id })));
seen.sent = describe({ ...sent, _creationTime: typeof sent._creationTime });
seen.fields = [sent, nulled, plain].map((message) => Object.keys(message).sort().join(" "));
seen.replies = [nulled.reply, plain.reply === undefined];
seen.list = [bodies(await list(ada)), bodies(await list(nobody)), bodies(await list(ada, { limit: 1 }))];
seen.times = (await list(ada)).map((message) => message._creationTime);
seen.unknown = [];
for (const id of [UNKNOWN, "nonsense", TEA, 7, null]) seen.unknown.push(await ada.query("messages:get", { id }));

seen.pages = {};
for (const size of [1, 2, 5, 100]) seen.pages[size] = await pages("messages:page", size);
seen.newestFirst = await pages("messages:page", 2, () => send(minji, "while reading"));
seen.oldestFirst = await pages("messages:pageFromFirst", 4, () => send(minji, "at the end"));
const opts = { numItems: 2, cursor: null };
const page = await ada.query("messages:page", { channel: "tea", paginationOpts: opts });
const again = { ...opts, cursor: null, endCursor: page.continueCursor, id: 1 };
seen.sameTwice = describe(page);
seen.upToItsEnd = describe(await ada.query("messages:page", { channel: "tea", paginationOpts: again }));
const elsewhere = { channel: "coffee", paginationOpts: { ...opts, cursor: page.continueCursor } };
seen.foreignCursor = await failure(ada.query("messages:page", elsewhere));
seen.noItems = await failure(ada.query("messages:page", { channel: "tea", paginationOpts: { ...opts, numItems: 0 } }));
seen.noOptions = await failure(ada.query("messages:page", { channel: "tea" }));
seen.emptyChannel = await ada.query("messages:page", { channel: "coffee", paginationOpts: opts });

seen.flaky = [];
for (let call = 1; call <= 11; call++) {
  const answer = ada.mutation("messages:flaky", {});
  seen.flaky.push(await answer.catch((error) => JSON.parse(error.message).code));
}

const order = { kind: "gift", amount: 1n, lines: [] };
const place = (more) => failure(ada.mutation("orders:place", { ...order, ...more }));
seen.refused = {
  missing: await place({ kind: undefined }),
  extra: await place({ colour: "red" }),
  number: await place({ amount: 1 }),
  literals: await place({ kind: "loan" }),
  literal: await place({ only: "coffee" }),
  nested: await place({ lines: [{ name: "cup", count: 1 }, { name: "pot", count: 2n }] }),
  otherTable: await place({ channel: FIRST }),
  noId: await place({ channel: "tea" }),
};
seen.placed = [await ada.mutation("orders:place", { ...order, channel: TEA, only: "tea" })];
seen.placed.push(await ada.mutation("orders:place", { ...order, kind: "sale", lines: [{ name: "cup", count: 2 }] }));
seen.broken = await failure(ada.query("messages:broken", {}));

seen.signIn = await failure(send(nobody, "hello?"));
printed.length = 0;
seen.empty = await failure(send(ada, ""));
seen.emptyPrinted = [...printed];
seen.misfit = await failure(ada.mutation("messages:rename", { id: SECOND, document: { body: 1 } }));
seen.gone = await failure(ada.mutation("messages:remove", { id: UNKNOWN }));
await ada.mutation("messages:like", { id: SECOND });
seen.liked = describe((await minji.query("messages:get", { id: SECOND })).likes);
await minji.mutation("messages:remove", { id: SECOND });
seen.removed = await ada.query("messages:get", { id: SECOND });

report(seen);

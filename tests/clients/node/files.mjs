// The way of a file: a mutation gives a URL, fetch posts there, a mutation keeps the id, a query says where it is.

import { ConvexClient } from "convex/browser";
import { connect, failure, report } from "./seen.mjs";

const client = connect();
const live = new ConvexClient(process.env.CONVEX_URL);
const pushed = [];
live.onUpdate("pictures:list", {}, (list) => pushed.push(list.map(({ title, url }) => [title, url !== null])));

async function upload(body, type) {
  const url = await client.mutation("pictures:uploadUrl");
  const sent = await fetch(url, { method: "POST", headers: type ? { "Content-Type": type } : {}, body });
  return (await sent.json()).storageId;
}

async function until(length) {
  while (pushed.length < length) await new Promise((resolve) => setTimeout(resolve, 5));
}

await until(1);
const bytes = Uint8Array.from({ length: 3_000_000 }, (_, index) => index % 251);
const file = await upload(new Blob([bytes], { type: "image/png" }));
await client.mutation("pictures:add", { file, title: "noise" });
await until(2);
const [{ url }] = await client.query("pictures:list");
const got = await fetch(url);
const body = new Uint8Array(await got.arrayBuffer());
const part = await fetch(url, { headers: { Range: "bytes=251-255" } });

const seen = {
  id: file.slice(0, 3),
  type: got.headers.get("content-type"),
  isSame: body.length === bytes.length && body.every((each, index) => each === bytes[index]),
  part: [part.status, [...new Uint8Array(await part.arrayBuffer())]],
  details: await client.query("pictures:details", { file }),
  wrong: await failure(client.mutation("pictures:add", { file: "j57", title: "x" })),
};
await client.mutation("pictures:remove", { file });
await until(3);
report({ ...seen, gone: (await fetch(url)).status, pushed });
await live.close();
process.exit(0);

// The three kinds of function, references to them, the queue of mutations, and queries at one timestamp.

import { anyApi } from "convex/server";
import { connect, describe, report } from "./seen.mjs";

const requests = [];

async function watched(url, init) {
  const headers = Object.keys(init.headers).sort();
  requests.push({ path: new URL(url).pathname, headers, body: init.body ? JSON.parse(init.body) : null });
  return fetch(url, init);
}

const client = connect();
const consistent = connect({ fetch: watched });
consistent.setAuth("token-of-ada");

report({
  query: describe(await client.query("messages:list", { channel: "tea" })),
  withoutArgs: await client.query("messages:list"),
  mutation: await client.mutation("messages:send", { body: "Hello" }),
  action: await client.action("ai/replies:generate", { prompt: "?" }),
  byReference: await client.action(anyApi.ai.replies.generate, {}),
  byFileName: await client.query("messages.js:list", {}),
  queued: await Promise.all([1, 2, 3].map(() => client.mutation(anyApi.jobs.nightly.default, {}))),
  unqueued: await client.mutation("jobs/nightly:default", {}, { skipQueue: true }),
  atOnce: await Promise.all(Array.from({ length: 40 }, () => client.query("messages:list", {}))),
  consistent: [
    await consistent.consistentQuery("users:me", {}),
    describe(await consistent.consistentQuery("messages:list", { channel: "tea" })),
  ],
  requests,
});

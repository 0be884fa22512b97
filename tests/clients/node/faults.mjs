// Ways to fail, as the HTTP client and plain fetch see them.

import { connect, failure, report } from "./seen.mjs";

const client = connect({ logger: false });
const url = process.env.CONVEX_URL;
const ways = JSON.parse(process.env.WAYS);

async function named(promise) {
  try {
    return { value: await promise };
  } catch (error) {
    return { name: error.name, message: error.message, cause: error.cause?.code ?? error.cause?.message ?? null };
  }
}

async function fetched(path) {
  const body = JSON.stringify({ path, args: {} });
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(`${url}/api/query`, { method: "POST", headers, body });
  return { status: response.status, body: await response.text() };
}

const seen = { client: {}, fetch: {}, kinds: {} };
for (const way of ways) {
  seen.client[way] = await named(client.query(`fail:${way}`, {}));
  seen.fetch[way] = await named(fetched(`fail:${way}`));
}
for (const kind of ["query", "mutation", "action"]) {
  seen.kinds[kind] = await failure(client[kind]("fail:overloaded", {}));
}
const waiting = connect({
  logger: false,
  fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(200) }),
});
seen.timeout = await named(waiting.query("fail:timeout", {}));
seen.limited = [];
for (let call = 0; call < 3; call += 1) seen.limited.push(await named(client.mutation("limited:send", {})));
seen.afterwards = await client.query("well:done", {});
report(seen);

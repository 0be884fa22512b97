// ConvexClient, unmodified, told what to do by the lines on standard input; what it sees goes to standard output.

import { createInterface } from "node:readline";
import { ConvexClient } from "convex/browser";
import { describe, failure, report } from "./seen.mjs";

const clients = new Map();
const watches = new Map();

for (const level of ["debug", "log", "info", "warn", "error"]) {
  console[level] = (...args) => report({ console: level, text: args.map(String).join(" ") });
}
process.on("uncaughtException", (error) => report({ console: "uncaught", text: String(error) }));

const dos = {
  hear: () => {},
  open: ({ client, url, ...options }) => {
    clients.set(client, new ConvexClient(url, options));
  },
  watch: ({ client, name, path, args }) => {
    const update = (value) => report({ update: name, value: describe(value) });
    const fail = async (error) => report({ update: name, ...(await failed(error)) });
    watches.set(name, clients.get(client).onUpdate(path, args, update, fail));
  },
  page: ({ client, name, path, args, size }) => {
    const update = ({ results, status, loadMore }) => {
      watches.get(name).loadMore = loadMore;
      report({ update: name, value: { results: describe(results), status } });
    };
    const options = { initialNumItems: size };
    watches.set(name, clients.get(client).onPaginatedUpdate_experimental(path, args, options, update));
  },
  more: ({ name, size }) => watches.get(name).loadMore(size),
  unwatch: ({ name }) => watches.get(name)(),
  current: ({ name }) => watches.get(name).getCurrentValue(),
  query: ({ client, path, args }) => clients.get(client).query(path, args),
  action: ({ client, path, args }) => clients.get(client).action(path, args),
  mutation: ({ client, path, args, appends }) => {
    const optimisticUpdate = (store) => {
      const { query, with: of, value } = appends;
      store.setQuery(query, of, [...(store.getQuery(query, of) ?? []), value]);
    };
    return clients.get(client).mutation(path, args, appends ? { optimisticUpdate } : undefined);
  },
  setAuth: ({ client, tokens }) => {
    const left = [...tokens];
    const fetchToken = async ({ forceRefreshToken }) => {
      report({ fetched: client, forced: forceRefreshToken });
      return left.length > 1 ? left.shift() : left[0];
    };
    clients.get(client).setAuth(fetchToken, (value) => report({ auth: client, value }));
  },
  clearAuth: ({ client }) => clients.get(client).client.clearAuth(),
  setAdminAuth: ({ client, key, identity }) => clients.get(client).client.setAdminAuth(key, identity),
  state: ({ client }) => {
    const { timeOfOldestInflightRequest, ...state } = clients.get(client).connectionState();
    return state;
  },
  close: ({ client }) => clients.get(client).close(),
};

function failed(error) {
  return failure(Promise.reject(error)).then((described) => ({ error: described }));
}

async function answer({ id, op, ...rest }) {
  try {
    report({ answer: id, value: describe((await dos[op](rest)) ?? null) });
  } catch (error) {
    report({ answer: id, ...(await failed(error)) });
  }
}

for await (const line of createInterface({ input: process.stdin })) answer(JSON.parse(line));
process.exit();

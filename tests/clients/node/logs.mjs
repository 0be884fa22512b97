// What the client prints of a function's log lines; all of it goes through the console.

import { connect, failure, report } from "./seen.mjs";

const printed = [];
for (const method of ["log", "debug", "warn", "error"]) {
  console[method] = (...args) => printed.push({ method, prefix: args[0], text: args[2] });
}

async function whatIsPrinted(call) {
  printed.length = 0;
  await call();
  return [...printed];
}

const client = connect();
const admin = connect();
admin.setAdminAuth(process.env.ADMIN_KEY);
const silent = connect({ logger: false });

report({
  query: await whatIsPrinted(() => client.query("logs:all", {})),
  mutation: await whatIsPrinted(() => client.mutation("logs:mutation", {})),
  action: await whatIsPrinted(() => client.action("logs:action", {})),
  any: await whatIsPrinted(() => admin.function("logs:mutation", undefined, {})),
  failed: await whatIsPrinted(() => failure(client.query("errors:developer", {}))),
  none: await whatIsPrinted(() => client.query("messages:list", {})),
  silent: await whatIsPrinted(() => silent.query("logs:all", {})),
});

// Failures of functions, of the infrastructure, and of callers.

import { ConvexError } from "convex/values";
import { connect, failure, report } from "./seen.mjs";

const client = connect({ logger: false });
const data = { bytes: Uint8Array.of(1, 2, 3).buffer, code: "NO_TEA", left: 3n, price: 1.5 };

report({
  application: {
    query: await failure(client.query("errors:application", {})),
    mutation: await failure(client.mutation("errors:application", {})),
    action: await failure(client.action("errors:application", {})),
  },
  thrownHere: new ConvexError(data).message,
  worded: await failure(client.query("errors:worded", {})),
  text: await failure(client.query("errors:text", {})),
  nothing: await failure(client.query("errors:nothing", {})),
  developer: await failure(client.mutation("errors:developer", {})),
  named: await failure(client.action("errors:named", {})),
  overloaded: await failure(client.query("errors:overloaded", {})),
  limited: await failure(client.mutation("errors:limited", {})),
  missing: await failure(client.query("messages:lst", {})),
  internal: await failure(client.query("_system/cli/tables:default", {})),
  wrongType: await failure(client.mutation("messages:list", {})),
  badPath: await failure(client.query("messages.ts:list", {})),
  tooLarge: await failure(client.query("messages:list", { body: "x".repeat(17 * 1024 * 1024) })),
  afterwards: await client.query("messages:list", {}),
});

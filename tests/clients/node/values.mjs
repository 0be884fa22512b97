// Every type of value, out of the emulator and into it.

import { connect, describe, failure, report } from "./seen.mjs";

const client = connect();
const bytes = Uint8Array.of(1, 2, 3).buffer;
const sent = {
  null: null,
  boolean: true,
  int64: 42n,
  float64: 42,
  "smallest int64": -(2n ** 63n),
  nan: NaN,
  infinity: Infinity,
  "negative infinity": -Infinity,
  string: "42",
  bytes,
  array: [1, 1n],
  "nested object": { a: { b: [bytes, null, { c: "안녕" }] }, absent: undefined },
};
const kinds = {};
for (const [name, value] of Object.entries(sent)) {
  kinds[name] = await client.query("values:kind", { value });
}

report({
  received: describe(await client.query("values:all", {})),
  kinds,
  negativeZero: await failure(client.mutation("messages:send", { body: -0 })),
});

// Asks once for each line on standard input, always with the same client.

import { createInterface } from "node:readline";
import { connect, failure, report } from "./seen.mjs";

const client = connect();
for await (const _line of createInterface({ input: process.stdin })) {
  const answer = client.query(process.env.ASKED, {});
  report(await answer.then((value) => ({ value }), () => failure(answer)));
}

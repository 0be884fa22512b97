// What the client prints of a function that is not there.

import { connect, failure, report } from "./seen.mjs";

const printed = [];
console.log = (...args) => printed.push({ prefix: args[0], text: args[2] });

await failure(connect().query("messages:bodis", {}));
report({ printed });

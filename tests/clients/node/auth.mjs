// Tokens, admin keys, and acting as somebody.

import { connect, failure, report } from "./seen.mjs";

const { ADMIN_KEY, FOREIGN_TOKEN } = process.env;
const jihun = { subject: "user|3", issuer: "https://id.example", name: "지훈" };
const client = connect();
const me = () => client.query("users:me", {});
const seen = {};

seen.anonymous = await me();
client.setAuth("token-of-ada");
seen.ada = [await me(), await client.mutation("users:me", {}), await client.action("users:me", {})];
seen.functionAsUser = await failure(client.function("users:me", undefined, {}));
client.setAuth("token-of-minji");
seen.minji = await me();
client.setAuth("nonsense");
seen.nonsense = await failure(me());
client.setAuth(FOREIGN_TOKEN);
seen.foreign = await failure(me());
client.clearAuth();
seen.cleared = await me();
seen.functionAsNobody = await failure(client.function("users:me", undefined, {}));

client.setAdminAuth(ADMIN_KEY);
seen.admin = await me();
seen.functions = [
  await client.function("messages:send", undefined, { body: "Hello" }),
  await client.function("ai/replies:generate", "", {}),
];
seen.inComponent = await failure(client.function("users:me", "emailer", {}));
client.setAdminAuth(`prod:${ADMIN_KEY}`, jihun);
seen.prefixed = await me();
client.setAdminAuth(ADMIN_KEY, jihun);
seen.actingAs = [await me(), await client.function("users:me", undefined, {})];
client.setAdminAuth("demo-happy-otter-123|wrong");
seen.wrongKey = await failure(me());
client.clearAuth();
seen.clearedAdmin = await me();
seen.fromTheStart = await connect({ auth: "token-of-ada" }).query("users:me", {});

report(seen);

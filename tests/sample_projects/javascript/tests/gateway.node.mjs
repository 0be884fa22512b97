import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { emulator } from "../emulator.mjs";

const { OPENCLAW_GATEWAY_URL, OPENCLAW_GATEWAY_TOKEN } = process.env;

async function ask(path, body) {
  const headers = { Authorization: `Bearer ${OPENCLAW_GATEWAY_TOKEN}` };
  const request = body && { method: "POST", body: JSON.stringify(body) };
  return (await fetch(OPENCLAW_GATEWAY_URL + path, { ...request, headers })).json();
}

beforeEach(() => emulator.reset());

test("an agent answers", async () => {
  await emulator.rule("POST /api/chat", { when: { message: { $contains: "weather" } }, reply: "It rains" });

  assert.equal((await ask("/api/chat", { message: "How is the weather?" })).response, "It rains");
  assert.equal((await ask("/api/chat", { message: "hello" })).response, "You said: hello");
});

test("a channel fails, and is back after its reconnect", async () => {
  await emulator.channel("telegram", "disconnected", "Session expired");
  assert.equal((await ask("/api/channels")).channels[0].error, "Session expired");

  await ask("/api/channels/telegram/reconnect", {});
  await emulator.advance("5s");
  assert.equal((await ask("/api/channels")).channels[0].status, "connected");
});

test("a call is waited for, and one that was otherwise is told", async () => {
  const asked = ask("/api/chat", { message: "hello" });
  await emulator.waitForCall("POST /api/chat", { args: { message: "hello" }, timeout: "10s" });
  await asked;

  await assert.rejects(
    emulator.verify("POST /api/chat", { args: { message: "bye" } }),
    /expected at least 1 of POST \/api\/chat, found 0; nearest: .* args.message: expected "bye", got "hello"/,
  );
});

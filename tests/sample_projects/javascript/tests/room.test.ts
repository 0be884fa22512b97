import { beforeEach, expect, test } from "vitest";
import { emulator } from "../emulator";
import { headline, say } from "../src/room";

beforeEach(() => emulator.reset());

test("the latest message is the headline", async () => {
  await say("Grace", "Good morning");

  expect(await headline()).toBe("Grace says: Good morning");
  await emulator.verify("messages:send", { args: { author: "Grace" }, exactly: 1 });
});

test("an empty room says so", async () => {
  await emulator.use("messages:list=empty");

  expect(await headline()).toBe("Nobody has said anything");
});

test("an outage is no reason to fail", async () => {
  await emulator.fault("outage");

  expect(await headline()).toBe("The room is closed for now");
});

test("what another test did is gone", async () => {
  expect(await headline()).toBe("Ada says: Hello");
});

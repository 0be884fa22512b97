const { ConvexHttpClient } = require("convex/browser");
const { emulator } = require("../emulator.cjs");

const convex = new ConvexHttpClient(process.env.CONVEX_URL);

beforeEach(() => emulator.reset());

test("what is sent is listed", async () => {
  await convex.mutation("messages:send", { author: "Grace", body: "Good morning" });

  expect((await convex.query("messages:list", {})).map(({ body }) => body)).toEqual(["Good morning", "Hello"]);
  expect((await emulator.calls("messages:*")).map(({ operation }) => operation)).toEqual(["messages:send", "messages:list"]);
});

test("the second attempt comes through", async () => {
  await emulator.rule("messages:send", { sequence: [{ failure: "overloaded" }, { result: null }] });

  await expect(convex.mutation("messages:send", { author: "Grace", body: "1" })).rejects.toThrow("ExecuteFullError");
  await expect(convex.mutation("messages:send", { author: "Grace", body: "1" })).resolves.toBeNull();
});

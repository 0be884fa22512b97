import { expect, test } from "./fixtures";

test("what somebody sends is on the page at once", async ({ page, emulator }) => {
  await page.goto("/");
  await expect(page.getByRole("listitem")).toHaveText(["Ada: Hello"]);

  await page.getByLabel("Message").fill("Good morning");
  await page.getByRole("button").click();
  await expect(page.getByRole("listitem")).toHaveText(["You: Good morning", "Ada: Hello"]);
  await emulator.verify("messages:send", { args: { body: "Good morning" }, exactly: 1 });

  await emulator.insert("messages", { author: "Grace", body: "Me too" });
  await expect(page.getByRole("listitem").first()).toHaveText("Grace: Me too");
});

test("a page that is open sees what a test changes", async ({ page, emulator }) => {
  await page.goto("/");
  await expect(page.getByRole("listitem")).toHaveCount(1);

  await emulator.rule("messages:list", { result: [] });

  await expect(page.getByRole("listitem")).toHaveCount(0);
});

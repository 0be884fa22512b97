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

  await emulator.use("messages:list=empty");

  await expect(page.getByRole("listitem")).toHaveCount(0);
});

test("a page can have a state of its own", async ({ page }) => {
  await page.addInitScript(() => {
    window.CONVEX_URL += "/__use/messages:list=empty";
  });
  await page.goto("/");
  await page.getByLabel("Message").fill("Is anybody here?");
  await page.getByRole("button").click();

  await expect(page.getByRole("listitem")).toHaveCount(0);
});

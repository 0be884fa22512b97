/** Tests run at the same time, so each worker has an emulator of its own, and each test finds it as new. */

import { readFileSync } from "node:fs";
import { test as base } from "@playwright/test";
import { Emulator } from "../emulator";

export { expect } from "@playwright/test";

export const test = base.extend<object, { emulator: Emulator }>({
  emulator: [
    async ({}, use) => {
      const main = new Emulator(JSON.parse(readFileSync("ready.json", "utf8")));
      await use(await main.instance({ expires: "1m" }));
    },
    { scope: "worker" },
  ],
  page: async ({ page, emulator }, use) => {
    await emulator.reset();
    await page.addInitScript((url) => {
      window.CONVEX_URL = url;
    }, emulator.facts.convex_url);
    await use(page);
  },
});

import { defineConfig } from "@playwright/test";

const baseURL = `http://127.0.0.1:${process.env.PORT ?? 5173}`;

export default defineConfig({
  testDir: "e2e",
  fullyParallel: true,
  webServer: {
    command: `emulator exec --ready-file ready.json -- vite --host 127.0.0.1 --strictPort --port ${new URL(baseURL).port}`,
    url: baseURL,
    gracefulShutdown: { signal: "SIGTERM", timeout: 5_000 },
  },
  expect: { timeout: 20_000 },
  use: {
    baseURL,
    launchOptions: { executablePath: process.env.CHROMIUM || undefined, channel: process.env.CHANNEL || undefined },
  },
});

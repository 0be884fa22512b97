import { expect, test } from "vitest";
import { emulator } from "../emulator";

test("calls of other test files are not seen here", async () => {
  expect(await emulator.calls()).toEqual([]);
});

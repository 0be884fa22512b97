/** Starts an emulator for all tests, unless they run under `emulator exec`: from an editor, say. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const TELL = "console.log(JSON.stringify(process.env)); process.stdin.resume()";

export default async function setup(): Promise<(() => void) | undefined> {
  if (process.env.EMULATOR_URL) return;
  // The emulator ends with its command, and that one ends with us, as its input does: even when we are killed.
  const { stdin, stdout } = spawn("emulator", ["exec", "--", process.execPath, "--eval", TELL], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const { value } = await createInterface(stdout)[Symbol.asyncIterator]().next();
  if (value === undefined) throw new Error("the emulator did not start");
  Object.assign(process.env, JSON.parse(value));
  return () => stdin.end();
}

// What a client saw, as JSON that keeps every Convex type apart.

import { ConvexHttpClient } from "convex/browser";
import { ConvexError } from "convex/values";

console.log = console.error; // where clients print log lines; standard output has what is reported

export function connect(options) {
  return new ConvexHttpClient(process.env.CONVEX_URL, options);
}

export function describe(value) {
  if (typeof value === "bigint") return { int64: value.toString() };
  if (value === undefined) return { undefined: true };
  if (value instanceof ArrayBuffer) return { bytes: [...new Uint8Array(value)] };
  if (Object.is(value, -0)) return { float64: "-0" };
  if (typeof value === "number") return Number.isFinite(value) ? value : { float64: String(value) };
  if (Array.isArray(value)) return value.map(describe);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, describe(each)]));
}

export async function failure(promise) {
  try {
    return { unexpected: describe(await promise) };
  } catch (error) {
    const isConvexError = error instanceof ConvexError;
    return { isConvexError, message: error.message, ...(isConvexError ? { data: describe(error.data) } : {}) };
  }
}

export function report(seen) {
  process.stdout.write(`${JSON.stringify(seen)}\n`);
}

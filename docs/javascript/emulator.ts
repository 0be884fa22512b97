/**
 * Steers an emulator from tests. Copy this file into your project: it needs `fetch`, and nothing else.
 *
 * Under `emulator exec -- …` the environment says which emulator is meant; otherwise give what its ready file says:
 * `new Emulator(JSON.parse(readFileSync("ready.json", "utf8")))`.
 */

declare const process: {
  env: {
    EMULATOR_CONTROL_URL?: string;
    EMULATOR_TOKEN?: string;
    CONVEX_URL?: string;
    CONVEX_SITE_URL?: string;
    CONVEX_SELF_HOSTED_ADMIN_KEY?: string;
    OPENCLAW_GATEWAY_URL?: string;
  };
};

/** Where an emulator is, and the keys to it. */
export interface Facts {
  convex_url: string;
  gateway_url: string;
  site_url: string | null;
  admin_key: string | null;
  control_url: string;
  token: string;
}

/** A value of Convex as JSON has it: an Int64 is `{"$integer": …}`. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What a scenario file says of a function: a result, an error, a failure, a `sequence` of them, and when. */
export interface Rule {
  type?: "query" | "mutation" | "action";
  when?: { [condition: string]: Json };
  result?: Json;
  error?: string | { message?: string; data?: Json };
  failure?: string | { [key: string]: Json };
  delay?: string | { min: string; max: string };
  reply?: string;
  do?: Json[];
  rules?: Rule[];
  sequence?: Rule[];
  [key: string]: Json | Rule[] | undefined;
}

/** A call that was made, and what became of it. */
export interface Call {
  number: number;
  at: string;
  operation: string;
  type: "query" | "mutation" | "action" | null;
  args: { [name: string]: Json };
  identity: string | null;
  outcome: string;
  rule: string | null;
  explanation?: string;
}

/** Which calls are meant; `args` are compared in part. */
export interface Like {
  args?: { [name: string]: Json };
  outcome?: string;
  identity?: string;
}

/** How many calls are expected; at least one if nothing is said. */
export interface Count {
  exactly?: number;
  at_least?: number;
  at_most?: number;
}

export type Level = "all" | "state" | "counts" | "limits" | "journal" | "clock" | "rules";

interface Verdict {
  ok: boolean;
  found: number;
  expected: string;
  nearest?: string;
}

export class Emulator {
  readonly #facts: Facts | undefined;

  constructor(facts?: Facts) {
    this.#facts = facts;
  }

  /** Where it is. */
  get facts(): Facts {
    return this.#facts ?? factsOfEnvironment();
  }

  /** Begin anew: state, journal, clock, rules added for now and all else, or only the levels named. */
  async reset(...levels: Level[]): Promise<void> {
    await this.#send("POST", "reset", { levels: levels.length > 0 ? levels : ["all"] });
  }

  /** Have a rule asked before those of the files, until `reset`, or until it is removed by the id that is returned. */
  async rule(operation: string, rule: Rule): Promise<number> {
    return ((await this.#send("POST", "rules", { operation, ...rule })) as { id: number }).id;
  }

  async removeRule(id: number): Promise<void> {
    await this.#send("DELETE", `rules/${id}`);
  }

  /** Have a variant answer, "messages:list=empty", until the reset: for everybody, or for an identity of the scenario. */
  async use(choice: string, identity?: string): Promise<void> {
    const [, operation, variant] = /^(.*)=(.*)$/s.exec(choice) ?? [];
    if (!operation || !variant) throw new Error(`expected an operation and a variant, "messages:list=empty", got "${choice}"`);
    await this.#send("PUT", "variants", { operation, variant, ...(identity && { identity }) });
  }

  /** Put another scenario in force. */
  async scenario(name: string): Promise<void> {
    await this.#send("POST", `scenarios/${encodeURIComponent(name)}/use`);
  }

  /** Switch a fault of the scenario on, or off. */
  async fault(name: string, enabled = true): Promise<void> {
    await this.#send("PUT", `faults/${encodeURIComponent(name)}`, { enabled });
  }

  /** Have a channel of the gateway do something. */
  async channel(
    id: string,
    status: "connected" | "disconnected" | "connecting" | "disabled",
    error?: string,
  ): Promise<void> {
    await this.#send("PUT", `channels/${encodeURIComponent(id)}`, { status, ...(error && { error }) });
  }

  /** Let time pass at once: "5m". All that happens on the way has happened afterwards. */
  async advance(by: string): Promise<void> {
    await this.#send("POST", "clock/advance", { by });
  }

  /** Return the calls of an operation, or of all; `*` stands for any text. The newest is the last. */
  async calls(operation = "*"): Promise<Call[]> {
    const found = await this.#send("GET", `journal?operation=${encodeURIComponent(operation)}`);
    return (found as { calls: Call[] }).calls;
  }

  /** Throw unless such calls came as often as expected; what is nearest is told. */
  async verify(operation: string, expected: Like & Count = {}): Promise<void> {
    judge(operation, (await this.#send("POST", "journal/verify", { operation, ...expected })) as Verdict);
  }

  /** Wait until such a call has come, those before included; throw when it has not within `timeout`. */
  async waitForCall(operation: string, like: Like & { count?: number; timeout?: string } = {}): Promise<void> {
    judge(operation, (await this.#send("POST", "journal/wait", { operation, ...like })) as Verdict);
  }

  /** Return the documents of a table. */
  async table(name: string): Promise<{ [field: string]: Json }[]> {
    const found = await this.#send("GET", `tables/${encodeURIComponent(name)}`);
    return (found as { documents: { [field: string]: Json }[] }).documents;
  }

  /** Insert documents, and return their ids. */
  async insert(table: string, ...documents: { [field: string]: Json }[]): Promise<string[]> {
    const made = await this.#send("POST", `tables/${encodeURIComponent(table)}`, { documents });
    return (made as { ids: string[] }).ids;
  }

  /** Make an emulator of the same files, with a state of its own, for tests that run at the same time. */
  async instance(options: { name?: string; scenario?: string; seed?: number; expires?: string } = {}): Promise<Emulator> {
    return new Emulator((await this.#send("POST", "instances", options)) as Facts);
  }

  async #send(method: string, path: string, body?: object): Promise<unknown> {
    const { control_url, token } = this.facts;
    const response = await fetch(control_url + path, {
      method,
      headers: { Authorization: `Bearer ${token}` },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const answer: unknown = await response.json();
    if (!response.ok) {
      const { message, hint } = (answer as { error: { message: string; hint?: string } }).error;
      throw new Error(hint === undefined ? message : `${message}; ${hint}`);
    }
    return answer;
  }
}

function judge(operation: string, verdict: Verdict): void {
  if (!verdict.ok) {
    const nearest = verdict.nearest === undefined ? "" : `; ${verdict.nearest}`;
    throw new Error(`expected ${verdict.expected} of ${operation}, found ${verdict.found}${nearest}`);
  }
}

function factsOfEnvironment(): Facts {
  const { env } = process;
  if (!env.EMULATOR_CONTROL_URL || !env.EMULATOR_TOKEN) {
    throw new Error('no emulator is named: run this under `emulator exec -- …`, or do eval "$(emulator env)" before');
  }
  return {
    convex_url: env.CONVEX_URL ?? "",
    gateway_url: env.OPENCLAW_GATEWAY_URL ?? "",
    site_url: env.CONVEX_SITE_URL ?? null,
    admin_key: env.CONVEX_SELF_HOSTED_ADMIN_KEY ?? null,
    control_url: env.EMULATOR_CONTROL_URL,
    token: env.EMULATOR_TOKEN,
  };
}

/** The emulator that the environment names. */
export const emulator = new Emulator();

import { randomBytes, randomUUID } from "node:crypto";
import type { Json, Outcome } from "./json";

/** Makes calls by name, with requests and answers as JSON in the names of the proto files. */
export interface Calls {
  call(name: string, request: Json, token: string | undefined): Promise<Outcome>;
  /** Whether requests of this call have a request id. */
  takesRequestId(name: string): boolean;
}

export interface Case {
  readonly about: string;
  readonly needs?: string;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly call: string;
  readonly with?: { [name: string]: Json };
  readonly as?: string;
  readonly times?: number;
  readonly within?: number;
  readonly answer?: Json;
  readonly error?: { [name: string]: Json };
  readonly keep?: Record<string, string>;
}

/** One file's calls, in turn, with the variables that they keep. */
export class Conversation {
  private readonly variables: Map<string, string>;

  constructor(
    private readonly caller: Calls,
    private readonly token: string | undefined,
    given: readonly [string, string][],
  ) {
    this.variables = new Map([["run", randomBytes(4).toString("hex")], ["uuid", randomUUID()], ...given]);
  }

  /** What is wrong with the step or with what came, if anything is. */
  async hold(step: Step): Promise<string | undefined> {
    try {
      return await this.tryHold(step);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  private async tryHold(step: Step): Promise<string | undefined> {
    let fault: string | undefined;
    for (let n = 1; n <= (step.within ?? step.times ?? 1); n += 1) {
      this.variables.set("n", String(n));
      const outcome = await this.caller.call(step.call, this.requestOf(step), this.tokenOf(step));
      fault = this.faultOf(step, outcome);
      if (fault === undefined) this.keep(step, outcome);
      if ((fault === undefined) === (step.within !== undefined)) break;
    }
    return fault;
  }

  private requestOf(step: Step): Json {
    const request = this.filled(step.with ?? {}) as { [name: string]: Json };
    return this.caller.takesRequestId(step.call) ? { request_id: randomUUID(), ...request } : request;
  }

  private tokenOf({ as }: Step): string | undefined {
    if (as === undefined) return this.token;
    return as === "nobody" ? undefined : this.variable(`${as}_token`);
  }

  private faultOf(step: Step, outcome: Outcome): string | undefined {
    const expected: Json = step.error
      ? { error: { domain: "orgroles", ...step.error } }
      : { answer: step.answer ?? {} };
    const filled = this.filled(expected);
    if ("error" in outcome === (step.error !== undefined) && matches(filled, outcome)) return undefined;
    return `expected: ${JSON.stringify(filled)}\nactual: ${JSON.stringify(outcome)}`;
  }

  private keep({ keep = {} }: Step, outcome: Outcome): void {
    for (const [name, path] of Object.entries(keep)) {
      let value: unknown = "answer" in outcome ? outcome.answer : undefined;
      for (const part of path.split(".")) value = (value as Record<string, unknown> | undefined)?.[part];
      if (value === undefined) throw new Error(`there is nothing to keep at ${path} in ${JSON.stringify(outcome)}`);
      this.variables.set(name, typeof value === "string" ? value : JSON.stringify(value));
    }
  }

  private filled(value: Json): Json {
    if (typeof value === "string") return value.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => this.variable(name));
    if (Array.isArray(value)) return value.map((item) => this.filled(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, this.filled(field)]));
  }

  private variable(name: string): string {
    const value = this.variables.get(name);
    if (value === undefined) throw new Error(`there is no variable ${name}`);
    return value;
  }
}

/** Whether what came has what is expected of it. */
export function matches(expected: Json, actual: Json | undefined): boolean {
  if (Array.isArray(expected)) {
    const items = actual ?? [];
    if (!Array.isArray(items) || items.length !== expected.length) return false;
    return expected.every((item, index) => matches(item, items[index]));
  }
  if (typeof expected === "object" && expected !== null) {
    const fields = actual ?? {};
    if (typeof fields !== "object" || Array.isArray(fields)) return false;
    return Object.entries(expected).every(([name, field]) => matches(field, fields[name]));
  }
  if (typeof expected === "string" && /^\/.*\/$/s.test(expected)) {
    const text = actual ?? "";
    return typeof text === "string" && new RegExp(expected.slice(1, -1)).test(text);
  }
  return (actual ?? defaultOf(expected)) === expected;
}

const defaultOf = (like: Json) => (typeof like === "string" ? "" : typeof like === "number" ? 0 : false);

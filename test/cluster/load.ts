import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceError } from "@grpc/grpc-js";
import { type TestClient, connect, readFailure } from "../support/client";
import { many } from "../support/many";

export const environmentId = "alpha";
const writersOfEach = 3;
const organizationsOfWriter = 4;
/** Milliseconds. It leaves some of the machine to the nodes. */
const betweenCreations = 20;

/** What callers may see of a cluster in trouble: they repeat these. */
const retryable =
  /^(?:UNAVAILABLE (?:DATABASE_UNAVAILABLE|a lost connection)|ABORTED CONFLICT_RETRY|CANCELLED a lost connection)$/;

interface Creation {
  readonly organizationId: string;
  readonly slug: string;
}

/** A service that callers reach at an address, which changes when it is started again. */
export interface Reachable {
  readonly address: string;
}

/**
 * Writers of custom roles on each service. Each repeats a creation on its own service until it is acknowledged, and
 * then reads it on another one, on another node.
 */
export class Load {
  /** Slugs by organization. */
  readonly acknowledged = new Map<string, string[]>();
  readonly staleReads: string[] = [];
  readonly unexpected: string[] = [];
  readonly failures = new Map<string, number>();
  /** Times of acknowledged creations, by service. */
  readonly #times: number[][];
  #isOver = false;
  readonly #work: Promise<unknown>;
  #readCount = 0;

  constructor(private readonly services: readonly (() => Reachable)[]) {
    this.#times = services.map(() => []);
    this.#work = Promise.all(services.flatMap((_, index) => many(writersOfEach, () => this.#write(index))));
  }

  get count(): number {
    return this.#times.flat().length;
  }

  get readCount(): number {
    return this.#readCount;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#work;
  }

  /** Milliseconds of the longest time in which a service has acknowledged nothing, after a moment. */
  longestGap(index: number, since: number): number {
    const times = [since, ...(this.#times[index] ?? []).filter((time) => time > since), performance.now()];
    return Math.max(...times.slice(1).map((time, position) => time - (times[position] ?? 0)));
  }

  countSince(index: number, since: number): number {
    return (this.#times[index] ?? []).filter((time) => time > since).length;
  }

  async #write(index: number): Promise<void> {
    const writer = randomUUID().slice(0, 8);
    const caller = new Caller(this.services[index] as () => Reachable);
    const reader = new Caller(this.services[(index + 1) % this.services.length] as () => Reachable);
    for (let number = 0; !this.#isOver; number += 1) {
      const organizationId = `org-${index}-${number % organizationsOfWriter}-${Math.floor(number / 200)}`;
      const slug = `org-${writer}-${number}`;
      const creation = { environmentId, organizationId, slug, name: slug, requestId: randomUUID() };
      if (!(await this.#insist(() => caller.client().roles.createRole(creation)))) continue;
      this.#times[index]?.push(performance.now());
      this.acknowledged.set(organizationId, [...(this.acknowledged.get(organizationId) ?? []), slug]);
      await this.#readBack(reader, { organizationId, slug });
      await sleep(betweenCreations);
    }
    caller.close();
    reader.close();
  }

  /** Returns false if the load was stopped, or the failure is none that is repeated. */
  async #insist(call: () => Promise<unknown>): Promise<boolean> {
    for (;;) {
      try {
        await call();
        return true;
      } catch (error) {
        if (!this.#note(error)) return false;
        if (this.#isOver) return false;
        await sleep(20 + Math.random() * 50);
      }
    }
  }

  #note(thrown: unknown): boolean {
    const failure = readFailure(thrown as ServiceError);
    const key = `${failure.code} ${failure.reason ?? "a lost connection"}`;
    this.failures.set(key, (this.failures.get(key) ?? 0) + 1);
    if (retryable.test(key)) return true;
    this.unexpected.push(`${key}: ${failure.message}`);
    return false;
  }

  async #readBack(reader: Caller, { organizationId, slug }: Creation): Promise<void> {
    try {
      await reader.client().roles.getRole({ environmentId, organizationId, slug });
      this.#readCount += 1;
    } catch (error) {
      if (readFailure(error as ServiceError).code === "NOT_FOUND") this.staleReads.push(slug);
      else this.#note(error);
    }
  }
}

/** A connection to a service, a new one when the service has moved. */
class Caller {
  #at = "";
  #client: TestClient | undefined;

  constructor(private readonly service: () => Reachable) {}

  client(): TestClient {
    const { address } = this.service();
    if (this.#client && address === this.#at) return this.#client;
    this.#client?.close();
    this.#at = address;
    this.#client = connect(address);
    return this.#client;
  }

  close(): void {
    this.#client?.close();
  }
}

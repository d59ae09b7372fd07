import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { EntityManager } from "typeorm";
import { table } from "./entities";

/** How statements reach the database. */
export type Run = <T>(work: (manager: EntityManager) => Promise<T>) => Promise<T>;

/** A holder whose beat has not moved for so long counts as dead, by the clock of whoever waits. */
const staleAfter = 15_000;

/**
 * Lets one process at a time do a piece of work. A compare-and-set on a row that no clock takes part in: a waiting
 * process takes over when it has seen the same beat for 15 seconds. Whoever is taken over may still be at work: what a
 * lease guards must be safe to do twice.
 */
export class Lease {
  private readonly holder = randomUUID();
  private seen: { readonly holder: string; readonly beat: number; readonly since: number } | undefined;

  constructor(
    private readonly run: Run,
    private readonly name: string,
  ) {}

  /** One try. */
  take(): Promise<boolean> {
    return this.run(async (manager) => {
      const leases = table(manager, "leases");
      const row = await leases.findOneBy({ name: this.name });
      if (!row) {
        const free = { name: this.name, holder: "", beat: 0 };
        await leases.createQueryBuilder().insert().values(free).orIgnore().execute();
        return false;
      }
      if (row.holder !== "" && !this.isStale(row.holder, row.beat)) return false;
      const { affected } = await leases.update({ ...row }, { holder: this.holder, beat: row.beat + 1 });
      return affected === 1;
    });
  }

  /** To be called every few seconds. False: another process has taken over. */
  beat(): Promise<boolean> {
    const mine = { name: this.name, holder: this.holder };
    return this.run(async (manager) => (await table(manager, "leases").increment(mine, "beat", 1)).affected === 1);
  }

  async release(): Promise<void> {
    const mine = { name: this.name, holder: this.holder };
    await this.run((manager) => table(manager, "leases").update(mine, { holder: "" }));
  }

  private isStale(holder: string, beat: number): boolean {
    const now = performance.now();
    if (this.seen?.holder !== holder || this.seen.beat !== beat) this.seen = { holder, beat, since: now };
    return now - this.seen.since > staleAfter;
  }
}

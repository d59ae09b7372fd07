import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { EntityManager } from "typeorm";
import type { CreateLease, Lease } from "../application/ports/lease";
import type { DatabaseAccess } from "./connection/database-access";
import { table } from "./entities";

/** Runs statements on the database. */
type Run = <T>(work: (manager: EntityManager) => Promise<T>) => Promise<T>;

/** Milliseconds after which a holder that does not beat counts as dead, by the clock of the process that waits. */
const staleAfter = 15_000;

/**
 * A compare-and-set on a row. No clock takes part in it: a waiting process measures how long it has seen the same beat.
 */
export class StoredLease implements Lease {
  private readonly holder = randomUUID();
  private seen: { readonly holder: string; readonly beat: number; readonly since: number } | undefined;

  constructor(
    private readonly run: Run,
    private readonly name: string,
  ) {}

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

/** Returns the leases of a database. */
export const leasesOn =
  (database: Pick<DatabaseAccess, "use">): CreateLease =>
  (name) =>
    new StoredLease((work) => database.use(({ manager }) => work(manager)), name);

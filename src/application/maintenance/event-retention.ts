import type { Clock, EnvironmentUid } from "../../domain/ids";
import type { EventNumbering } from "../events/event-numbering";
import type { Stores, UnitOfWork } from "../ports/unit-of-work";

const day = 24 * 60 * 60 * 1000;

/**
 * Numbers events that nobody has read, deletes events that are older than they are kept, the first of a sequence first,
 * and deletes erased events. It may stop anywhere, be repeated, and run in several processes.
 */
export class EventRetention {
  constructor(
    private readonly units: UnitOfWork,
    private readonly numbering: EventNumbering,
    private readonly clock: Clock,
    /** The days for which events are kept; 0: for ever. */
    private readonly days: number,
  ) {}

  /** Returns the first environment after the given one that has events, undefined after the last one. */
  nextEnvironment(after: string): Promise<EnvironmentUid | undefined> {
    return this.units.lookup((stores) => stores.sequences.nextEnvironment(after));
  }

  /** Does one bounded step in an environment. Returns how many events it deleted; fewer than `limit` if none is left. */
  async step(uid: EnvironmentUid, limit: number): Promise<number> {
    await this.numbering.number(uid);
    const erased = await this.deleteErased(uid, limit);
    if (erased === limit || !this.days) return erased;
    const before = this.clock() - this.days * day;
    const expired = await this.units.lookup((stores) => listExpired(stores, uid, before, 1));
    return expired.length ? erased + (await this.purge(uid, before, limit - erased)) : erased;
  }

  /** Excludes numberings, which would miss an event that they have just found without a position. */
  private async deleteErased(uid: EnvironmentUid, limit: number): Promise<number> {
    if (!(await this.units.lookup((stores) => stores.sequences.hasErased(uid)))) return 0;
    return this.units.write(async (stores) => {
      await stores.sequences.lock(uid);
      return stores.sequences.deleteErased(uid, limit);
    });
  }

  private purge(uid: EnvironmentUid, before: number, limit: number): Promise<number> {
    return this.units.write(async (stores) => {
      await stores.sequences.lock(uid);
      const expired = await listExpired(stores, uid, before, limit);
      const last = expired.at(-1);
      const ids = expired.map(({ id }) => id);
      if (last) await stores.sequences.purge(uid, ids, last.position);
      return expired.length;
    });
  }
}

/** Returns the first events of a sequence, up to the first one that is young enough to be kept. */
async function listExpired(stores: Stores, uid: EnvironmentUid, before: number, limit: number) {
  const oldest = await stores.sequences.list(uid, { limit });
  const young = oldest.findIndex(({ time }) => time >= before);
  return young < 0 ? oldest : oldest.slice(0, young);
}

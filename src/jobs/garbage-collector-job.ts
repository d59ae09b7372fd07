import type { Logger } from "pino";
import type { Garbage, GarbageStore } from "../application/ports/garbage-store";
import type { EventRetention } from "../application/maintenance/event-retention";
import type { CreateLease } from "../application/ports/lease";
import type { Clock, EnvironmentUid } from "../domain/ids";
import { limits } from "../domain/limits";
import { LeasedJob } from "./leased-job";

const passInterval = 60_000;
const chunk = 1000;
const pauseBetweenChunks = 20;
/**
 * Exceeds the duration of any transaction that began before the deletion and still writes rows that nobody will read.
 */
const markerLifetime = 60 * 60 * 1000;

/**
 * Removes the rows that constant-time deletions leave behind, and old idempotency records. Callers see no difference;
 * the job may stop and begin again anywhere.
 */
export class GarbageCollectorJob extends LeasedJob {
  constructor(
    private readonly store: GarbageStore,
    private readonly retention: EventRetention,
    createLease: CreateLease,
    private readonly clock: Clock,
    log: Logger,
  ) {
    super(createLease("janitor"), log, "garbage collection", passInterval);
  }

  /** Removes everything that there is to remove now. Returns the number of rows. */
  async pass(): Promise<number> {
    let removed = await this.drain(this.store.idempotencyRecords(this.clock() - limits.requestIdLifetime));
    removed += await this.removeEvents();
    for (const deletion of await this.store.listDeletions()) {
      for (const garbage of deletion.garbage) removed += await this.drain(garbage);
      if (this.isStopped) return removed; // rows may be left: the marker stays
      if (deletion.deleteTime < this.clock() - markerLifetime) await deletion.remove();
    }
    return removed;
  }

  private async removeEvents(): Promise<number> {
    let removed = 0;
    for (let uid = await this.retention.nextEnvironment(""); uid; uid = await this.retention.nextEnvironment(uid)) {
      const environment = uid;
      removed += await this.drain({ remove: (limit) => this.removeEventsOf(environment, limit) });
      if (this.isStopped) break;
    }
    return removed;
  }

  /** Does one step in an environment. One that fails has its next step in the next pass, and others go on. */
  private async removeEventsOf(uid: EnvironmentUid, limit: number): Promise<number> {
    try {
      return await this.retention.step(uid, limit);
    } catch (error) {
      this.log.warn({ err: error, environmentUid: uid }, "events of an environment are not removed");
      return 0;
    }
  }

  private async drain(garbage: Garbage): Promise<number> {
    for (let total = 0; ; ) {
      const removed = await garbage.remove(chunk);
      total += removed;
      if (removed < chunk || this.isStopped) return total;
      await this.rest(pauseBetweenChunks);
    }
  }
}

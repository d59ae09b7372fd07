import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { limits } from "../domain/limits";
import type { Clock } from "../domain/ids";
import type { Database } from "./database";
import { type Tables, table } from "./entities";
import type { PurgeRow } from "./entities/housekeeping";
import { Lease, type Run } from "./lease";

const passInterval = 60_000;
const chunk = 1000;
const pauseBetweenChunks = 20;
/** Longer than any transaction can take that began before the deletion and still writes what nobody will read. */
const markerLifetime = 60 * 60 * 1000;

const tablesOf = {
  environment: ["role_permissions", "roles", "permissions", "organizations", "environment_anchors"],
  permission: ["role_permissions"],
} as const satisfies Record<PurgeRow["kind"], readonly (keyof Tables)[]>;

/**
 * Removes the rows that constant-time deletions have left behind, and old answers. Nothing a caller can see depends on
 * it; it may stop and begin again anywhere.
 */
export class Janitor {
  private readonly stopping = new AbortController();
  private readonly lease: Lease;
  private life: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    this.lease = new Lease(this.run, "janitor");
  }

  start(): void {
    this.life = this.live();
  }

  async close(): Promise<void> {
    this.stopping.abort();
    await this.life;
  }

  /** One pass over everything that is there to remove. Answers how many rows went. */
  async pass(): Promise<number> {
    let removed = await this.drain("answered_requests", "create_time < ?", [this.clock() - limits.requestIdLifetime]);
    const purges = await this.run((manager) => table(manager, "purges").find({ order: { deleteTime: "ASC" } }));
    for (const purge of purges) {
      const { kind, environmentUid, subjectId } = purge;
      for (const name of tablesOf[kind])
        removed += await (kind === "environment"
          ? this.drain(name, "environment_uid = ?", [environmentUid])
          : this.drain(name, "environment_uid = ? AND permission_id = ?", [environmentUid, subjectId]));
      if (purge.deleteTime < this.clock() - markerLifetime)
        await this.run((manager) => table(manager, "purges").delete({ ...purge }));
    }
    return removed;
  }

  private readonly run: Run = (work) => this.database.use((dataSource) => work(dataSource.manager));

  private async live(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        if (await this.lease.take()) {
          const removed = await this.pass();
          if (removed) this.log.info({ removed }, "purged");
          await this.lease.release();
        }
      } catch (error) {
        this.log.debug({ err: error }, "purge put off");
      }
      await sleep(passInterval, undefined, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
    }
  }

  private async drain(name: keyof Tables, where: string, parameters: unknown[]): Promise<number> {
    for (let total = 0; ; ) {
      const removed = await this.database.use(async (dataSource) => {
        const isSqlite = dataSource.options.type === "better-sqlite3";
        const sql = isSqlite
          ? `DELETE FROM ${name} WHERE rowid IN (SELECT rowid FROM ${name} WHERE ${where} LIMIT ${chunk})`
          : `DELETE FROM ${name} WHERE ${where} LIMIT ${chunk}`;
        const runner = dataSource.createQueryRunner();
        try {
          return (await runner.query(sql, parameters, true)).affected ?? 0;
        } finally {
          await runner.release();
        }
      });
      total += removed;
      if (removed < chunk || this.stopping.signal.aborted) return total;
      await this.lease.beat();
      await sleep(pauseBetweenChunks);
    }
  }
}

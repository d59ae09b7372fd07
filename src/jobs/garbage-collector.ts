import type { Logger } from "pino";
import { limits } from "../domain/limits";
import type { Clock } from "../domain/ids";
import { Job } from "./job";
import type { Database } from "../persistence/connection/database";
import { type Tables, table } from "../persistence/entities/index";
import { dialectOf } from "../persistence/engines/index";
import type { PurgeRow } from "../persistence/entities/housekeeping";

const passInterval = 60_000;
const chunk = 1000;
const pauseBetweenChunks = 20;
/** Longer than any transaction can take that began before the deletion and still writes what nobody will read. */
const markerLifetime = 60 * 60 * 1000;

const tablesOf = {
  environment: [
    "role_assignments",
    "group_roles",
    "role_permissions",
    "roles",
    "permissions",
    "role_collapses",
    "successions",
    "organizations",
    "environment_anchors",
  ],
  organization: ["role_assignments", "group_roles"],
  permission: ["role_permissions"],
} as const satisfies Record<PurgeRow["kind"], readonly (keyof Tables)[]>;

function rowsOf(kind: PurgeRow["kind"], environmentUid: string, subjectId: string): [string, unknown[]] {
  if (kind === "environment") return ["environment_uid = ?", [environmentUid]];
  return [
    `environment_uid = ? AND ${kind === "organization" ? "organization_uid" : "permission_id"} = ?`,
    [environmentUid, subjectId],
  ];
}

/**
 * Removes the rows that constant-time deletions have left behind, and old answers. Nothing a caller can see depends on
 * it; it may stop and begin again anywhere.
 */
export class GarbageCollector extends Job {
  constructor(
    database: Database,
    private readonly clock: Clock,
    log: Logger,
  ) {
    super(database, log, "janitor", passInterval);
  }

  /** One pass over everything that is there to remove. Answers how many rows went. */
  async pass(): Promise<number> {
    let removed = await this.drain("answered_requests", "create_time < ?", [this.clock() - limits.requestIdLifetime]);
    const purges = await this.run((manager) => table(manager, "purges").find({ order: { deleteTime: "ASC" } }));
    for (const purge of purges) {
      const { kind, environmentUid, subjectId } = purge;
      for (const name of tablesOf[kind]) removed += await this.drain(name, ...rowsOf(kind, environmentUid, subjectId));
      if (this.stopped) return removed; // there may be more: the marker stays
      if (purge.deleteTime < this.clock() - markerLifetime)
        await this.run((manager) => table(manager, "purges").delete({ ...purge }));
    }
    return removed;
  }

  private async drain(name: keyof Tables, where: string, parameters: unknown[]): Promise<number> {
    for (let total = 0; ; ) {
      const removed = await this.database.use(async (dataSource) => {
        const sql = dialectOf(dataSource).deleteSome(name, where, chunk);
        const runner = dataSource.createQueryRunner();
        try {
          return (await runner.query(sql, parameters, true)).affected ?? 0;
        } finally {
          await runner.release();
        }
      });
      total += removed;
      if (removed < chunk || this.stopped) return total;
      await this.rest(pauseBetweenChunks);
    }
  }
}

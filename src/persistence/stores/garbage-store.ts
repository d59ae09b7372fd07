import type { DeletionMarker, Garbage, GarbageStore } from "../../application/ports/garbage-store";
import type { DatabaseAccess } from "../connection/database-access";
import { Session } from "../connection/session";
import { type Tables, table } from "../entities/index";
import type { DeletionMarkerRow } from "../entities/housekeeping";

/** The tables with rows of a deleted environment, organization or permission. */
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
} as const satisfies Record<DeletionMarkerRow["kind"], readonly (keyof Tables)[]>;

/** A condition for rows, and its parameters. */
type Condition = readonly [where: string, ...parameters: (string | number)[]];

function rowsOf({ kind, environmentUid, subjectId }: DeletionMarkerRow): Condition {
  if (kind === "environment") return ["environment_uid = ?", environmentUid];
  const column = kind === "organization" ? "organization_uid" : "permission_id";
  return [`environment_uid = ? AND ${column} = ?`, environmentUid, subjectId];
}

export class SqlGarbageStore implements GarbageStore {
  constructor(private readonly database: Pick<DatabaseAccess, "use">) {}

  idempotencyRecords(before: number): Garbage {
    return this.garbage("answered_requests", ["create_time < ?", before]);
  }

  async listDeletions(): Promise<DeletionMarker[]> {
    const rows = await this.database.use(({ manager }) =>
      table(manager, "purges").find({ order: { deleteTime: "ASC" } }),
    );
    return rows.map((row) => ({
      deleteTime: row.deleteTime,
      garbage: tablesOf[row.kind].map((name) => this.garbage(name, rowsOf(row))),
      remove: () => this.removeMarker(row),
    }));
  }

  private garbage(name: keyof Tables, [where, ...parameters]: Condition): Garbage {
    return {
      remove: (limit) =>
        this.database.use(({ manager }) => {
          const session = new Session(manager);
          return session.affected(session.dialect.deleteSome(name, where, limit), parameters);
        }),
    };
  }

  private async removeMarker(row: DeletionMarkerRow): Promise<void> {
    await this.database.use(({ manager }) => table(manager, "purges").delete({ ...row }));
  }
}

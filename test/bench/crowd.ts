import { setTimeout as sleep } from "node:timers/promises";
import type mysql from "mysql2/promise";

const chunk = 5000;
const pad = (number: number, length: number) => String(number).padStart(length, "0");

/** What a call needs to name a member. */
export interface Member {
  readonly organizationId: string;
  readonly userId: string;
}

/** Many organizations of one environment, each with the same number of members of one role. */
export class Crowd {
  constructor(
    readonly organizations: number,
    readonly members: number,
  ) {}

  /** Of an organization, by its number. */
  organizationId(number: number): string {
    return `organization-${pad(number, 6)}`;
  }

  organizationUid(number: number): string {
    return `01${pad(number, 24)}`;
  }

  /** The organization of a member, by the member's number. */
  organizationOf(member: number): number {
    return Math.floor(member / (this.members / this.organizations));
  }

  userId(member: number): string {
    return `user-${pad(member, 7)}`;
  }

  member(number: number): Member {
    return { organizationId: this.organizationId(this.organizationOf(number)), userId: this.userId(number) };
  }

  anyone(): Member {
    return this.member(this.anyNumber());
  }

  anyNumber(): number {
    return Math.floor(Math.random() * this.members);
  }

  /** The rows that a call of SetMemberRoles for each member would have made. */
  async seed(connection: mysql.Connection, environmentUid: string, roleId: string): Promise<void> {
    await insert(
      connection,
      "organizations (environment_uid, id, uid, revision, default_role_id, role_order)",
      this.organizations,
      (number) => [environmentUid, this.organizationId(number), this.organizationUid(number), 1, "", ""],
    );
    await insert(
      connection,
      "role_assignments" +
        " (environment_uid, organization_uid, user_id, role_id, several_since, create_time, update_time)",
      this.members,
      (number) => {
        const organizationUid = this.organizationUid(this.organizationOf(number));
        return [environmentUid, organizationUid, this.userId(number), roleId, 0, 1, 1];
      },
    );
    await written(connection);
  }
}

/** Until the server has written its pages to disk, which would go on beside what is measured. */
async function written(connection: mysql.Connection): Promise<void> {
  const [[before]] = await connection.query<mysql.RowDataPacket[]>("SELECT @@innodb_max_dirty_pages_pct AS percent");
  await connection.query("SET GLOBAL innodb_max_dirty_pages_pct = 0");
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; await sleep(500)) {
    const [[dirty]] = await connection.query<mysql.RowDataPacket[]>(
      "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'",
    );
    if (Number(dirty?.["Value"]) < 100) break;
  }
  await connection.query("SET GLOBAL innodb_max_dirty_pages_pct = ?", [before?.["percent"]]);
}

async function insert(
  connection: mysql.Connection,
  table: string,
  count: number,
  row: (number: number) => unknown[],
): Promise<void> {
  for (let start = 0; start < count; start += chunk) {
    const rows = Array.from({ length: Math.min(chunk, count - start) }, (_, index) => row(start + index));
    await connection.query(`INSERT INTO ${table} VALUES ?`, [rows]);
  }
}

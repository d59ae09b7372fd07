import { many } from "../support/many";

/** Runs a statement. */
export type Query = (sql: string, parameters: readonly unknown[]) => Promise<unknown>;

const chunk = 200;
const pad = (number: number, length: number) => String(number).padStart(length, "0");

/** What is asked about a member, and the right answer. */
export interface Question {
  readonly organizationId: string;
  readonly userId: string;
  readonly permission: string;
  readonly isAllowed: boolean;
}

/**
 * Organizations with configurations of their own in one environment of 20 roles and 50 permissions: each has its own order of
 * 22 roles, two custom roles of five permissions, and members with one role each. Every role is a function of its number, so
 * that the right answer to each check is known.
 */
export class Tenants {
  private readonly permissions = many(50, (number) => ({ id: `perm_${pad(number, 26)}`, slug: `p:${pad(number, 3)}` }));
  private readonly roles = many(19, (number) => `role_${pad(number, 26)}`);

  constructor(
    readonly organizations: number,
    readonly membersEach: number,
  ) {}

  organizationId(number: number): string {
    return `org-${pad(number, 6)}`;
  }

  /** Inserts the rows that calls would have inserted. `memberRoleId` is the role that the environment began with. */
  async seed(query: Query, environmentUid: string, memberRoleId: string): Promise<void> {
    const uid = environmentUid;
    const order = [...this.roles, memberRoleId];
    const insert = async (table: string, rows: readonly (readonly unknown[])[]) => {
      for (let start = 0; start < rows.length; start += chunk) {
        const some = rows.slice(start, start + chunk);
        const places = `(${"?, ".repeat(some[0]?.length ?? 0).slice(0, -2)})`;
        await query(`INSERT INTO ${table} VALUES ${some.map(() => places).join(", ")}`, some.flat());
      }
    };
    await insert(
      "permissions (environment_uid, id, slug, name, description, create_time, update_time)",
      this.permissions.map(({ id, slug }) => [uid, id, slug, slug, "", 1, 1]),
    );
    const roles =
      "roles (environment_uid, organization_id, id, slug, slug_scope, name, description, created_revision, create_time," +
      " update_time, deleted_revision, replacement_role_id, environment_default_role_id)";
    const grants = "role_permissions (environment_uid, organization_id, role_id, permission_id)";
    await insert(
      roles,
      this.roles.map((id, n) => [uid, "", id, `role-${n}`, "environment", `Role ${n}`, "", n + 2, 1, 1, 0, "", ""]),
    );
    await insert(
      grants,
      this.roles.flatMap((id, n) =>
        this.permissions.filter((_, p) => this.grants(n, p)).map((permission) => [uid, "", id, permission.id]),
      ),
    );
    await query("UPDATE environments SET role_order = ?, revision = revision + 1 WHERE uid = ?", [
      order.join(","),
      uid,
    ]);
    for (let first = 0; first < this.organizations; first += 1000) {
      const numbers = many(Math.min(1000, this.organizations - first), (index) => first + index);
      await insert(
        "organizations (environment_uid, id, uid, revision, default_role_id, role_order)",
        numbers.map((k) => {
          const own = [...order, this.customRole(k, 0), this.customRole(k, 1)];
          return [uid, this.organizationId(k), this.organizationUid(k), 3, order[0], own.join(",")];
        }),
      );
      const custom = numbers.flatMap((k) => [0, 1].map((n) => ({ k, n, id: this.customRole(k, n) })));
      await insert(
        roles,
        custom.map(({ k, n, id }) => {
          const scope = `organization:${this.organizationId(k)}`;
          const name = `Custom ${n}`;
          return [uid, this.organizationId(k), id, `org-custom-${n}`, scope, name, "", n + 1, 1, 1, 0, "", ""];
        }),
      );
      await insert(
        grants,
        custom.flatMap(({ k, n, id }) =>
          this.permissions.filter((_, p) => p % 10 === n).map((one) => [uid, this.organizationId(k), id, one.id]),
        ),
      );
      await insert(
        "role_assignments (environment_uid, organization_uid, user_id, role_id, several_since, create_time, update_time)",
        numbers.flatMap((k) =>
          many(this.membersEach, (m) => {
            const roleId = this.hasCustomRole(m) ? this.customRole(k, 0) : (this.roles[(k + m) % 19] ?? "");
            return [uid, this.organizationUid(k), `u${pad(m, 3)}`, roleId, 0, 1, 1];
          }),
        ),
      );
    }
  }

  /** Returns a question about any member and any permission. */
  question(): Question {
    const k = Math.floor(Math.random() * this.organizations);
    const m = Math.floor(Math.random() * this.membersEach);
    const p = Math.floor(Math.random() * this.permissions.length);
    return {
      organizationId: this.organizationId(k),
      userId: `u${pad(m, 3)}`,
      permission: this.permissions[p]?.slug ?? "",
      isAllowed: this.hasCustomRole(m) ? p % 10 === 0 : this.grants((k + m) % 19, p),
    };
  }

  private organizationUid(number: number): string {
    return `01${pad(number, 24)}`;
  }

  private customRole(organization: number, number: number): string {
    return `role_${pad(1000 + 2 * organization + number, 26)}`;
  }

  private hasCustomRole(member: number): boolean {
    return member % 3 === 0;
  }

  private grants(role: number, permission: number): boolean {
    return (role + permission) % 5 === 0;
  }
}

import { ulid } from "ulid";
import type { EnvironmentUid, EventId, OrganizationUid, PermissionId, RoleId } from "../../src/domain/ids";
import type {
  EnvironmentId,
  GroupId,
  OrganizationId,
  PermissionSlug,
  RequestId,
  UserId,
} from "../../src/domain/values";
import type { TestStorage } from "../support/storage";

/** How many rows there are of what: enough for a plan to differ from that of an empty table. */
const sizes = {
  environments: 300,
  organizations: 5000,
  members: 40_000,
  membersOfOne: 5000,
  groups: 10_000,
  roles: 200,
  permissions: 2000,
  answers: 10_000,
  purges: 500,
  events: 20_000,
  unnumberedEvents: 2000,
};

const chunk = 1000;
const pad = (number: number, length: number) => String(number).padStart(length, "0");

/** A database as it is after years: one environment with most of it, one organization in it with more than a page. */
export class Crowded {
  readonly uid = ulid() as EnvironmentUid;
  readonly id = "production" as EnvironmentId;
  readonly organizationId = "organization-00000" as OrganizationId;
  readonly organizationUid = this.organizationUidAt(0);
  readonly emptyOrganizationId = "organization-04999" as OrganizationId;
  readonly userId = "user-000000" as UserId;
  /** A member of a thousand organizations. */
  readonly busyUserId = "user-of-many" as UserId;
  readonly groupId = "group-00000" as GroupId;
  readonly permission = "permission-0000" as PermissionSlug;
  readonly requestId = "00000000-0000-4000-8000-000000000000" as RequestId;

  roleAt(number: number): RoleId {
    return `role_01E${pad(number, 23)}` as RoleId;
  }

  eventAt(number: number): EventId {
    return `evt_01V${pad(number, 23)}` as EventId;
  }

  customRoleAt(number: number): RoleId {
    return `role_01O${pad(number, 23)}` as RoleId;
  }

  permissionAt(number: number): PermissionId {
    return `perm_01P${pad(number, 23)}` as PermissionId;
  }

  organizationIdAt(number: number): OrganizationId {
    return `organization-${pad(number, 5)}` as OrganizationId;
  }

  organizationUidAt(number: number): OrganizationUid {
    return `01O${pad(number, 23)}` as OrganizationUid;
  }

  userAt(number: number): UserId {
    return `user-${pad(number, 6)}` as UserId;
  }

  async fill(storage: TestStorage): Promise<void> {
    const filled = new Set<string>();
    const insert = async (table: string, count: number, row: (number: number) => unknown[]) => {
      filled.add(table);
      for (let start = 0; start < count; start += chunk) {
        const rows = Array.from({ length: Math.min(chunk, count - start) }, (_, index) => row(start + index));
        await storage.query(
          `INSERT INTO ${table} VALUES ${rows.map((one) => `(${one.map(() => "?").join(",")})`).join(",")}`,
          rows.flat(),
        );
      }
    };
    const { uid } = this;
    const order = Array.from({ length: sizes.roles }, (_, number) => this.roleAt(number)).join(",");
    const others = Array.from({ length: sizes.environments }, () => ulid());
    const uidAt = (number: number) => (number ? (others[number] ?? "") : uid);
    const idAt = (number: number) => (number ? `environment-${pad(number, 4)}` : this.id);
    await insert("environments", sizes.environments, (n) => [
      uidAt(n),
      idAt(n),
      "Name",
      1,
      this.roleAt(0),
      order,
      50,
      1,
      1,
    ]);
    await insert("environment_anchors", sizes.environments, (n) => [uidAt(n), 0]);
    await insert("successions", sizes.environments, (n) => [uidAt(n), 0, n % 20 ? 0 : 1]);
    await insert("role_collapses", 5, (n) => [uid, n + 1, order, 1]);
    await insert("organizations", sizes.organizations, (n) => {
      const own = n % 10 === 0;
      return [
        uid,
        this.organizationIdAt(n),
        this.organizationUidAt(n),
        1,
        own ? this.roleAt(n % 50) : "",
        own ? order : "",
      ];
    });
    const role = (organizationId: string, id: string, n: number, [state, deleted, by]: [string, number, string]) => {
      const slug = organizationId ? `org-${n}` : `role-${n}`;
      const scope = state || (organizationId ? `organization:${organizationId}` : "environment");
      return [uid, organizationId, id, slug, scope, "Name", "", 1, 1, 1, deleted, by, deleted ? this.roleAt(0) : ""];
    };
    await insert("roles", sizes.roles, (n) => {
      const gone = n % 20 === 19;
      return role("", this.roleAt(n), n, gone ? [`tombstone:${this.roleAt(n)}`, 3, ""] : ["", 0, ""]);
    });
    await insert("roles", sizes.roles, (n) => {
      const gone = n % 20 === 19;
      const state: [string, number, string] = gone
        ? [`replaced:${this.customRoleAt(n)}`, 0, this.roleAt(0)]
        : ["", 0, ""];
      return role(this.organizationId, this.customRoleAt(n), n, state);
    });
    await insert("permissions", sizes.permissions, (n) => [
      uid,
      this.permissionAt(n),
      `permission-${pad(n, 4)}`,
      "Name",
      "",
      1,
      1,
    ]);
    await insert("role_permissions", sizes.roles * 50, (n) => [
      uid,
      "",
      this.roleAt(n % sizes.roles),
      this.permissionAt(Math.floor(n / sizes.roles)),
    ]);
    await insert("role_permissions", sizes.roles * 20, (n) => [
      uid,
      this.organizationId,
      this.customRoleAt(n % sizes.roles),
      this.permissionAt(Math.floor(n / sizes.roles)),
    ]);
    const assignment = (organization: number, n: number) => {
      const several = n % 40 === 0 ? 2 + (n % 3) : 0;
      return [uid, this.organizationUidAt(organization), this.userAt(n), this.roleAt(n % 60), several, 1, 1];
    };
    await insert("role_assignments", sizes.membersOfOne, (n) => assignment(0, n));
    await insert("role_assignments", sizes.members, (n) =>
      assignment(1 + (n % (sizes.organizations - 2)), sizes.membersOfOne + n),
    );
    await insert("role_assignments", 1000, (n) => [
      uid,
      this.organizationUidAt(1 + n),
      this.busyUserId,
      this.roleAt(0),
      0,
      1,
      1,
    ]);
    await insert("group_roles", sizes.groups, (n) => [
      uid,
      this.organizationUidAt(n % 2 ? 0 : n % 1000),
      `group-${pad(n, 5)}`,
      this.roleAt(n % 60),
      1,
      1,
    ]);
    await insert("answered_requests", sizes.answers, (n) => [
      this.id,
      `00000000-0000-4000-8000-${pad(n, 12)}`,
      "f".repeat(64),
      "{}",
      n < 2000 ? 1 : 10_000_000_000_000,
    ]);
    await insert("purges", sizes.purges, (n) => [
      "organization",
      uid,
      this.organizationUidAt(sizes.organizations + n),
      1,
    ]);
    await insert("events", sizes.events, (n) => [
      uid,
      this.eventAt(n),
      n < sizes.events - sizes.unnumberedEvents ? n + 1 : 0,
      n % 10 ? this.organizationIdAt(n % 3 ? 0 : n % 1000) : "",
      n + 1,
      0,
      n + 1,
      n % 10 ? "membership.updated" : "role.updated",
      n % 10 ? this.userAt(n % 1000) : "",
      n,
      "anonymous",
      "",
      "call",
      "{}",
      2,
    ]);
    await insert("event_sequences", sizes.environments, (n) => [
      uidAt(n),
      1,
      n ? 0 : sizes.events - sizes.unnumberedEvents,
      0,
    ]);
    await insert("event_erasures", 100, (n) => [uid, this.organizationIdAt(n + 1), 10]);
    for (const table of filled) await storage.query(`ANALYZE TABLE ${table}`);
  }
}

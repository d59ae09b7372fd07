import type {
  ContentQuery,
  CurrentContents,
  OrganizationContent,
  SnapshotStore,
} from "../../application/ports/snapshot-store";
import type { EnvironmentUid, PermissionId, RoleId } from "../../domain/ids";
import type { MemberKey } from "../../domain/membership";
import type { Role } from "../../domain/role";
import type { Slug } from "../../domain/slug";
import type { Description, EnvironmentId, Name, OrganizationId, UserId } from "../../domain/values";
import type { Session } from "../connection/session";
import { decodeIds } from "../entities/columns";
import { placeholders } from "./conditions";
import { MultiMap } from "./multi-map";
import {
  type Part,
  type RevisionRow,
  RevisionRows,
  groupByEnvironment,
  leastRows,
  queryParts,
  revisionParts,
} from "./revision-store";

/**
 * Separates the values of a packed column. No value contains it, because control characters but newline and tab are
 * rejected. SQLite leaves empty values out: a value that may be empty has `=` in front.
 */
const separator = "\u001f";

/**
 * A row of revisions, or a custom role, or the permissions of one: the organization's id is the name, the role's id the uid,
 * its revision the number.
 */
interface Row extends RevisionRow {
  readonly kind: "" | "role" | "grant";
  /** Default role and order of an organization; slug, name, replacement and description of a role. */
  readonly packed: string;
  /** The ids of the permissions of a role. */
  readonly granted: string | null;
}

const more = {
  named: ", '' AS kind, '' AS packed, '' AS granted",
  ofOrganizations: ", '', CONCAT(default_role_id, ' ', role_order), ''",
  ofOthers: ", '', '', ''",
};

const selectRoles =
  "SELECT environment_uid, organization_id, id, '', created_revision, create_time, update_time, 'role'," +
  " CONCAT_WS(?, slug, name, CONCAT('=', replacement_role_id), CONCAT('=', description)), '' FROM roles";

/** In the order of the primary key. A part of the SELECT above instead would be a statement of its own for each role. */
const selectGrants =
  "SELECT environment_uid, organization_id, role_id, '', 0, 0, 0, 'grant', '', GROUP_CONCAT(permission_id)" +
  " FROM role_permissions";

/** Loads what reads do not have in memory, for many calls in one statement. */
export class SqlSnapshotStore implements SnapshotStore {
  constructor(private readonly session: Session) {}

  async find(queries: readonly ContentQuery[]): Promise<CurrentContents | undefined> {
    const { byPrimaryKey } = this.session.dialect;
    const parts = [
      ...revisionParts(this.session, queries, more),
      ...usersParts(queries, byPrimaryKey),
      ...rolesParts(queries, byPrimaryKey),
    ];
    const rows = await queryParts<Row>(this.session, parts, (parameters) => leastRows + 4 * parameters);
    return rows && new ContentRows(rows);
  }
}

function rolesParts(queries: readonly ContentQuery[], byPrimaryKey: string): Part[] {
  const groups = groupByEnvironment(queries, ({ organizationIds }) => organizationIds);
  return [...groups].flatMap(([uid, named]) => {
    const organizationIds = [...new Set(named)];
    const where = `${byPrimaryKey} WHERE environment_uid = ? AND organization_id IN (${placeholders(organizationIds)})`;
    return [
      { sql: selectRoles + where, parameters: [separator, uid, ...organizationIds] },
      {
        sql: `${selectGrants}${where} GROUP BY environment_uid, organization_id, role_id`,
        parameters: [uid, ...organizationIds],
      },
    ];
  });
}

/**
 * Returns the SELECTs of members of organizations whose uids are not known. Each looks for one user of an organization, so
 * that every row is found by the whole primary key: further users of an organization are in further SELECTs.
 */
function usersParts(queries: readonly ContentQuery[], byPrimaryKey: string): Part[] {
  return [...groupByEnvironment(queries, ({ users }) => users)].flatMap(([uid, users]) => {
    const usersOf = new Map<OrganizationId, Set<UserId>>();
    for (const { organizationId, userId } of users) {
      const others = usersOf.get(organizationId);
      if (others) others.add(userId);
      else usersOf.set(organizationId, new Set([userId]));
    }
    const all = [...usersOf].map(([organizationId, ids]) => ({ organizationId, userIds: [...ids] }));
    const most = Math.max(...all.map(({ userIds }) => userIds.length));
    return Array.from({ length: most }, (_, index) => {
      const pairs = all.flatMap(({ organizationId, userIds }) => {
        const userId = userIds[index];
        return userId === undefined ? [] : [[organizationId, userId] as const];
      });
      const organizationIds = pairs.map(([organizationId]) => organizationId);
      return {
        sql:
          "SELECT assigned.environment_uid, organization_uid, role_id, user_id, several_since, create_time, update_time" +
          `${more.ofOthers} FROM organizations CROSS JOIN role_assignments assigned${byPrimaryKey}` +
          " WHERE organizations.environment_uid = ?" +
          ` AND organizations.id IN (${placeholders(organizationIds)}) AND assigned.environment_uid = ?` +
          " AND assigned.organization_uid = organizations.uid" +
          ` AND assigned.user_id = CASE organizations.id${" WHEN ? THEN ?".repeat(pairs.length)} END`,
        parameters: [uid, ...organizationIds, uid, ...pairs.flat()],
      };
    });
  });
}

class ContentRows implements CurrentContents {
  private readonly revisions: RevisionRows;
  private readonly organizations = new MultiMap<string, Row>();
  private readonly roles = new MultiMap<string, Row>();
  private readonly grants = new MultiMap<string, Row>();

  constructor(rows: readonly Row[]) {
    this.revisions = new RevisionRows(rows.filter(({ kind }) => kind === ""));
    for (const row of rows)
      if (row.kind === "role") this.roles.add(row.name, row);
      else if (row.kind === "grant") this.grants.add(row.uid, row);
      else if (row.packed !== "") this.organizations.add(row.name, row);
  }

  environment(id: EnvironmentId) {
    return this.revisions.environment(id);
  }

  organization(environment: EnvironmentUid, id: OrganizationId) {
    return this.revisions.organization(environment, id);
  }

  member(environment: EnvironmentUid, key: MemberKey) {
    return this.revisions.member(environment, key);
  }

  content(environment: EnvironmentUid, id: OrganizationId): OrganizationContent | undefined {
    const revision = this.organization(environment, id);
    const row = this.organizations.find(id, ({ parent }) => parent === environment);
    if (!revision || !row) return undefined;
    const [defaultRoleId = "", order = ""] = row.packed.split(" ");
    const own = defaultRoleId
      ? { own: { defaultRoleId: defaultRoleId as RoleId, order: decodeIds<RoleId>(order) } }
      : {};
    const customRoles: Role[] = [];
    const replaced = new Map<RoleId, RoleId>();
    const grants = new Map<RoleId, readonly PermissionId[]>();
    for (const role of this.roles.filter(id, ({ parent }) => parent === environment)) {
      const [slug = "", name = "", replacement = "=", description = "="] = role.packed.split(separator);
      const roleId = role.uid as RoleId;
      if (replacement !== "=") {
        replaced.set(roleId, replacement.slice(1) as RoleId);
        continue;
      }
      const granted = this.grants.find(roleId, ({ parent, name: of }) => parent === environment && of === id)?.granted;
      if (granted) grants.set(roleId, decodeIds<PermissionId>(granted));
      const { number: createdRevision, createTime, updateTime } = role;
      customRoles.push({
        id: roleId,
        organizationId: id,
        slug: slug as Slug,
        name: name as Name,
        description: description.slice(1) as Description,
        createdRevision,
        createTime,
        updateTime,
      });
    }
    const { uid, revision: number } = revision;
    return { state: { id, uid, revision: number, ...own, customRoles, replaced }, grants };
  }
}

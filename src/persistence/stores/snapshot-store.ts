import type { RevisionQuery } from "../../application/ports/revision-store";
import type { CurrentContents, OrganizationContent, SnapshotStore } from "../../application/ports/snapshot-store";
import type { EnvironmentUid, PermissionId, RoleId } from "../../domain/ids";
import type { MemberKey } from "../../domain/membership";
import type { Role } from "../../domain/role";
import type { Slug } from "../../domain/slug";
import type { Description, EnvironmentId, Name, OrganizationId } from "../../domain/values";
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

/** A row of revisions, or a custom role: its organization's id is the name, its id the uid, its revision the number. */
interface Row extends RevisionRow {
  readonly kind: "" | "role";
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
  "SELECT roles.environment_uid, roles.organization_id, roles.id, '', roles.created_revision, roles.create_time," +
  " roles.update_time, 'role', CONCAT_WS(?, roles.slug, roles.name, CONCAT('=', roles.replacement_role_id)," +
  " CONCAT('=', roles.description)), (SELECT GROUP_CONCAT(permission_id) FROM role_permissions granted" +
  " WHERE granted.environment_uid = roles.environment_uid AND granted.organization_id = roles.organization_id" +
  " AND granted.role_id = roles.id) FROM roles";

/** Loads what reads do not have in memory, for many calls in one statement. */
export class SqlSnapshotStore implements SnapshotStore {
  constructor(private readonly session: Session) {}

  async find(queries: readonly RevisionQuery[]): Promise<CurrentContents | undefined> {
    const parts = [...revisionParts(this.session, queries, more), ...rolesParts(queries)];
    const rows = await queryParts<Row>(this.session, parts, (parameters) => leastRows + 4 * parameters);
    return rows && new ContentRows(rows);
  }
}

function rolesParts(queries: readonly RevisionQuery[]): Part[] {
  const groups = groupByEnvironment(queries, ({ organizationIds }) => organizationIds);
  return [...groups].map(([uid, named]) => {
    const organizationIds = [...new Set(named)];
    return {
      sql: `${selectRoles} WHERE roles.environment_uid = ? AND roles.organization_id IN (${placeholders(organizationIds)})`,
      parameters: [separator, uid, ...organizationIds],
    };
  });
}

class ContentRows implements CurrentContents {
  private readonly revisions: RevisionRows;
  private readonly organizations = new MultiMap<string, Row>();
  private readonly roles = new MultiMap<string, Row>();

  constructor(rows: readonly Row[]) {
    this.revisions = new RevisionRows(rows.filter(({ kind }) => kind === ""));
    for (const row of rows)
      if (row.kind === "role") this.roles.add(row.name, row);
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
      if (role.granted) grants.set(roleId, decodeIds<PermissionId>(role.granted));
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

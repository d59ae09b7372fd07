import type { RevisionQuery } from "../../application/ports/revision-store";
import type { CurrentContents, OrganizationContent, SnapshotStore } from "../../application/ports/snapshot-store";
import type { EnvironmentUid, OrganizationUid, PermissionId, RoleId } from "../../domain/ids";
import type { MemberKey, Membership } from "../../domain/membership";
import type { Role } from "../../domain/role";
import type { Slug } from "../../domain/slug";
import type { Description, Name, OrganizationId, UserId } from "../../domain/values";
import type { Session } from "../connection/session";
import { placeholders } from "./conditions";

/** The rows that a statement may always return, however few members are asked for. */
const leastRows = 2500;

/**
 * Separates the values of a packed column. No value contains it, because control characters but newline and tab are refused.
 * SQLite leaves empty values out: a value that may be empty has `=` in front.
 */
const separator = "\u001f";

/** A row of one of four kinds: an environment, an organization, a custom role, a role of a member. */
interface Row {
  readonly kind: "environment" | "organization" | "role" | "member";
  /** The environment's id for itself, its uid for all others. */
  readonly parent: string;
  /** The organization's id; its uid for a role of a member. */
  readonly name: string;
  /** Of the environment, the organization or the role. */
  readonly id: string;
  /** Of a role of a member only. */
  readonly userId: string;
  readonly number: number;
  readonly createTime: number;
  readonly updateTime: number;
  /** Of an organization: default role and order. Of a role: slug, replacement, name and description. */
  readonly packed: string;
  /** Of a role: the ids of its permissions. */
  readonly granted: string | null;
}

const roles =
  "SELECT 'role', roles.environment_uid, roles.organization_id, roles.id, '', roles.created_revision," +
  " roles.create_time, roles.update_time, CONCAT_WS(?, roles.slug, roles.name," +
  " CONCAT('=', roles.replacement_role_id), CONCAT('=', roles.description)), (SELECT GROUP_CONCAT(permission_id) FROM role_permissions granted" +
  " WHERE granted.environment_uid = roles.environment_uid AND granted.organization_id = roles.organization_id" +
  " AND granted.role_id = roles.id) FROM roles";

/** Loads what reads have not in memory, for many calls in one statement. */
export class SqlSnapshotStore implements SnapshotStore {
  constructor(private readonly session: Session) {}

  async find(queries: readonly RevisionQuery[]): Promise<CurrentContents | undefined> {
    const parameters: string[] = [];
    const values = (all: readonly string[]) => {
      parameters.push(...all);
      return placeholders(all);
    };
    const environments = new Set(queries.map(({ environmentId }) => environmentId));
    const parts = [
      "SELECT 'environment' AS kind, id AS parent, '' AS name, uid AS id, '' AS userId, revision AS number," +
        ` 0 AS createTime, 0 AS updateTime, '' AS packed, '' AS granted FROM environments WHERE id IN (${values([...environments])})`,
    ];
    for (const [uid, { organizationIds, members }] of byEnvironment(queries)) {
      if (organizationIds.size) {
        parts.push(
          "SELECT 'organization', environment_uid, id, uid, '', revision, 0, 0, CONCAT(default_role_id, ' ', role_order), ''" +
            ` FROM organizations WHERE environment_uid = ${values([uid])} AND id IN (${values([...organizationIds])})`,
        );
        parameters.push(separator);
        parts.push(
          `${roles} WHERE roles.environment_uid = ${values([uid])} AND roles.organization_id IN (${values([...organizationIds])})`,
        );
      }
      if (!members.size) continue;
      const keys = [...members.values()];
      parts.push(
        "SELECT 'member', environment_uid, organization_uid, role_id, user_id, several_since, create_time, update_time, '', ''" +
          ` FROM role_assignments WHERE environment_uid = ${values([uid])} AND ` +
          this.session.dialect.amongPairs("organization_uid, user_id", keys.length),
      );
      for (const { organizationUid, userId } of keys) parameters.push(organizationUid, userId);
    }
    const most = leastRows + 4 * parameters.length;
    const rows = await this.session.query<Row>(`${parts.join(" UNION ALL ")} LIMIT ${most + 1}`, parameters);
    return rows.length > most ? undefined : new Contents(rows);
  }
}

interface Wanted {
  readonly organizationIds: Set<OrganizationId>;
  readonly members: Map<string, MemberKey>;
}

/** Collects what queries ask for in each environment, everything once. */
function byEnvironment(queries: readonly RevisionQuery[]): Map<EnvironmentUid, Wanted> {
  const groups = new Map<EnvironmentUid, Wanted>();
  for (const { environmentUid, organizationIds, members } of queries) {
    const group = groups.get(environmentUid) ?? { organizationIds: new Set(), members: new Map() };
    groups.set(environmentUid, group);
    for (const id of organizationIds) group.organizationIds.add(id);
    for (const key of members) group.members.set(nameOf(key), key);
  }
  return groups;
}

const nameOf = ({ organizationUid, userId }: MemberKey) => `${organizationUid} ${userId}`;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

interface ContentRow extends OrganizationContent {
  readonly state: Mutable<OrganizationContent["state"]> & { customRoles: Role[]; replaced: Map<RoleId, RoleId> };
  readonly grants: Map<RoleId, readonly PermissionId[]>;
}

class Contents implements CurrentContents {
  private readonly environments = new Map<string, { uid: EnvironmentUid; revision: number }>();
  private readonly contents = new Map<string, ContentRow>();
  private readonly members = new Map<string, Membership & { roleIds: RoleId[] }>();

  constructor(rows: readonly Row[]) {
    for (const row of rows) if (row.kind !== "role") this.add(row);
    for (const row of rows) if (row.kind === "role") this.addRole(row);
  }

  environment(id: string) {
    return this.environments.get(id);
  }

  organization(environment: EnvironmentUid, id: OrganizationId) {
    return this.content(environment, id)?.state;
  }

  content(environment: EnvironmentUid, id: OrganizationId): OrganizationContent | undefined {
    return this.contents.get(`${environment} ${id}`);
  }

  member(_: EnvironmentUid, key: MemberKey): Membership | undefined {
    return this.members.get(nameOf(key));
  }

  private add({ kind, parent, name, id, userId, number, createTime, updateTime, packed }: Row): void {
    if (kind === "environment") this.environments.set(parent, { uid: id as EnvironmentUid, revision: number });
    else if (kind === "organization") this.contents.set(`${parent} ${name}`, toContent(name, id, number, packed));
    else {
      const key = { organizationUid: name as OrganizationUid, userId: userId as UserId };
      const member = this.members.get(nameOf(key));
      if (member) member.roleIds.push(id as RoleId);
      else {
        const roleIds = [id as RoleId];
        this.members.set(nameOf(key), { ...key, roleIds, materializedAtRevision: number, createTime, updateTime });
      }
    }
  }

  private addRole({ parent, name, id, number, createTime, updateTime, packed, granted }: Row): void {
    const content = this.contents.get(`${parent} ${name}`);
    if (!content) return; // its organization has been deleted
    const [slug = "", roleName = "", replacement = "=", description = "="] = packed.split(separator);
    const roleId = id as RoleId;
    if (replacement !== "=") {
      content.state.replaced.set(roleId, replacement.slice(1) as RoleId);
      return;
    }
    if (granted) content.grants.set(roleId, idsIn<PermissionId>(granted));
    content.state.customRoles.push({
      id: roleId,
      organizationId: name as OrganizationId,
      slug: slug as Slug,
      name: roleName as Name,
      description: description.slice(1) as Description,
      createdRevision: number,
      createTime,
      updateTime,
    });
  }
}

function toContent(id: string, uid: string, revision: number, packed: string): ContentRow {
  const end = packed.indexOf(" ");
  const defaultRoleId = (end < 0 ? packed : packed.slice(0, end)) as RoleId;
  const own = defaultRoleId ? { own: { defaultRoleId, order: idsIn<RoleId>(packed.slice(end + 1)) } } : {};
  const key = { id: id as OrganizationId, uid: uid as OrganizationUid, revision };
  return { state: { ...key, ...own, customRoles: [], replaced: new Map() }, grants: new Map() };
}

/** Returns a list of ids from its stored form, with commas between. */
const idsIn = <Id extends string>(text: string): Id[] => (text === "" ? [] : (text.split(",") as Id[]));

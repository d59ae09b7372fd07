import type { MembershipPlace, MembershipStore, PendingMembers } from "../../application/ports/membership-store";
import type { Walk } from "../../application/ports/walk";
import type { EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import type { MemberKey, Membership } from "../../domain/membership";
import type { UserId } from "../../domain/values";
import { Fault } from "../../domain/fault";
import { inPortions } from "../../event-loop/portions";
import { Slice } from "../../event-loop/time-slices";
import type { Session } from "../connection/session";
import { roleAssignmentTable } from "../entities/membership";
import type { RowOf } from "../entities/table";
import { andBeginsWith, placeholders } from "./conditions";
import { type Selection, byCreation, firstOf, membersByCreation } from "./member-selections";
import { notRemoved } from "./organization-store";

/** Roles of one statement: SQLite limits how many SELECTs a UNION joins. */
const rolesAtOnce = 100;

/** Members that one statement counts: an embedded database counts them in one turn of the event loop. */
const countedAtOnce = 10_000;

/**
 * Statements that name users of organizations are told to use the primary key. There is an index of members by user too, and
 * MariaDB takes longer to choose between the two for a hundred pairs than to read these (see docs/decisions.md).
 *
 * Selects members first and then reads all their rows, in one statement: a limit on rows would cut a member in two.
 */
export class TypeormMembershipStore implements MembershipStore {
  constructor(private readonly session: Session) {}

  private get byPrimaryKey() {
    return this.session.dialect.byPrimaryKey;
  }

  private get byRole() {
    return this.session.dialect.byIndex("role_assignments_role");
  }

  private get rows() {
    return this.session.table("role_assignments");
  }

  async find(environmentUid: EnvironmentUid, keys: readonly MemberKey[]): Promise<Membership[]> {
    const found: Membership[] = [];
    await inPortions(keys, async (portion) => {
      const [where, ...parameters] = this.ofMembers(portion);
      const from = `role_assignments assigned${this.byPrimaryKey} WHERE environment_uid = ? AND ${where}`;
      const rows = await this.session.select(selection, from, [environmentUid, ...parameters]);
      for (const member of toMemberships(rows)) found.push(member);
      return rows.length;
    });
    return found;
  }

  list(
    environmentUid: EnvironmentUid,
    organizationUid: OrganizationUid,
    {
      after,
      limit,
      prefix = "",
      roleIds,
    }: { after: string; limit: number; prefix?: string | undefined; roleIds?: readonly RoleId[] | undefined },
  ): Promise<Membership[]> {
    const [beginsWith, ...bounds] = andBeginsWith("user_id", prefix);
    const members = (and: string, ...parameters: string[]): Selection => [
      `SELECT DISTINCT organization_uid, user_id FROM role_assignments${roleIds ? this.byRole : this.byPrimaryKey}` +
        ` WHERE environment_uid = ? AND ${and} organization_uid = ? AND user_id > ?${beginsWith}` +
        ` ORDER BY organization_uid, user_id LIMIT ${limit}`,
      environmentUid,
      ...parameters,
      organizationUid,
      after,
      ...bounds,
    ];
    if (!roleIds) return this.read(environmentUid, members(""));
    if (!roleIds.length) return Promise.resolve([]);
    return this.read(
      environmentUid,
      firstOf(
        limit,
        roleIds.map((roleId) => members("role_id = ? AND", roleId)),
      ),
    );
  }

  async listByCreation(
    environmentUid: EnvironmentUid,
    organizationUid: OrganizationUid,
    walk: Walk<MembershipPlace>,
  ): Promise<Membership[]> {
    const selected = membersByCreation(this.session.dialect, environmentUid, organizationUid, walk);
    const found = (await this.read(environmentUid, selected)).toSorted(byCreation);
    return walk.isBackwards ? found.toReversed() : found;
  }

  async listWithAnyRole(
    environmentUid: EnvironmentUid,
    roleIds: readonly RoleId[],
    {
      after,
      organization,
      limit,
    }: { after?: MemberKey | undefined; organization?: OrganizationUid | undefined; limit: number },
  ): Promise<MemberKey[]> {
    const list = (condition: string, ...values: string[]) => this.listKeys(environmentUid, roleIds, condition, values);
    const inOne = (uid: OrganizationUid, user: string, most: number) =>
      list(`organization_uid = ? AND user_id > ? ORDER BY organization_uid, user_id LIMIT ${most}`, uid, user);
    if (organization) return firstKeys(limit, await inOne(organization, after?.userId ?? "", limit));
    const rest = after ? firstKeys(limit, await inOne(after.organizationUid, after.userId, limit)) : [];
    const left = limit - rest.length;
    if (left === 0) return rest;
    const others = `organization_uid > ? ORDER BY organization_uid, user_id LIMIT ${left}`;
    return [...rest, ...firstKeys(left, await list(others, after?.organizationUid ?? ""))];
  }

  listOfUser(
    environmentUid: EnvironmentUid,
    userId: UserId,
    { after, limit }: { after: string; limit: number },
  ): Promise<Pick<Membership, "organizationUid" | "createTime">[]> {
    return this.session.query(
      "SELECT DISTINCT organization_uid AS organizationUid, create_time AS createTime FROM role_assignments" +
        this.session.dialect.byIndex("role_assignments_user") +
        " WHERE environment_uid = ? AND user_id = ? AND organization_uid > ?" +
        ` ORDER BY organization_uid LIMIT ${limit}`,
      [environmentUid, userId, after],
    );
  }

  /** Returns the members that store a role and fulfil an ordered condition, role by role. */
  private async listKeys(
    environmentUid: EnvironmentUid,
    roleIds: readonly RoleId[],
    condition: string,
    values: readonly string[],
  ): Promise<MemberKey[]> {
    const found: MemberKey[] = [];
    for (let start = 0; start < roleIds.length; start += rolesAtOnce) {
      const portion = roleIds.slice(start, start + rolesAtOnce);
      const parts = portion.map(
        (_, index) =>
          "SELECT * FROM (SELECT organization_uid AS organizationUid, user_id AS userId FROM role_assignments" +
          this.byRole +
          ` WHERE environment_uid = ? AND role_id = ? AND ${condition}) part${index}`,
      );
      const parameters = portion.flatMap((roleId) => [environmentUid, roleId, ...values]);
      found.push(...(await this.session.query<MemberKey>(parts.join(" UNION ALL "), parameters)));
    }
    return found;
  }

  async storedRoles(
    environmentUid: EnvironmentUid,
    organizationUid: OrganizationUid,
    roleIds: readonly RoleId[],
  ): Promise<RoleId[]> {
    if (!roleIds.length) return [];
    const rows: { roleId: RoleId }[] = await this.session.query(
      "SELECT DISTINCT role_id AS roleId FROM role_assignments" +
        ` WHERE environment_uid = ? AND role_id IN (${placeholders(roleIds)}) AND organization_uid = ?`,
      [environmentUid, ...roleIds, organizationUid],
    );
    return rows.map(({ roleId }) => roleId);
  }

  async count(environmentUid: EnvironmentUid, organizationUid: OrganizationUid): Promise<number> {
    const slice = new Slice();
    let count = 0;
    for (let after = ""; ; ) {
      const [portion] = await this.session.query<{ members: number; last: string | null }>(
        "SELECT COUNT(*) AS members, MAX(user_id) AS last FROM (SELECT DISTINCT user_id FROM role_assignments" +
          `${this.byPrimaryKey} WHERE environment_uid = ? AND organization_uid = ? AND user_id > ? ORDER BY user_id LIMIT ${countedAtOnce}` +
          ") counted",
        [environmentUid, organizationUid, after],
      );
      const { members = 0, last = "" } = portion ?? {};
      count += members;
      if (members < countedAtOnce) return count;
      after = last ?? "";
      const ended = slice.end();
      if (ended) await ended;
    }
  }

  async countWithOnlyRole(
    environmentUid: EnvironmentUid,
    roleId: RoleId,
    organizationUid?: OrganizationUid,
  ): Promise<number> {
    const onlyRole = { environmentUid, roleId, severalSince: 0 };
    if (organizationUid) return this.rows.countBy({ ...onlyRole, organizationUid });
    return (await this.rows.countBy(onlyRole)) - (await this.countRemoved(environmentUid, roleId));
  }

  /** Counts members of removed organizations. These are few, so that this is faster than a look at each member's. */
  private countRemoved(environmentUid: EnvironmentUid, roleId: RoleId): Promise<number> {
    return this.countRows(
      "purges JOIN role_assignments assigned ON assigned.environment_uid = purges.environment_uid" +
        " AND assigned.organization_uid = purges.subject_id" +
        " WHERE purges.kind = 'organization' AND purges.environment_uid = ?" +
        " AND assigned.role_id = ? AND assigned.several_since = 0",
      [environmentUid, roleId],
    );
  }

  private async countRows(from: string, parameters: (string | number)[]): Promise<number> {
    const [row]: { count: number }[] = await this.session.query(`SELECT COUNT(*) AS count FROM ${from}`, parameters);
    return row?.count ?? 0;
  }

  countWithRole(environmentUid: EnvironmentUid, roleId: RoleId, organizationUid: OrganizationUid): Promise<number> {
    return this.rows.countBy({ environmentUid, roleId, organizationUid });
  }

  listWithRole(
    environmentUid: EnvironmentUid,
    roleId: RoleId,
    options: {
      readonly pendingAmongSeveral?: PendingMembers | undefined;
      readonly organization?: OrganizationUid | undefined;
      readonly after?: MemberKey | undefined;
      readonly limit: number;
    },
  ): Promise<Membership[]> {
    const { pendingAmongSeveral, organization, after, limit } = options;
    const [pending, ...parameters] = pendingAmongSeveral ? amongSeveral(pendingAmongSeveral) : [""];
    return this.read(environmentUid, [
      "SELECT organization_uid, user_id FROM role_assignments assigned WHERE environment_uid = ? AND role_id = ?" +
        (organization ? " AND organization_uid = ?" : "") +
        (after ? " AND (organization_uid > ? OR (organization_uid = ? AND user_id > ?))" : "") +
        pending +
        ` ORDER BY organization_uid, user_id LIMIT ${limit}`,
      environmentUid,
      roleId,
      ...(organization ? [organization] : []),
      ...(after ? [after.organizationUid, after.organizationUid, after.userId] : []),
      ...parameters,
    ]);
  }

  async listPending(
    environmentUid: EnvironmentUid,
    { roleIds, multipleRolesDisabledAt }: PendingMembers,
    limit: number,
    organizations?: readonly OrganizationUid[],
  ): Promise<Membership[]> {
    if (organizations?.length === 0) return [];
    const within = organizations ? `organization_uid IN (${placeholders(organizations)})` : notRemoved("assigned");
    const members = (condition: string, ...values: (string | number)[]): Promise<Membership[]> =>
      this.read(environmentUid, [
        "SELECT DISTINCT organization_uid, user_id FROM role_assignments assigned" +
          ` WHERE environment_uid = ? AND ${condition} AND ${within} LIMIT ${limit}`,
        environmentUid,
        ...values,
        ...(organizations ?? []),
      ]);
    const referring = roleIds.length ? await members(`role_id IN (${placeholders(roleIds)})`, ...roleIds) : [];
    if (referring.length || multipleRolesDisabledAt === undefined) return referring;
    return members("several_since > 0 AND several_since < ?", multipleRolesDisabledAt);
  }

  async countPending(
    environmentUid: EnvironmentUid,
    { roleIds, multipleRolesDisabledAt }: PendingMembers,
  ): Promise<number> {
    const count = (condition: string, parameters: (string | number)[]) =>
      this.countRows(
        `role_assignments assigned WHERE environment_uid = ? AND ${condition} AND ${notRemoved("assigned")}`,
        [environmentUid, ...parameters],
      );
    const referring = roleIds.length ? await count(`role_id IN (${placeholders(roleIds)})`, [...roleIds]) : 0;
    if (multipleRolesDisabledAt === undefined) return referring;
    return referring + (await count("several_since > 0 AND several_since < ?", [multipleRolesDisabledAt]));
  }

  async put(environmentUid: EnvironmentUid, memberships: readonly Membership[]): Promise<void> {
    if (!memberships.length) return;
    await inPortions(memberships, (portion) => {
      const [where, ...parameters] = this.ofMembers(portion);
      const sql = this.session.dialect.deleteByPrimaryKey("role_assignments", `environment_uid = ? AND ${where}`);
      return this.session.affected(sql, [environmentUid, ...parameters]);
    });
    await this.insert(environmentUid, memberships);
  }

  async insert(environmentUid: EnvironmentUid, memberships: readonly Membership[]): Promise<void> {
    const rows = memberships.flatMap(({ roleIds, materializedAtRevision, ...member }) => {
      const severalSince = roleIds.length > 1 ? materializedAtRevision : 0;
      return roleIds.map((roleId) => ({ environmentUid, roleId, severalSince, ...member }));
    });
    const size = this.session.dialect.rowsPerInsert;
    for (let start = 0; start < rows.length; start += size)
      await this.session.insert(roleAssignmentTable, rows.slice(start, start + size));
  }

  async changeOnlyRole(environmentUid: EnvironmentUid, before: Membership, after: Membership): Promise<void> {
    const changed = await this.session.affected(
      "UPDATE role_assignments SET role_id = ?, several_since = 0, create_time = ?, update_time = ?" +
        " WHERE environment_uid = ? AND organization_uid = ? AND user_id = ? AND role_id = ?",
      [
        after.roleIds[0],
        after.createTime,
        after.updateTime,
        environmentUid,
        before.organizationUid,
        before.userId,
        before.roleIds[0],
      ],
    );
    if (changed !== 1) throw new Fault("a member to be changed does not have its one role");
  }

  async remove(environmentUid: EnvironmentUid, { organizationUid, userId }: MemberKey): Promise<void> {
    await this.rows.delete({ environmentUid, organizationUid, userId });
  }

  private ofMembers(keys: readonly MemberKey[]): Selection {
    const where = this.session.dialect.amongPairs("organization_uid, user_id", keys.length);
    return [where, ...keys.flatMap(({ organizationUid, userId }) => [organizationUid, userId])];
  }

  private async read(environmentUid: EnvironmentUid, [members, ...parameters]: Selection): Promise<Membership[]> {
    return toMemberships(
      await this.session.select(
        selection,
        // CROSS keeps SQLite from scanning all selected members for each row of the environment
        `(${members}) selected CROSS JOIN role_assignments assigned${this.byPrimaryKey}` +
          " ON assigned.environment_uid = ? AND assigned.organization_uid = selected.organization_uid" +
          " AND assigned.user_id = selected.user_id ORDER BY assigned.organization_uid, assigned.user_id",
        [...parameters, environmentUid],
      ),
    );
  }
}

/** Returns a condition for members with several stored roles that are pending. */
function amongSeveral({ roleIds, multipleRolesDisabledAt }: PendingMembers): Selection {
  const before = multipleRolesDisabledAt === undefined ? [] : ["several_since < ?"];
  const refers = roleIds.length
    ? [
        "EXISTS (SELECT 1 FROM role_assignments other WHERE other.environment_uid = assigned.environment_uid" +
          " AND other.organization_uid = assigned.organization_uid AND other.user_id = assigned.user_id" +
          ` AND other.role_id IN (${placeholders(roleIds)}))`,
      ]
    : [];
  const condition = [...before, ...refers].join(" OR ") || "1 = 0";
  const parameters = multipleRolesDisabledAt === undefined ? [] : [multipleRolesDisabledAt];
  return [` AND several_since > 0 AND (${condition})`, ...parameters, ...roleIds];
}

/** Returns the first of some keys, each once, in order of organization uid and user id. */
function firstKeys(limit: number, keys: readonly MemberKey[]): MemberKey[] {
  const distinct = new Map(keys.map((key) => [`${key.organizationUid} ${key.userId}`, key]));
  const ordered = [...distinct].sort(([a], [b]) => (a < b ? -1 : 1));
  return ordered.slice(0, limit).map(([, key]) => key);
}

const selection = roleAssignmentTable.selection(["environmentUid"], "assigned");

function toMemberships(rows: readonly RowOf<typeof selection>[]): Membership[] {
  const memberships = new Map<string, Membership & { roleIds: RoleId[] }>();
  for (const { roleId, severalSince, ...member } of rows) {
    const key = `${member.organizationUid} ${member.userId}`;
    const membership = memberships.get(key);
    if (membership) membership.roleIds.push(roleId);
    else memberships.set(key, { roleIds: [roleId], materializedAtRevision: severalSince, ...member });
  }
  return [...memberships.values()];
}

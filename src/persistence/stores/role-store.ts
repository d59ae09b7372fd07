import { In, Like } from "typeorm";
import type { RoleKey, RoleOwner, RoleStore } from "../../application/ports/role-store";
import type { EnvironmentUid, PermissionId, RoleId } from "../../domain/ids";
import type { OrganizationState } from "../../domain/organization";
import type { EnvironmentRole, Role, Tombstone } from "../../domain/role";
import { slugUniqueness } from "../../domain/slug";
import type { OrganizationId, PermissionSlug } from "../../domain/values";
import { inPortions } from "../../event-loop/portions";
import { orKeyTaken } from "../connection/driver-errors";
import type { Session } from "../connection/session";
import { rolePermissionTable, roleTable } from "../entities/role";
import type { RowOf } from "../entities/table";
import { hasRow, placeholders } from "./conditions";

/** The custom roles of an organization, while they are collected. */
interface CustomRoles extends Pick<OrganizationState, "customRoles" | "replaced"> {
  readonly customRoles: Role[];
  readonly replaced: Map<RoleId, RoleId>;
}

const grantSelection = rolePermissionTable.selection(["environmentUid"]);
type GrantRow = RowOf<typeof grantSelection>;

/**
 * The number of rows of one statement: an embedded database reads them in one turn of the event loop, which they block.
 */
const grantsAtOnce = 2500;
const inPages = ` ORDER BY organization_id, role_id, permission_id LIMIT ${grantsAtOnce}`;
const among = (organizationIds: readonly string[]) => `organization_id IN (${placeholders(organizationIds)})`;

function addTo<Item>(lists: Map<RoleId, Item[]>, roleId: RoleId, item: Item): void {
  const list = lists.get(roleId);
  if (list) list.push(item);
  else lists.set(roleId, [item]);
}

/** Plain SQL, because writes and snapshots read whole scopes and a repository takes three times as long. */
const roleSelection = roleTable.selection(["environmentUid", "slugScope"]);
type SelectedRole = RowOf<typeof roleSelection>;

/** The columns of a role that is live. */
const live = { deletedRevision: 0, replacementRoleId: "", environmentDefaultRoleId: "" } as const;

function toRole({
  deletedRevision: _,
  replacementRoleId: __,
  environmentDefaultRoleId: ___,
  ...role
}: SelectedRole): Role {
  return role;
}

function toEnvironmentRole(row: SelectedRole): EnvironmentRole {
  const { deletedRevision, replacementRoleId, environmentDefaultRoleId, ...role } = row;
  if (environmentDefaultRoleId === "") return role;
  const tombstone = {
    deletedRevision,
    replacementRoleId: replacementRoleId === "" ? undefined : replacementRoleId,
    environmentDefaultRoleId,
  };
  return { tombstone, ...role };
}

/** Returns the part of the unique key that says where the slug of a live role is unique. */
const slugScope = ({ organizationId, slug }: Role): string =>
  slugUniqueness(slug) === "organization" ? `organization:${organizationId}` : "environment";

/** Selects the deleted roles of one kind that a member stores. */
const deletedInUse = (scope: string) =>
  `SELECT id FROM roles WHERE environment_uid = ? AND slug_scope >= '${scope}:' AND slug_scope < '${scope};'` +
  ` AND ${hasRow(
    "role_assignments WHERE role_assignments.environment_uid = roles.environment_uid" +
      " AND role_assignments.role_id = roles.id",
  )}`;

export class TypeormRoleStore implements RoleStore {
  constructor(private readonly session: Session) {}

  private get rows() {
    return this.session.table("roles");
  }

  private get granted() {
    return this.session.table("role_permissions");
  }

  private select(condition: string, parameters: readonly unknown[]): Promise<SelectedRole[]> {
    return this.session.select(roleSelection, `roles WHERE environment_uid = ? AND ${condition}`, parameters);
  }

  async listOfEnvironment(environmentUid: EnvironmentUid): Promise<EnvironmentRole[]> {
    const rows = await this.select("organization_id = ''", [environmentUid]);
    return rows.map(toEnvironmentRole);
  }

  async listOfOrganizations(
    environmentUid: EnvironmentUid,
    organizationIds: readonly OrganizationId[],
  ): Promise<Map<OrganizationId, CustomRoles>> {
    const found = new Map<OrganizationId, CustomRoles>();
    if (!organizationIds.length) return found;
    const rows = await this.select(among(organizationIds), [environmentUid, ...organizationIds]);
    for (const row of rows) {
      const organizationId = row.organizationId as OrganizationId;
      const roles: CustomRoles = found.get(organizationId) ?? { customRoles: [], replaced: new Map() };
      if (row.replacementRoleId === "") roles.customRoles.push(toRole(row));
      else roles.replaced.set(row.id, row.replacementRoleId);
      found.set(organizationId, roles);
    }
    return found;
  }

  async countOfOrganizations(
    environmentUid: EnvironmentUid,
    organizationIds: readonly OrganizationId[],
  ): Promise<Map<OrganizationId, number>> {
    const counts = new Map<OrganizationId, number>();
    await inPortions(organizationIds, async (portion) => {
      const rows = await this.session.query<{ id: OrganizationId; count: number }>(
        "SELECT organization_id AS id, COUNT(*) AS count FROM roles" +
          ` WHERE environment_uid = ? AND ${among(portion)} AND replacement_role_id = '' GROUP BY organization_id`,
        [environmentUid, ...portion],
      );
      for (const { id, count } of rows) counts.set(id, count);
      return rows.reduce((sum, { count }) => sum + count, 0);
    });
    return counts;
  }

  async listDeletedInUse(environmentUid: EnvironmentUid): Promise<RoleId[]> {
    const rows = await this.session.query<{ id: RoleId }>(
      `${deletedInUse("tombstone")} UNION ALL ${deletedInUse("replaced")}`,
      [environmentUid, environmentUid],
    );
    return rows.map(({ id }) => id);
  }

  async listReplaced(environmentUid: EnvironmentUid): Promise<{ id: RoleId; organizationId: OrganizationId }[]> {
    const rows = await this.rows.find({
      select: { environmentUid: true, organizationId: true, id: true },
      where: { environmentUid, slugScope: Like("replaced:%") },
    });
    return rows.map(({ id, organizationId }) => ({ id, organizationId: organizationId as OrganizationId }));
  }

  async permissionsOf(
    environmentUid: EnvironmentUid,
    owners: readonly RoleOwner[],
    roles?: RoleId | readonly RoleId[],
  ): Promise<Map<RoleId, PermissionSlug[]>> {
    const roleIds = typeof roles === "string" ? [roles] : roles;
    if (roleIds?.length === 0) return new Map();
    const found: { roleId: RoleId; slug: PermissionSlug }[] = await this.session.query(
      "SELECT granted.role_id AS roleId, permissions.slug AS slug FROM role_permissions granted" +
        " JOIN permissions ON permissions.environment_uid = granted.environment_uid" +
        " AND permissions.id = granted.permission_id" +
        ` WHERE granted.environment_uid = ? AND granted.organization_id IN (${placeholders(owners)})` +
        (roleIds ? ` AND granted.role_id IN (${placeholders(roleIds)})` : ""),
      [environmentUid, ...owners, ...(roleIds ?? [])],
    );
    const slugs = new Map<RoleId, PermissionSlug[]>();
    for (const { roleId, slug } of found) addTo(slugs, roleId, slug);
    for (const list of slugs.values()) list.sort();
    return slugs;
  }

  async grants(environmentUid: EnvironmentUid, owners: readonly RoleOwner[]): Promise<Map<RoleId, PermissionId[]>> {
    const grants = new Map<RoleId, PermissionId[]>();
    const add = (rows: readonly GrantRow[]) => {
      for (const { roleId, permissionId } of rows) addTo(grants, roleId, permissionId);
      return rows.length < grantsAtOnce ? undefined : rows.at(-1);
    };
    for (let left = owners.toSorted(); left.length; ) {
      const first = add(await this.grantsOf(environmentUid, among(left) + inPages, left));
      if (!first) break;
      const { organizationId } = first;
      for (let last: GrantRow | undefined = first; last; )
        last = add(
          await this.grantsOf(
            environmentUid,
            `organization_id = ? AND role_id >= ? AND (role_id > ? OR permission_id > ?)${inPages}`,
            [organizationId, last.roleId, last.roleId, last.permissionId],
          ),
        );
      left = left.filter((id) => id > organizationId);
    }
    return grants;
  }

  private grantsOf(environmentUid: EnvironmentUid, condition: string, parameters: readonly string[]) {
    return this.session.select(
      grantSelection,
      `role_permissions${this.session.dialect.byPrimaryKey} WHERE environment_uid = ? AND ${condition}`,
      [environmentUid, ...parameters],
    );
  }

  async insert(environmentUid: EnvironmentUid, role: Role): Promise<void> {
    const row = { environmentUid, slugScope: slugScope(role), ...live, ...role };
    await orKeyTaken("role_slug", this.session.insert(roleTable, [row]));
  }

  async update(
    environmentUid: EnvironmentUid,
    { id, organizationId }: RoleKey,
    changes: Partial<Pick<Role, "name" | "description" | "updateTime">>,
  ): Promise<void> {
    await this.rows.update({ environmentUid, organizationId, id }, changes);
  }

  async addPermissions(
    environmentUid: EnvironmentUid,
    { id, organizationId }: RoleKey,
    permissionIds: readonly PermissionId[],
  ): Promise<void> {
    if (!permissionIds.length) return;
    await this.session.insert(
      rolePermissionTable,
      permissionIds.map((permissionId) => ({ environmentUid, organizationId, roleId: id, permissionId })),
    );
  }

  async removePermissions(
    environmentUid: EnvironmentUid,
    { id, organizationId }: RoleKey,
    permissionIds: readonly PermissionId[],
  ): Promise<void> {
    if (permissionIds.length)
      await this.granted.delete({ environmentUid, organizationId, roleId: id, permissionId: In(permissionIds) });
  }

  async softDelete(environmentUid: EnvironmentUid, id: RoleId, tombstone: Tombstone, time: number): Promise<void> {
    const { deletedRevision, replacementRoleId, environmentDefaultRoleId } = tombstone;
    await this.rows.update(
      { environmentUid, organizationId: "", id },
      {
        slugScope: `tombstone:${id}`,
        deletedRevision,
        replacementRoleId: replacementRoleId ?? "",
        environmentDefaultRoleId,
        updateTime: time,
      },
    );
    await this.granted.delete({ environmentUid, organizationId: "", roleId: id });
  }

  async replace(environmentUid: EnvironmentUid, organizationId: OrganizationId, id: RoleId, by: RoleId): Promise<void> {
    const replaced = { slugScope: `replaced:${id}`, replacementRoleId: by };
    await this.rows.update({ environmentUid, organizationId, id }, replaced);
    await this.granted.delete({ environmentUid, organizationId, roleId: id });
  }

  async remove(environmentUid: EnvironmentUid, organizationId: RoleOwner, id: RoleId): Promise<void> {
    await this.rows.delete({ environmentUid, organizationId, id });
    await this.granted.delete({ environmentUid, organizationId, roleId: id });
  }

  async removeAll(environmentUid: EnvironmentUid, organizationId: OrganizationId): Promise<void> {
    const { customRoles = [], replaced = [] } =
      (await this.listOfOrganizations(environmentUid, [organizationId])).get(organizationId) ?? {};
    const roleIds = [...customRoles.map(({ id }) => id), ...replaced.keys()];
    await this.rows.delete({ environmentUid, organizationId });
    await inPortions(roleIds, (portion) =>
      this.session.affected(
        "DELETE FROM role_permissions WHERE environment_uid = ? AND organization_id = ?" +
          ` AND role_id IN (${placeholders(portion)})`,
        [environmentUid, organizationId, ...portion],
      ),
    );
  }
}

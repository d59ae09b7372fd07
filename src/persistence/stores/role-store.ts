import { type EntityManager, In } from "typeorm";
import type { OrganizationId, PermissionSlug } from "../../domain/fields";
import type { EnvironmentUid, PermissionId, RoleId } from "../../domain/ids";
import type { EnvironmentRole, Role, Tombstone } from "../../domain/role";
import type { RoleStore } from "../../domain/stores";
import { orKeyTaken } from "../driver-errors";
import { table } from "../entities";
import type { RoleRow } from "../entities/role";

type RoleKey = Pick<Role, "id" | "organizationId">;

function toRole(row: RoleRow): Role {
  const { id, organizationId, slug, name, description, createdRevision, createTime, updateTime } = row;
  return { id, organizationId, slug, name, description, createdRevision, createTime, updateTime };
}

function toEnvironmentRole(row: RoleRow): EnvironmentRole {
  const { deletedRevision, replacementRoleId, environmentDefaultRoleId } = row;
  if (environmentDefaultRoleId === "") return toRole(row);
  const replacement = replacementRoleId === "" ? undefined : replacementRoleId;
  return { ...toRole(row), tombstone: { deletedRevision, replacementRoleId: replacement, environmentDefaultRoleId } };
}

/**
 * Explicit custom slugs begin with `org-`, which no other slug does: those are unique in their organization alone, all
 * others in the whole environment.
 */
function slugScope({ organizationId, slug }: Role): string {
  return slug.startsWith("org-") ? `organization:${organizationId}` : "environment";
}

export class TypeormRoleStore implements RoleStore {
  private readonly rows;
  private readonly grants;

  constructor(private readonly manager: EntityManager) {
    this.rows = table(manager, "roles");
    this.grants = table(manager, "role_permissions");
  }

  async ofEnvironment(environmentUid: EnvironmentUid): Promise<EnvironmentRole[]> {
    return (await this.rows.findBy({ environmentUid, organizationId: "" })).map(toEnvironmentRole);
  }

  async ofOrganization(environmentUid: EnvironmentUid, organizationId: OrganizationId): Promise<Role[]> {
    return (await this.rows.findBy({ environmentUid, organizationId })).map(toRole);
  }

  async permissionsOf(
    environmentUid: EnvironmentUid,
    organizationId: OrganizationId | "",
    roleId?: RoleId,
  ): Promise<Map<RoleId, PermissionSlug[]>> {
    const found: { roleId: RoleId; slug: PermissionSlug }[] = await this.manager.query(
      "SELECT granted.role_id AS roleId, permissions.slug AS slug FROM role_permissions granted" +
        " JOIN permissions ON permissions.environment_uid = granted.environment_uid" +
        " AND permissions.id = granted.permission_id" +
        " WHERE granted.environment_uid = ? AND granted.organization_id = ?" +
        (roleId ? " AND granted.role_id = ?" : ""),
      roleId ? [environmentUid, organizationId, roleId] : [environmentUid, organizationId],
    );
    const slugs = new Map<RoleId, PermissionSlug[]>();
    for (const row of found) slugs.set(row.roleId, [...(slugs.get(row.roleId) ?? []), row.slug]);
    for (const list of slugs.values()) list.sort();
    return slugs;
  }

  async insert(environmentUid: EnvironmentUid, role: Role): Promise<void> {
    const row: RoleRow = {
      ...role,
      environmentUid,
      slugScope: slugScope(role),
      deletedRevision: 0,
      replacementRoleId: "",
      environmentDefaultRoleId: "",
    };
    await orKeyTaken("role_slug", this.rows.insert(row));
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
    if (permissionIds.length)
      await this.grants.insert(
        permissionIds.map((permissionId) => ({ environmentUid, organizationId, roleId: id, permissionId })),
      );
  }

  async removePermissions(
    environmentUid: EnvironmentUid,
    { id, organizationId }: RoleKey,
    permissionIds: readonly PermissionId[],
  ): Promise<void> {
    if (permissionIds.length)
      await this.grants.delete({ environmentUid, organizationId, roleId: id, permissionId: In(permissionIds) });
  }

  async bury(environmentUid: EnvironmentUid, id: RoleId, tombstone: Tombstone): Promise<void> {
    const { deletedRevision, replacementRoleId, environmentDefaultRoleId } = tombstone;
    await this.rows.update(
      { environmentUid, organizationId: "", id },
      {
        slugScope: `tombstone:${id}`,
        deletedRevision,
        replacementRoleId: replacementRoleId ?? "",
        environmentDefaultRoleId,
      },
    );
    await this.grants.delete({ environmentUid, organizationId: "", roleId: id });
  }

  async remove(environmentUid: EnvironmentUid, organizationId: OrganizationId, id: RoleId): Promise<void> {
    await this.rows.delete({ environmentUid, organizationId, id });
    await this.grants.delete({ environmentUid, organizationId, roleId: id });
  }

  async removeAll(environmentUid: EnvironmentUid, organizationId: OrganizationId): Promise<void> {
    await this.rows.delete({ environmentUid, organizationId });
    await this.grants.delete({ environmentUid, organizationId });
  }
}

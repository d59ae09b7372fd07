import type { EnvironmentUid, PermissionId, RoleId } from "../../domain/ids";
import type { OrganizationState } from "../../domain/organization";
import type { EnvironmentRole, Role, Tombstone } from "../../domain/role";
import type { OrganizationId, PermissionSlug } from "../../domain/values";

export interface RoleStore {
  /** Live roles and tombstones. */
  listOfEnvironment(environment: EnvironmentUid): Promise<EnvironmentRole[]>;
  /** Absent: an organization without any. */
  listOfOrganizations(
    environment: EnvironmentUid,
    organizations: readonly OrganizationId[],
  ): Promise<Map<OrganizationId, Pick<OrganizationState, "customRoles" | "replaced">>>;
  /** Deleted custom roles of all organizations. */
  listReplaced(environment: EnvironmentUid): Promise<{ id: RoleId; organizationId: OrganizationId }[]>;
  /** The sorted slugs of the live permissions of each role of the scopes, or of some; `""` is the environment. */
  permissionsOf(
    environment: EnvironmentUid,
    organizations: readonly (OrganizationId | "")[],
    roles?: RoleId | readonly RoleId[],
  ): Promise<Map<RoleId, PermissionSlug[]>>;
  /** The permissions of each role of the scopes, those that were deleted among them. */
  grants(
    environment: EnvironmentUid,
    organizations: readonly (OrganizationId | "")[],
  ): Promise<Map<RoleId, PermissionId[]>>;
  /**
   * Throws KeyTaken("role_slug"): an explicit slug of a custom role is unique in its organization, every other slug
   * in the whole environment, so that no environment role can meet a custom role of the same slug.
   */
  insert(environment: EnvironmentUid, role: Role): Promise<void>;
  update(
    environment: EnvironmentUid,
    role: Pick<Role, "id" | "organizationId">,
    changes: Partial<Pick<Role, "name" | "description" | "updateTime">>,
  ): Promise<void>;
  /** Adds permissions the role does not have. */
  addPermissions(
    environment: EnvironmentUid,
    role: Pick<Role, "id" | "organizationId">,
    permissionIds: readonly PermissionId[],
  ): Promise<void>;
  removePermissions(
    environment: EnvironmentUid,
    role: Pick<Role, "id" | "organizationId">,
    permissionIds: readonly PermissionId[],
  ): Promise<void>;
  /** Makes a live environment role a tombstone: without permissions, its slug free. */
  softDelete(environment: EnvironmentUid, id: RoleId, tombstone: Tombstone, time: number): Promise<void>;
  /** Makes a live custom role a reference to the role that takes its place: without permissions, its slug free. */
  replace(environment: EnvironmentUid, organization: OrganizationId, id: RoleId, by: RoleId): Promise<void>;
  /** Deletes a role that nothing refers to, with its permissions. */
  remove(environment: EnvironmentUid, organization: OrganizationId | "", id: RoleId): Promise<void>;
  /** Deletes all custom roles of an organization. */
  removeAll(environment: EnvironmentUid, organization: OrganizationId): Promise<void>;
}

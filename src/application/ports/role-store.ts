import type { EnvironmentUid, PermissionId, RoleId } from "../../domain/ids";
import type { OrganizationState } from "../../domain/organization";
import type { EnvironmentRole, Role, Tombstone } from "../../domain/role";
import type { OrganizationId, PermissionSlug } from "../../domain/values";

/** The owner of a role as `Role` names it: an organization, or the environment. */
export type RoleOwner = Role["organizationId"];

/** Identifies a role, together with its environment. */
export type RoleKey = Pick<Role, "id" | "organizationId">;

/** The roles of environments and organizations. Whoever writes has locked the scope of the role. */
export interface RoleStore {
  /** Returns the environment's live roles and tombstones, in no order. */
  listOfEnvironment(environment: EnvironmentUid): Promise<EnvironmentRole[]>;
  /** Returns the custom roles of the organizations. Those without any are absent. */
  listOfOrganizations(
    environment: EnvironmentUid,
    organizations: readonly OrganizationId[],
  ): Promise<Map<OrganizationId, Pick<OrganizationState, "customRoles" | "replaced">>>;
  /** Returns the number of custom roles of each of the organizations. Those without any are absent. */
  countOfOrganizations(
    environment: EnvironmentUid,
    organizations: readonly OrganizationId[],
  ): Promise<Map<OrganizationId, number>>;
  /** Returns the deleted roles, of the environment and of its organizations, that a member stores, in no order. */
  listDeletedInUse(environment: EnvironmentUid): Promise<RoleId[]>;
  /** Returns the deleted custom roles of all organizations, in no order. */
  listReplaced(environment: EnvironmentUid): Promise<{ id: RoleId; organizationId: OrganizationId }[]>;
  /** Returns the sorted slugs of the live permissions of each role of the owners, or of some of their roles. */
  permissionsOf(
    environment: EnvironmentUid,
    owners: readonly RoleOwner[],
    roles?: RoleId | readonly RoleId[],
  ): Promise<Map<RoleId, PermissionSlug[]>>;
  /** Returns the permissions of each role of the owners, deleted permissions among them, in no order. */
  grants(environment: EnvironmentUid, owners: readonly RoleOwner[]): Promise<Map<RoleId, PermissionId[]>>;
  /**
   * Adds a role without permissions. Throws KeyTaken("role_slug") if a live role has the slug where it must be unique:
   * see `slugUniqueness`.
   */
  insert(environment: EnvironmentUid, role: Role): Promise<void>;
  /** Changes some fields. */
  update(
    environment: EnvironmentUid,
    role: RoleKey,
    changes: Partial<Pick<Role, "name" | "description" | "updateTime">>,
  ): Promise<void>;
  /** Adds permissions that the role does not have. */
  addPermissions(environment: EnvironmentUid, role: RoleKey, permissionIds: readonly PermissionId[]): Promise<void>;
  /** Removes permissions from the role, if it has them. */
  removePermissions(environment: EnvironmentUid, role: RoleKey, permissionIds: readonly PermissionId[]): Promise<void>;
  /** Makes a live environment role a tombstone, removes its permissions and frees its slug. */
  softDelete(environment: EnvironmentUid, id: RoleId, tombstone: Tombstone, time: number): Promise<void>;
  /** Makes a live custom role a reference to its replacement, removes its permissions and frees its slug. */
  replace(environment: EnvironmentUid, organization: OrganizationId, id: RoleId, by: RoleId): Promise<void>;
  /** Removes a role, live or deleted, that nothing refers to, and its permissions. */
  remove(environment: EnvironmentUid, owner: RoleOwner, id: RoleId): Promise<void>;
  /** Removes all custom roles of an organization, live and deleted, and their permissions. */
  removeAll(environment: EnvironmentUid, organization: OrganizationId): Promise<void>;
}

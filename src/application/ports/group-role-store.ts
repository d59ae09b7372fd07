import type { GroupRole } from "../../domain/group-role";
import type { EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import type { GroupId } from "../../domain/values";

/** The roles that groups of organizations are mapped to. Whoever writes has locked the organization. */
export interface GroupRoleStore {
  /** Returns the mappings of the groups that have one, in no order. */
  find(environment: EnvironmentUid, organization: OrganizationUid, groupIds: readonly GroupId[]): Promise<GroupRole[]>;
  /**
   * Returns up to `limit` mappings of groups whose ids come after the given text, in order of their bytes, except those
   * to the roles `without`.
   */
  list(
    environment: EnvironmentUid,
    organization: OrganizationUid,
    page: { readonly after: string; readonly limit: number; readonly without: readonly RoleId[] },
  ): Promise<GroupRole[]>;
  /** Returns the number of the organization's groups that are mapped, except those to the roles `without`. */
  countAll(environment: EnvironmentUid, organization: OrganizationUid, without: readonly RoleId[]): Promise<number>;
  /** Returns the number of the organization's groups that are mapped to one of the roles. */
  count(environment: EnvironmentUid, organization: OrganizationUid, roleIds: readonly RoleId[]): Promise<number>;
  /**
   * Returns up to `limit` mappings to one of the roles, of all organizations or of the given ones, in no order. Returns
   * none only if there is none.
   */
  mappedTo(
    environment: EnvironmentUid,
    roleIds: readonly RoleId[],
    limit: number,
    organizations?: readonly OrganizationUid[],
  ): Promise<(GroupRole & { readonly organizationUid: OrganizationUid })[]>;
  /** Adds a mapping, or replaces the group's role and times. */
  put(environment: EnvironmentUid, organization: OrganizationUid, groupRole: GroupRole): Promise<void>;
  /** Removes the mapping of a group. Returns false if there was none. */
  remove(environment: EnvironmentUid, organization: OrganizationUid, groupId: GroupId): Promise<boolean>;
}

import type { GroupRole } from "../../domain/group-role";
import type { EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import type { GroupId } from "../../domain/values";

export interface GroupRoleStore {
  find(environment: EnvironmentUid, organization: OrganizationUid, groupIds: readonly GroupId[]): Promise<GroupRole[]>;
  /** Groups behind the given one, in order of their ids' bytes, but for those mapped to `without`. */
  list(
    environment: EnvironmentUid,
    organization: OrganizationUid,
    page: { readonly after: string; readonly limit: number; readonly without: readonly RoleId[] },
  ): Promise<GroupRole[]>;
  /** Groups of the organization mapped to one of the roles. */
  count(environment: EnvironmentUid, organization: OrganizationUid, roleIds: readonly RoleId[]): Promise<number>;
  /** Some of the groups, of all organizations or of these, that are mapped to one of the roles. */
  mappedTo(
    environment: EnvironmentUid,
    roleIds: readonly RoleId[],
    limit: number,
    organizations?: readonly OrganizationUid[],
  ): Promise<(GroupRole & { readonly organizationUid: OrganizationUid })[]>;
  /** Maps the group, or replaces its role and times. */
  put(environment: EnvironmentUid, organization: OrganizationUid, groupRole: GroupRole): Promise<void>;
  /** False: it was not mapped. */
  remove(environment: EnvironmentUid, organization: OrganizationUid, groupId: GroupId): Promise<boolean>;
}

import type { EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import type { MemberKey, Membership } from "../../domain/membership";

/** Which members may refer to what they no longer have. */
export interface PendingMembers {
  readonly roleIds: readonly RoleId[];
  /** Members with several roles of before this revision; 0: none. */
  readonly multipleRolesDisabledAt: number;
}

export interface MembershipStore {
  find(environment: EnvironmentUid, keys: readonly MemberKey[]): Promise<Membership[]>;
  /** Members behind the given user, in order of their ids' bytes; with `roleIds` those that store one of them. */
  list(
    environment: EnvironmentUid,
    organization: OrganizationUid,
    page: { readonly after: string; readonly limit: number; readonly roleIds?: readonly RoleId[] | undefined },
  ): Promise<Membership[]>;
  /** Those of the roles that some member of the organization stores. */
  storedRoles(
    environment: EnvironmentUid,
    organization: OrganizationUid,
    roleIds: readonly RoleId[],
  ): Promise<RoleId[]>;
  count(environment: EnvironmentUid, organization: OrganizationUid): Promise<number>;
  /** Members that store this role and no other one. */
  countWithOnlyRole(environment: EnvironmentUid, roleId: RoleId, organization?: OrganizationUid): Promise<number>;
  /** Members that store this role, with `several` only those that store others too, behind the given one. */
  listWithRole(
    environment: EnvironmentUid,
    roleId: RoleId,
    options: {
      readonly several: boolean;
      readonly organization?: OrganizationUid | undefined;
      readonly after?: MemberKey | undefined;
      readonly limit: number;
    },
  ): Promise<Membership[]>;
  /** Some of the unsettled members, of all organizations or of these; none exactly when there are none. */
  listPending(
    environment: EnvironmentUid,
    by: PendingMembers,
    limit: number,
    organizations?: readonly OrganizationUid[],
  ): Promise<Membership[]>;
  /** In rows: one for each role of a member. */
  countPending(environment: EnvironmentUid, by: PendingMembers): Promise<number>;
  /** Makes these members, or replaces their roles and times. */
  put(environment: EnvironmentUid, memberships: readonly Membership[]): Promise<void>;
  remove(environment: EnvironmentUid, key: MemberKey): Promise<void>;
}

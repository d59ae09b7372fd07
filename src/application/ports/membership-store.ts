import type { EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import type { UserId } from "../../domain/values";
import type { MemberKey, Membership } from "../../domain/membership";
import type { Walk } from "./walk";

/** The place of a membership among those of its organization, in order of their beginnings. */
export type MembershipPlace = Pick<Membership, "createTime" | "userId">;

/** Selects the pending members: those whose stored roles may differ from the roles that they have. */
export interface PendingMembers {
  /** Deleted roles: members that store one of them are pending. */
  readonly roleIds: readonly RoleId[];
  /** The revision that last disabled multiple roles, if one did: members with several roles of before are pending. */
  readonly multipleRolesDisabledAt: number | undefined;
}

/**
 * The members of organizations with their stored roles. A method for the whole environment ignores removed
 * organizations. Whoever writes has locked the organizations of the members, and with that raised their revisions, which
 * reads rely on that know members of a revision. A limit counts members, and every member
 * is returned with all its roles.
 */
export interface MembershipStore {
  /** Returns the members that exist, in no order. */
  find(environment: EnvironmentUid, keys: readonly MemberKey[]): Promise<Membership[]>;
  /**
   * Returns up to `limit` members of an organization whose user ids come after the given text, in order of their bytes;
   * with `prefix` only members whose ids begin with it, and with `roleIds` only members that store one of these.
   */
  list(
    environment: EnvironmentUid,
    organization: OrganizationUid,
    page: {
      readonly after: string;
      readonly limit: number;
      readonly prefix?: string | undefined;
      readonly roleIds?: readonly RoleId[] | undefined;
    },
  ): Promise<Membership[]>;
  /**
   * Returns up to `limit` members of an organization in order of their beginnings and user ids, or backwards, beyond the
   * given member if there is one.
   */
  listByCreation(
    environment: EnvironmentUid,
    organization: OrganizationUid,
    walk: Walk<MembershipPlace>,
  ): Promise<Membership[]>;
  /**
   * Returns up to `limit` members that store one of the roles, of all organizations or of one, after the given member, in
   * order of organization uid and user id. Organizations that are removed are among them.
   */
  listWithAnyRole(
    environment: EnvironmentUid,
    roleIds: readonly RoleId[],
    page: {
      readonly after?: MemberKey | undefined;
      readonly organization?: OrganizationUid | undefined;
      readonly limit: number;
    },
  ): Promise<MemberKey[]>;
  /**
   * Returns up to `limit` memberships of a user, in order of organization uid after the given text. Organizations that are
   * removed are among them.
   */
  listOfUser(
    environment: EnvironmentUid,
    userId: UserId,
    page: { readonly after: string; readonly limit: number },
  ): Promise<Pick<Membership, "organizationUid" | "createTime">[]>;
  /** Returns those of the roles that at least one member of the organization stores, in no order. */
  storedRoles(
    environment: EnvironmentUid,
    organization: OrganizationUid,
    roleIds: readonly RoleId[],
  ): Promise<RoleId[]>;
  /** Returns the number of the organization's members. */
  count(environment: EnvironmentUid, organization: OrganizationUid): Promise<number>;
  /** Returns the number of members that store the role as their only one, in all organizations or in one. */
  countWithOnlyRole(environment: EnvironmentUid, roleId: RoleId, organization?: OrganizationUid): Promise<number>;
  /** Returns the number of members of an organization that store the role. */
  countWithRole(environment: EnvironmentUid, roleId: RoleId, organization: OrganizationUid): Promise<number>;
  /**
   * Returns up to `limit` members that store the role, in order of organization uid and user id, after the given
   * member. With `pendingAmongSeveral` only members that store other roles, too, and that are pending.
   */
  listWithRole(
    environment: EnvironmentUid,
    roleId: RoleId,
    options: {
      readonly pendingAmongSeveral?: PendingMembers | undefined;
      readonly organization?: OrganizationUid | undefined;
      readonly after?: MemberKey | undefined;
      readonly limit: number;
    },
  ): Promise<Membership[]>;
  /**
   * Returns up to `limit` pending members, of all organizations or of the given ones, in no order. Returns none only if
   * there is none.
   */
  listPending(
    environment: EnvironmentUid,
    by: PendingMembers,
    limit: number,
    organizations?: readonly OrganizationUid[],
  ): Promise<Membership[]>;
  /** Returns the number of rows of pending members: one for each of their roles. */
  countPending(environment: EnvironmentUid, by: PendingMembers): Promise<number>;
  /** Adds members that do not exist. */
  insert(environment: EnvironmentUid, memberships: readonly Membership[]): Promise<void>;
  /** Replaces the role and the times of a member that stores one role and gets one. */
  changeOnlyRole(environment: EnvironmentUid, before: Membership, after: Membership): Promise<void>;
  /** Adds the members, or replaces their roles and times. */
  put(environment: EnvironmentUid, memberships: readonly Membership[]): Promise<void>;
  /** Removes a member. Does nothing if there is no such member. */
  remove(environment: EnvironmentUid, key: MemberKey): Promise<void>;
}

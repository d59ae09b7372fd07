import type { OrganizationUid, RoleId } from "./ids";
import type { UserId } from "./values";

export interface MemberKey {
  readonly organizationUid: OrganizationUid;
  readonly userId: UserId;
}

/** A member as it is stored. `resolveMemberRoles` returns the roles that it has. */
export interface Membership extends MemberKey {
  /** Never empty. */
  readonly roleIds: readonly RoleId[];
  /**
   * The revision of the environment at which several roles were stored. It is not stored for a member with one role,
   * which needs none, and then read as 0.
   */
  readonly materializedAtRevision: number;
  readonly createTime: number;
  readonly updateTime: number;
}

/** Counts the rows of members: one for each role. */
export const countRoles = (members: readonly Membership[]): number =>
  members.reduce((sum, { roleIds }) => sum + roleIds.length, 0);

/** Returns a function that finds one of the members by its key. */
export function byKey(members: readonly Membership[]): (key: MemberKey) => Membership | undefined {
  const byText = new Map(members.map((member) => [keyText(member), member]));
  return (key) => byText.get(keyText(key));
}

const keyText = ({ organizationUid, userId }: MemberKey) => `${organizationUid} ${userId}`;

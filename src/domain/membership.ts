import type { OrganizationUid, RoleId } from "./ids";
import type { UserId } from "./values";

export interface MemberKey {
  readonly organizationUid: OrganizationUid;
  readonly userId: UserId;
}

/** A member as it is stored. What its roles mean now, `heldRoles` tells. */
export interface Membership extends MemberKey {
  /** Never empty. */
  readonly roleIds: readonly RoleId[];
  /** The environment's revision at which several roles were materialized last. A stored member with one role has 0. */
  readonly materializedAtRevision: number;
  readonly createTime: number;
  readonly updateTime: number;
}

/** The rows that members are. */
export const countRoles = (members: readonly Membership[]): number =>
  members.reduce((sum, { roleIds }) => sum + roleIds.length, 0);

/** Finds members among those read at once. */
export function byKey(members: readonly Membership[]): (key: MemberKey) => Membership | undefined {
  const named = new Map(members.map((member) => [nameOf(member), member]));
  return (key) => named.get(nameOf(key));
}

const nameOf = ({ organizationUid, userId }: MemberKey) => `${organizationUid} ${userId}`;

import type { EffectiveRoles } from "./effective-roles";
import type { EnvironmentState } from "./environment";
import { Fault } from "./fault";
import type { Digest, RoleId } from "./ids";
import type { Membership } from "./membership";
import type { OrganizationState } from "./organization";
import type { Role } from "./role";
import { resolveMemberRoles } from "./role-resolution";
import type { Slug } from "./slug";
import type { EnvironmentId, OrganizationId, UserId } from "./values";

/** A membership as a caller sees it. */
export interface MembershipView {
  readonly environmentId: EnvironmentId;
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  /** In priority order, never empty. */
  readonly roleSlugs: readonly Slug[];
  readonly primaryRoleSlug: Slug;
  readonly createTime: number;
  readonly updateTime: number;
  readonly etag: string;
}

/** One of the roles of a membership, as a caller sees it. */
export interface RoleAssignmentView {
  readonly membership: MembershipView;
  readonly roleId: RoleId;
  readonly roleSlug: Slug;
}

/** Returns the roles of a member in priority order: the first is its primary one. */
export function rolesInOrder(effective: EffectiveRoles, roleIds: readonly RoleId[]): readonly [Role, ...Role[]] {
  const [only] = roleIds;
  const wanted = roleIds.length > 1 ? new Set(roleIds) : undefined;
  const [primary, ...others] = effective.roles.filter(({ id }) => (wanted ? wanted.has(id) : id === only));
  if (!primary) throw new Fault(`none of ${roleIds.length} roles of a member is effective`);
  return [primary, ...others];
}

/** Returns the etag of a member. It covers the resolved roles, so that materializing them does not change it. */
export function membershipEtag(digest: Digest, { createTime }: Membership, resolved: readonly RoleId[]): string {
  return digest(JSON.stringify([createTime, resolved.toSorted()]));
}

/** A membership as a caller sees it, with the ids of its roles in the same order. */
export interface IdentifiedMembership {
  readonly view: MembershipView;
  readonly roleIds: readonly RoleId[];
}

export function viewMembership(...membership: Parameters<typeof identifyMembership>): MembershipView {
  return identifyMembership(...membership).view;
}

export function identifyMembership(
  digest: Digest,
  effective: EffectiveRoles,
  state: EnvironmentState,
  organization: OrganizationState,
  membership: Membership,
): IdentifiedMembership {
  const resolved = resolveMemberRoles(state, organization, membership);
  const roles = rolesInOrder(effective, resolved);
  const [primary] = roles;
  const view = {
    environmentId: effective.environmentId,
    organizationId: organization.id,
    userId: membership.userId,
    roleSlugs: roles.map(({ slug }) => slug),
    primaryRoleSlug: primary.slug,
    createTime: membership.createTime,
    updateTime: membership.updateTime,
    etag: membershipEtag(digest, membership, resolved),
  };
  return { view, roleIds: roles.map(({ id }) => id) };
}

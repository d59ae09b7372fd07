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

/** The roles of a member in the context's priority order: the first is its primary one. */
export function rolesInOrder(effective: EffectiveRoles, held: readonly RoleId[]): readonly [Role, ...Role[]] {
  const [only] = held;
  const wanted = held.length > 1 ? new Set(held) : undefined;
  const [primary, ...others] = effective.roles.filter(({ id }) => (wanted ? wanted.has(id) : id === only));
  if (!primary) throw new Fault(`none of ${held.length} roles of a member is effective`);
  return [primary, ...others];
}

/** The same for roles that are settled and for those that are not: it covers what the member has, not what is stored. */
export function membershipEtag(digest: Digest, { createTime }: Membership, held: readonly RoleId[]): string {
  return digest(JSON.stringify([createTime, held.toSorted()]));
}

export function viewMembership(
  digest: Digest,
  effective: EffectiveRoles,
  state: EnvironmentState,
  organization: OrganizationState,
  membership: Membership,
): MembershipView {
  const held = resolveMemberRoles(state, organization, membership);
  const [primary, ...others] = rolesInOrder(effective, held);
  return {
    environmentId: effective.environmentId,
    organizationId: organization.id,
    userId: membership.userId,
    roleSlugs: [primary.slug, ...others.map(({ slug }) => slug)],
    primaryRoleSlug: primary.slug,
    createTime: membership.createTime,
    updateTime: membership.updateTime,
    etag: membershipEtag(digest, membership, held),
  };
}

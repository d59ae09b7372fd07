import { refuse } from "./errors";
import { Fault } from "./fault";
import type { EnvironmentId, OrganizationId, UserId } from "./fields";
import type { Digest, RoleId } from "./ids";
import { limits } from "./limits";
import { once } from "./once";
import type { Role } from "./role";
import type { Context } from "./role-config";
import { mapInSlices } from "./slices";
import type { Slug } from "./slug";
import type { EnvironmentState, MemberKey, Membership, OrganizationState } from "./state";
import type { Stores } from "./stores";
import { heldRoles } from "./succession";

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
export function rolesInOrder(context: Context, held: readonly RoleId[]): readonly [Role, ...Role[]] {
  const [only] = held;
  const wanted = held.length > 1 ? new Set(held) : undefined;
  const [primary, ...others] = context.roles.filter(({ id }) => (wanted ? wanted.has(id) : id === only));
  if (!primary) throw new Fault(`none of ${held.length} roles of a member is effective`);
  return [primary, ...others];
}

/** The same for roles that are settled and for those that are not: it covers what the member has, not what is stored. */
export function membershipEtag(digest: Digest, { createTime }: Membership, held: readonly RoleId[]): string {
  return digest(JSON.stringify([createTime, held.toSorted()]));
}

export function viewMembership(
  digest: Digest,
  context: Context,
  state: EnvironmentState,
  organization: OrganizationState,
  membership: Membership,
): MembershipView {
  const held = heldRoles(state, organization, membership);
  const [primary, ...others] = rolesInOrder(context, held);
  return {
    environmentId: context.environmentId,
    organizationId: organization.id,
    userId: membership.userId,
    roleSlugs: [primary.slug, ...others.map(({ slug }) => slug)],
    primaryRoleSlug: primary.slug,
    createTime: membership.createTime,
    updateTime: membership.updateTime,
    etag: membershipEtag(digest, membership, held),
  };
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

/** A member of an organization that has data. */
export async function findMember(
  stores: Stores,
  state: EnvironmentState,
  organization: OrganizationState | undefined,
  userId: UserId,
): Promise<Membership | undefined> {
  if (!organization) return undefined;
  const [membership] = await stores.memberships.find(state.environment.uid, [
    { organizationUid: organization.uid, userId },
  ]);
  return membership;
}

const idsBySlug = once(({ roles }: Context) => new Map(roles.map(({ slug, id }) => [slug, id])));

/** Roles that a member is to have, and the request's field that names them. */
export interface WantedRoles {
  readonly context: Context;
  readonly field: string;
  /** As in the request: repeats count once. */
  readonly slugs: readonly Slug[];
}

/**
 * For each member the roles it may be given: the named ones, the default role where none is named. Refuses all members
 * together where one names something else, or several roles where the environment allows one.
 */
export async function assignableRoles(state: EnvironmentState, wanted: readonly WantedRoles[]): Promise<RoleId[][]> {
  const unknown = new Set<string>();
  const fields: string[] = [];
  const assignable = await mapInSlices(wanted, ({ context, field, slugs }) => {
    if (!slugs.length) return [context.defaultRole.id];
    const ids = idsBySlug(context);
    const named = slugs.flatMap((slug, index) => {
      const id = ids.get(slug);
      if (id) return [id];
      unknown.add(slug);
      if (fields.length < limits.violations) fields.push(`${field}[${index}]`);
      return [];
    });
    return [...new Set(named)];
  });
  if (unknown.size) throw refuse.roleNotAssignable([...unknown], fields);
  const { id, multipleRolesEnabled } = state.environment;
  if (!multipleRolesEnabled && assignable.some(({ length }) => length > 1)) throw refuse.multipleRolesDisabled(id);
  return assignable;
}

import type { EnvironmentState, MultipleRolesDisabled } from "./environment";
import { Fault } from "./fault";
import type { RoleId } from "./ids";
import type { Membership } from "./membership";
import { memo } from "./memo";
import type { OrganizationState, OwnConfig } from "./organization";
import { inOrder } from "./priority";
import { type EnvironmentRole, type Role, type Tombstone, isLive } from "./role";

/**
 * What a reference to an environment role means as a default: the role itself while it lives, else its replacement,
 * else the environment's default right after the deletion, and so on until a live role is met. It ends, because
 * whatever took a role's place was alive when that role was deleted, and can only have been deleted later.
 */
export function successor(roles: ReadonlyMap<RoleId, EnvironmentRole>, id: RoleId): EnvironmentRole {
  const role = roles.get(id);
  if (!role) throw new Fault("an environment role is neither alive nor a tombstone");
  if (!role.tombstone) return role;
  return successor(roles, role.tombstone.replacementRoleId ?? role.tombstone.environmentDefaultRoleId);
}

/** The role and all tombstones that lead to it: whoever refers to one of them has this role as the default. */
export function predecessors(roles: ReadonlyMap<RoleId, EnvironmentRole>, id: RoleId): RoleId[] {
  return [...roles.keys()].filter((other) => successor(roles, other).id === id);
}

/** The default role of an organization with a configuration of its own. */
export function defaultRoleOf(
  { roles }: EnvironmentState,
  { own, customRoles }: OrganizationState & { readonly own: OwnConfig },
): Role {
  return customRoles.find(({ id }) => id === own.defaultRoleId) ?? successor(roles, own.defaultRoleId);
}

/**
 * The live roles a member has, from those it was given: all that happened to them since is done to them again, in its
 * order. Deleted custom roles come first, because an organization's members are settled before one is deleted. A
 * deleted environment role goes; a member who had it alone gets the default of that moment. The end of multiple roles
 * leaves the highest role by the order of that moment.
 *
 * What an organization's own configuration says now is what it said at each of these moments, because its members are
 * settled before it changes.
 */
export function resolveMemberRoles(
  state: EnvironmentState,
  organization: OrganizationState,
  { roleIds, materializedAtRevision }: Pick<Membership, "roleIds" | "materializedAtRevision">,
): RoleId[] {
  if (roleIds.length === 1 && isLiveRole(state, organization, roleIds[0])) return [...roleIds];
  let held = new Set(roleIds.map((id) => replacementOf(organization, id)));
  const [first] = held;
  if (held.size === 1 && isLiveRole(state, organization, first)) return [...held];
  for (const event of roleEvents(state)) {
    if ("order" in event) {
      if (held.size > 1 && event.revision > materializedAtRevision)
        held = new Set([highest(state, organization, event, [...held])]);
    } else if (held.delete(event.id) && !held.size) held.add(defaultAfter(state, organization, event));
  }
  return [...held];
}

/** The live role a group's mapping leads to; none where that was an environment role and has been deleted. */
export function resolveGroupRole(
  state: EnvironmentState,
  organization: OrganizationState,
  id: RoleId,
): RoleId | undefined {
  const replacement = replacementOf(organization, id);
  return isLiveRole(state, organization, replacement) ? replacement : undefined;
}

/** The roles that a stored mapping to counts as none. */
export function unresolvedGroupRoles(state: EnvironmentState, organization: OrganizationState): RoleId[] {
  return deletedRoles(state, [...organization.replaced.keys()]).filter(
    (id) => !resolveGroupRole(state, organization, id),
  );
}

/** The deleted roles that members may still refer to. */
export function deletedRoles(state: EnvironmentState, replaced: readonly RoleId[]): RoleId[] {
  return [...[...state.roles.values()].flatMap((role) => (isLive(role) ? [] : role.id)), ...replaced];
}

type Deletion = Tombstone & { readonly id: RoleId };

/** In their order. */
const roleEvents = memo(
  ({ roles, multipleRolesDisabled }: EnvironmentState): readonly (Deletion | MultipleRolesDisabled)[] => {
    const deletions = [...roles.values()].flatMap(({ id, tombstone }) => (tombstone ? [{ ...tombstone, id }] : []));
    const revisionOf = (event: Deletion | MultipleRolesDisabled) =>
      "order" in event ? event.revision : event.deletedRevision;
    return [...deletions, ...multipleRolesDisabled].sort((a, b) => revisionOf(a) - revisionOf(b));
  },
);

function replacementOf(organization: Pick<OrganizationState, "replaced">, id: RoleId): RoleId {
  const next = organization.replaced.get(id);
  return next === undefined ? id : replacementOf(organization, next);
}

function isLiveRole({ roles }: EnvironmentState, { customRoles }: OrganizationState, id: RoleId | undefined): boolean {
  const role = id && (roles.get(id) ?? customRoles.find((custom) => custom.id === id));
  return role ? isLive(role) : false;
}

function defaultAfter(state: EnvironmentState, organization: OrganizationState, deletion: Deletion): RoleId {
  const { own } = organization;
  return own ? defaultRoleOf(state, { ...organization, own }).id : deletion.environmentDefaultRoleId;
}

function highest(
  { roles }: EnvironmentState,
  { own, customRoles }: OrganizationState,
  collapse: MultipleRolesDisabled,
  held: readonly RoleId[],
): RoleId {
  const wanted = new Set(held);
  const candidates = [...roles.values(), ...customRoles].filter(({ id }) => wanted.has(id));
  const first = inOrder(own?.order ?? collapse.order, candidates)[0];
  if (!first) throw new Fault(`none of ${held.length} roles of a member is known`);
  return first.id;
}

import type { EnvironmentState } from "./environment";
import { Fault } from "./fault";
import type { RoleId } from "./ids";
import type { Membership } from "./membership";
import { memoizeByIdentity } from "./memoize-by-identity";
import type { OrganizationState, OwnConfig } from "./organization";
import { inOrder } from "./priority";
import { type EnvironmentRole, type Role, isLive } from "./role";

/**
 * Returns the role that a reference to an environment role means as a default: the role itself while it lives, else its
 * replacement, else the environment's default right after the deletion, and so on until a live role is met. This ends,
 * because each of these roles was alive when the one before it was deleted, and can only have been deleted later.
 */
export function successor(roles: ReadonlyMap<RoleId, EnvironmentRole>, id: RoleId): EnvironmentRole {
  const role = roles.get(id);
  if (!role) throw new Fault("an environment role is neither alive nor a tombstone");
  if (!role.tombstone) return role;
  return successor(roles, role.tombstone.replacementRoleId ?? role.tombstone.environmentDefaultRoleId);
}

/** Returns the role and all tombstones that lead to it: each of them means this role as a default. */
export function predecessors(roles: ReadonlyMap<RoleId, EnvironmentRole>, id: RoleId): RoleId[] {
  return [...roles.keys()].filter((other) => successor(roles, other).id === id);
}

/** Returns the default role of an organization with its own configuration. */
export function defaultRoleOf(
  { roles }: EnvironmentState,
  { own, customRoles }: OrganizationState & { readonly own: OwnConfig },
): Role {
  return customRoles.find(({ id }) => id === own.defaultRoleId) ?? successor(roles, own.defaultRoleId);
}

/**
 * Returns the live roles of a member, by applying to its stored roles all events since, in their order. Replacements of
 * deleted custom roles come first, because an organization's members are materialized before a custom role is deleted.
 * The deletion of an environment role removes it; a member whose only role it was gets the default of that moment. The
 * end of multiple roles leaves the highest role by the order of that moment.
 *
 * The organization's own configuration of today is the one of each of these moments, because its members are
 * materialized before it changes.
 */
export function resolveMemberRoles(
  state: EnvironmentState,
  organization: OrganizationState,
  { roleIds, materializedAtRevision }: Pick<Membership, "roleIds" | "materializedAtRevision">,
): RoleId[] {
  if (roleIds.length === 1 && isLiveRole(state, organization, roleIds[0])) return [...roleIds];
  let resolved = new Set(roleIds.map((id) => replacementOf(organization, id)));
  const [first] = resolved;
  if (resolved.size === 1 && isLiveRole(state, organization, first)) return [...resolved];
  for (const event of roleEvents(state)) {
    if (event.kind === "multiple roles disabled") {
      if (resolved.size > 1 && event.revision > materializedAtRevision)
        resolved = new Set([highestRole(state, organization, event, [...resolved])]);
    } else if (resolved.delete(event.id) && !resolved.size) resolved.add(defaultAfter(state, organization, event));
  }
  return [...resolved];
}

/** Returns the live role that a group's mapping leads to, undefined where an environment role was deleted. */
export function resolveGroupRole(
  state: EnvironmentState,
  organization: OrganizationState,
  id: RoleId,
): RoleId | undefined {
  const replacement = replacementOf(organization, id);
  return isLiveRole(state, organization, replacement) ? replacement : undefined;
}

/** Returns the deleted roles that lead to no live one: a group that is mapped to one of them counts as not mapped. */
export function unresolvedGroupRoles(state: EnvironmentState, organization: OrganizationState): RoleId[] {
  return deletedRoles(state, [...organization.replaced.keys()]).filter(
    (id) => !resolveGroupRole(state, organization, id),
  );
}

/** Returns the deleted roles that members may still refer to: the environment's, and custom roles with a replacement. */
export function deletedRoles(state: EnvironmentState, replaced: readonly RoleId[]): RoleId[] {
  return [...[...state.roles.values()].flatMap((role) => (isLive(role) ? [] : role.id)), ...replaced];
}

interface RoleDeleted {
  readonly kind: "role deleted";
  readonly revision: number;
  readonly id: RoleId;
  readonly environmentDefaultRoleId: RoleId;
}

interface MultipleRolesDisabled {
  readonly kind: "multiple roles disabled";
  readonly revision: number;
  readonly order: readonly RoleId[];
}

/** Returns the events that affected all members at once, in the order of their revisions. */
export const roleEvents = memoizeByIdentity(
  ({ roles, multipleRolesDisabled }: EnvironmentState): readonly (RoleDeleted | MultipleRolesDisabled)[] => {
    const deletions = [...roles.values()].flatMap(({ id, tombstone }): RoleDeleted | [] => {
      if (!tombstone) return [];
      const { deletedRevision: revision, environmentDefaultRoleId } = tombstone;
      return { kind: "role deleted", revision, id, environmentDefaultRoleId };
    });
    const ends = multipleRolesDisabled.map(
      ({ revision, order }): MultipleRolesDisabled => ({ kind: "multiple roles disabled", revision, order }),
    );
    return [...deletions, ...ends].sort((a, b) => a.revision - b.revision);
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

function defaultAfter(state: EnvironmentState, organization: OrganizationState, deletion: RoleDeleted): RoleId {
  const { own } = organization;
  return own ? defaultRoleOf(state, { ...organization, own }).id : deletion.environmentDefaultRoleId;
}

function highestRole(
  { roles }: EnvironmentState,
  { own, customRoles }: OrganizationState,
  { order }: MultipleRolesDisabled,
  ids: readonly RoleId[],
): RoleId {
  const wanted = new Set(ids);
  const candidates = [...roles.values(), ...customRoles].filter(({ id }) => wanted.has(id));
  const first = inOrder(own?.order ?? order, candidates)[0];
  if (!first) throw new Fault(`none of ${ids.length} roles of a member exists`);
  return first.id;
}

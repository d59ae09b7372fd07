import type { RoleConfigView } from "./effective-roles";
import type { EventChange } from "./event";
import type { RoleId } from "./ids";
import type { PermissionSlug } from "./values";

/** The permissions and roles that a change gives to somebody in an organization. */
export interface Gift {
  readonly permissions: readonly PermissionSlug[];
  /** Roles, with all their permissions. */
  readonly roleIds: readonly RoleId[];
}

const nothing: Gift = { permissions: [], roleIds: [] };

/**
 * Returns what a change of an organization gives: new permissions of a role, roles that a member did not have, the role of
 * a group, a new default role, the replacement of a deleted role, and roles that rise above one of `held`, the roles of
 * the user who gives. Above any role if that user has none. What a change takes away or renames gives nothing.
 */
export function giftOf(change: EventChange, held: readonly RoleId[]): Gift {
  switch (change.subject) {
    case "role": {
      const { before, after, deletion } = change.content;
      const present = new Set(before?.permissions);
      return {
        permissions: after?.permissions.filter((permission) => !present.has(permission)) ?? [],
        roleIds: deletion?.replacementRole ? [deletion.replacementRole.id] : [],
      };
    }
    case "membership":
      return { ...nothing, roleIds: without(change.content.roleIds, change.content.beforeRoleIds) };
    case "group_role": {
      const { roleId, beforeRoleId } = change.content;
      return { ...nothing, roleIds: roleId && roleId !== beforeRoleId ? [roleId] : [] };
    }
    case "role_config": {
      const { before, after, roleIds = [], beforeRoleIds = [] } = change.content;
      const defaults = without(defaultOf(after, roleIds), defaultOf(before, beforeRoleIds));
      const rising = change.type === "role_config.updated" ? risingRoles(beforeRoleIds, roleIds, held) : [];
      return { ...nothing, roleIds: [...defaults, ...rising] };
    }
    default:
      return nothing;
  }
}

const without = (ids: readonly RoleId[] = [], others: readonly RoleId[] = []): RoleId[] =>
  ids.filter((id) => !others.includes(id));

/** Returns the default role of a configuration whose roles have these ids, in the same order. */
function defaultOf(config: RoleConfigView | undefined, ids: readonly RoleId[]): RoleId[] {
  const id = config && ids[config.priorityOrder.indexOf(config.defaultRoleSlug)];
  return id ? [id] : [];
}

/** Returns the roles that were below one of `held` and are above it now. If `held` is empty, it stands for all roles. */
export function risingRoles(
  before: readonly RoleId[],
  after: readonly RoleId[],
  held: readonly RoleId[],
): readonly RoleId[] {
  const places = new Map(before.map((id, place) => [id, place]));
  const placeBefore = (id: RoleId) => places.get(id) ?? Infinity;
  const passed = new Set(held.length ? held : before);
  const rising: RoleId[] = [];
  // from the lowest role up: the highest place before of the roles below
  let highest = Infinity;
  for (const id of after.toReversed()) {
    if (places.has(id) && highest < placeBefore(id)) rising.push(id);
    if (passed.has(id)) highest = Math.min(highest, placeBefore(id));
  }
  return rising;
}

import type { RoleId } from "./ids";
import type { EnvironmentRole } from "./role";

/**
 * What a reference to an environment role means as a default: the role itself while it lives, else its replacement,
 * else the environment's default right after the deletion, and so on until a live role is met. It ends, because
 * whatever took a role's place was alive when that role was deleted, and can only have been deleted later.
 */
export function successor(roles: ReadonlyMap<RoleId, EnvironmentRole>, id: RoleId): EnvironmentRole {
  const role = roles.get(id);
  if (!role) throw new Error(`environment role ${id} is neither alive nor a tombstone`);
  if (!role.tombstone) return role;
  return successor(roles, role.tombstone.replacementRoleId ?? role.tombstone.environmentDefaultRoleId);
}

/** The role and all tombstones that lead to it: whoever refers to one of them has this role as the default. */
export function predecessors(roles: ReadonlyMap<RoleId, EnvironmentRole>, id: RoleId): RoleId[] {
  return [...roles.keys()].filter((other) => successor(roles, other).id === id);
}

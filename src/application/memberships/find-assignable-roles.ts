import type { EffectiveRoles } from "../../domain/effective-roles";
import type { EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import type { RoleId } from "../../domain/ids";
import { limits } from "../../domain/limits";
import { memoizeByIdentity } from "../../domain/memoize-by-identity";
import type { Slug } from "../../domain/slug";
import { mapInSlices } from "../../event-loop/time-slices";

/** The roles that a member is to have, and the field of the request that names them. */
export interface RequestedRoles {
  readonly effective: EffectiveRoles;
  readonly field: string;
  /** The slugs of the request: repeats count once. */
  readonly slugs: readonly Slug[];
}

/**
 * Returns the roles of each member: the requested ones, the default role where none is requested. Throws
 * ROLE_NOT_ASSIGNABLE for slugs of no role, of all members together, and MULTIPLE_ROLES_DISABLED for several roles where
 * the environment allows one.
 */
export async function findAssignableRoles(
  state: EnvironmentState,
  members: readonly RequestedRoles[],
): Promise<RoleId[][]> {
  const unknown = new Set<string>();
  const fields: string[] = [];
  const assignable = await mapInSlices(members, ({ effective, field, slugs }) => {
    if (!slugs.length) return [effective.defaultRole.id];
    const ids = idsBySlug(effective);
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

const idsBySlug = memoizeByIdentity(({ roles }: EffectiveRoles) => new Map(roles.map(({ slug, id }) => [slug, id])));

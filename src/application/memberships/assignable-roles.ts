import type { EffectiveRoles } from "../../domain/effective-roles";
import type { EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import type { RoleId } from "../../domain/ids";
import { limits } from "../../domain/limits";
import { memo } from "../../domain/memo";
import type { Slug } from "../../domain/slug";
import { mapInSlices } from "../../event-loop/time-slices";

const idsBySlug = memo(({ roles }: EffectiveRoles) => new Map(roles.map(({ slug, id }) => [slug, id])));

/** Roles that a member is to have, and the request's field that names them. */
export interface WantedRoles {
  readonly effective: EffectiveRoles;
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
  const assignable = await mapInSlices(wanted, ({ effective, field, slugs }) => {
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

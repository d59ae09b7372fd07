import type { EffectiveAccess } from "./effective-access";
import { limits } from "./limits";
import { memoizeByIdentity } from "./memoize-by-identity";
import { countBeyond, hasPlace } from "./permission-set";
import type { Role } from "./role";
import type { Slug } from "./slug";
import type { PermissionSlug } from "./values";

/** The roles and permissions of a member, as a session needs them. */
export interface AccessView {
  /** The primary role. */
  readonly role: Slug;
  /** In priority order. */
  readonly roles: readonly Slug[];
  /** The permissions of all roles together, sorted. */
  readonly permissions: readonly PermissionSlug[];
}

export type Reason = "" | "PERMISSION_NOT_GRANTED" | "MEMBERSHIP_NOT_FOUND" | "PERMISSION_UNKNOWN";

/** The result of one check, and the reason for it. */
export interface CheckView {
  readonly allowed: boolean;
  readonly grantedBy: readonly Slug[];
  readonly nearestRoles: readonly Slug[];
  /** Empty exactly if allowed. */
  readonly reason: Reason;
}

const permissionUnknown: CheckView = {
  allowed: false,
  grantedBy: [],
  nearestRoles: [],
  reason: "PERMISSION_UNKNOWN",
};

/** Returns what the roles of a member grant together. */
export function viewAccess(access: EffectiveAccess, roles: readonly [Role, ...Role[]]): AccessView {
  const [{ id, slug }, ...others] = roles;
  const permissions = access.permissions.get(id);
  if (others.length || !permissions) return viewUnion(access, roles);
  return viewSingleRole(permissions, slug);
}

/** Returns whether one of the roles grants the permission. A user without roles is not a member. */
export function checkAccess(access: EffectiveAccess, roles: readonly Role[], permission: PermissionSlug): CheckView {
  const place = access.table.placeOf(permission);
  if (place === undefined) return permissionUnknown;
  const granting = roles.filter((role) => grants(access, role, place));
  const [role, ...others] = granting;
  if (role) return others.length ? viewAllowed(granting) : viewAllowedByOne(role);
  const reason = roles.length ? "PERMISSION_NOT_GRANTED" : "MEMBERSHIP_NOT_FOUND";
  return { allowed: false, grantedBy: [], nearestRoles: findNearestRoles(access, roles, place), reason };
}

/** The key is the list of a role's permissions in one snapshot: members with only that role have the same view. */
const viewSingleRole = memoizeByIdentity(
  (permissions: readonly PermissionSlug[], slug: Slug): AccessView => ({ role: slug, roles: [slug], permissions }),
);

function viewUnion({ table, sets }: EffectiveAccess, roles: readonly [Role, ...Role[]]): AccessView {
  const union = table.unionOf(roles.map(({ id }) => sets.get(id)));
  return { role: roles[0].slug, roles: roles.map(({ slug }) => slug), permissions: table.slugsIn(union) };
}

function viewAllowed(granting: readonly Role[]): CheckView {
  return { allowed: true, grantedBy: granting.map(({ slug }) => slug), nearestRoles: [], reason: "" };
}

const viewAllowedByOne = memoizeByIdentity((role: Role) => viewAllowed([role]));

function grants({ sets }: EffectiveAccess, { id }: Role, place: number): boolean {
  const set = sets.get(id);
  return set !== undefined && hasPlace(set, place);
}

/** Returns the roles that would grant the permission, first those that would add the fewest other permissions. */
function findNearestRoles({ effective, table, sets }: EffectiveAccess, roles: readonly Role[], place: number): Slug[] {
  const present = table.unionOf(roles.map(({ id }) => sets.get(id)));
  return effective.roles
    .flatMap(({ id, slug }) => {
      const set = sets.get(id);
      return set && hasPlace(set, place) ? [{ slug, added: countBeyond(set, present) }] : [];
    })
    .sort((a, b) => a.added - b.added)
    .slice(0, limits.nearestRoles)
    .map(({ slug }) => slug);
}

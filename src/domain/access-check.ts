import type { EffectiveAccess } from "./effective-access";
import type { RoleId } from "./ids";
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
  return others.length ? viewUnion(access, roles) : viewSingleRole(access.permissionsOf(id), slug);
}

/** Returns whether one of the roles grants the permission. A user without roles is not a member. */
export function checkAccess(access: EffectiveAccess, roles: readonly Role[], permission: PermissionSlug): CheckView {
  const place = access.table.placeOf(permission);
  if (place === undefined) return permissionUnknown;
  const granting = roles.filter((role) => grants(access, role, place));
  const [role, ...others] = granting;
  if (role) return others.length ? viewAllowed(granting) : viewAllowedByOne(access, role);
  const reason = roles.length ? "PERMISSION_NOT_GRANTED" : "MEMBERSHIP_NOT_FOUND";
  return { allowed: false, grantedBy: [], nearestRoles: findNearestRoles(access, roles, place), reason };
}

/** The key is the list of a role's permissions in one snapshot: members with only that role have the same view. */
const viewSingleRole = memoizeByIdentity(
  (permissions: readonly PermissionSlug[], slug: Slug): AccessView => ({ role: slug, roles: [slug], permissions }),
);

function viewUnion(access: EffectiveAccess, roles: readonly [Role, ...Role[]]): AccessView {
  const { table } = access;
  const union = table.unionOf(roles.map(({ id }) => access.setOf(id)));
  return { role: roles[0].slug, roles: roles.map(({ slug }) => slug), permissions: table.slugsIn(union) };
}

function viewAllowed(granting: readonly Role[]): CheckView {
  return { allowed: true, grantedBy: granting.map(({ slug }) => slug), nearestRoles: [], reason: "" };
}

/** Returns the view of a check that one role allows, the same for every such check as long as the access is in force. */
function viewAllowedByOne(access: EffectiveAccess, role: Role): CheckView {
  const views = allowedViews(access);
  let view = views.get(role.id);
  if (!view) views.set(role.id, (view = viewAllowed([role])));
  return view;
}

const allowedViews = memoizeByIdentity((_: EffectiveAccess) => new Map<RoleId, CheckView>());

function grants(access: EffectiveAccess, { id }: Role, place: number): boolean {
  const set = access.setOf(id);
  return set !== undefined && hasPlace(set, place);
}

/** Returns the roles that would grant the permission, first those that would add the fewest other permissions. */
function findNearestRoles(access: EffectiveAccess, roles: readonly Role[], place: number): Slug[] {
  const present = access.table.unionOf(roles.map(({ id }) => access.setOf(id)));
  return access.effective.roles
    .flatMap(({ id, slug }) => {
      const set = access.setOf(id);
      return set && hasPlace(set, place) ? [{ slug, added: countBeyond(set, present) }] : [];
    })
    .sort((a, b) => a.added - b.added)
    .slice(0, limits.nearestRoles)
    .map(({ slug }) => slug);
}

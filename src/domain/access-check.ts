import type { EffectiveAccess } from "./effective-access";
import { limits } from "./limits";
import { memo } from "./memo";
import { countBeyond, hasPlace } from "./permission-set";
import type { RoleId } from "./ids";
import type { Role } from "./role";
import type { Slug } from "./slug";
import type { PermissionSlug } from "./values";

/** What a session needs. */
export interface AccessView {
  /** The primary role. */
  readonly role: Slug;
  /** In priority order. */
  readonly roles: readonly Slug[];
  /** Of all roles together, sorted. */
  readonly permissions: readonly PermissionSlug[];
}

export type Reason = "" | "PERMISSION_NOT_GRANTED" | "MEMBERSHIP_NOT_FOUND" | "PERMISSION_UNKNOWN";

/** The answer to one check, and why. */
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

/** The views of members with one role, by the list of what that role grants in one EffectiveAccess. */
const ofOneRole = new WeakMap<readonly PermissionSlug[], AccessView>();

export function viewAccess(access: EffectiveAccess, roles: readonly [Role, ...Role[]]): AccessView {
  const [{ id, slug }, ...others] = roles;
  const granted = access.permissionsOf(id);
  if (others.length) return unionOf(access, roles);
  let view = ofOneRole.get(granted);
  if (!view) ofOneRole.set(granted, (view = { role: slug, roles: [slug], permissions: granted }));
  return view;
}

function unionOf(access: EffectiveAccess, roles: readonly [Role, ...Role[]]): AccessView {
  const { table } = access;
  const union = table.unionOf(roles.map(({ id }) => access.setOf(id)));
  return { role: roles[0].slug, roles: roles.map(({ slug }) => slug), permissions: table.slugsIn(union) };
}

/** Whether one of the roles grants the permission. Without roles the user is no member. */
export function checkAccess(access: EffectiveAccess, roles: readonly Role[], permission: PermissionSlug): CheckView {
  const place = access.table.placeOf(permission);
  if (place === undefined) return permissionUnknown;
  const granting = roles.filter((role) => grants(access, role, place));
  const [role, ...others] = granting;
  if (role) return others.length ? allowed(granting) : allowedByOne(access, role);
  const reason = roles.length ? "PERMISSION_NOT_GRANTED" : "MEMBERSHIP_NOT_FOUND";
  return { allowed: false, grantedBy: [], nearestRoles: nearest(access, roles, place), reason };
}

function allowed(granting: readonly Role[]): CheckView {
  return { allowed: true, grantedBy: granting.map(({ slug }) => slug), nearestRoles: [], reason: "" };
}

/** The views of checks that one role allows, in one EffectiveAccess. */
const allowedViews = memo((_: EffectiveAccess) => new Map<RoleId, CheckView>());

function allowedByOne(access: EffectiveAccess, role: Role): CheckView {
  const views = allowedViews(access);
  let view = views.get(role.id);
  if (!view) views.set(role.id, (view = allowed([role])));
  return view;
}

const grants = (access: EffectiveAccess, { id }: Role, place: number): boolean => {
  const set = access.setOf(id);
  return set !== undefined && hasPlace(set, place);
};

/** The roles that would grant it, those first that would add the fewest other permissions to what the user has. */
function nearest(access: EffectiveAccess, roles: readonly Role[], place: number): Slug[] {
  const has = access.table.unionOf(roles.map(({ id }) => access.setOf(id)));
  return access.effective.roles
    .flatMap(({ id, slug }) => {
      const set = access.setOf(id);
      return set && hasPlace(set, place) ? [{ slug, added: countBeyond(set, has) }] : [];
    })
    .sort((a, b) => a.added - b.added)
    .slice(0, limits.nearestRoles)
    .map(({ slug }) => slug);
}

import type { PermissionSlug } from "./fields";
import { limits } from "./limits";
import { once } from "./once";
import type { Role } from "./role";
import type { Slug } from "./slug";
import type { Holding } from "./snapshots";

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

export const permissionUnknown: CheckView = {
  allowed: false,
  grantedBy: [],
  nearestRoles: [],
  reason: "PERMISSION_UNKNOWN",
};

/** Of members with one role, by what that role grants in one snapshot: made once, for it is asked for over and over. */
const ofOneRole = new WeakMap<readonly PermissionSlug[], AccessView>();

export function accessOf({ permissions }: Holding, roles: readonly [Role, ...Role[]]): AccessView {
  const [{ id, slug }, ...others] = roles;
  const granted = permissions.get(id);
  if (others.length || !granted) return unionOf(permissions, roles);
  let view = ofOneRole.get(granted);
  if (!view) ofOneRole.set(granted, (view = { role: slug, roles: [slug], permissions: granted }));
  return view;
}

function unionOf(permissions: Holding["permissions"], roles: readonly [Role, ...Role[]]): AccessView {
  const union = new Set(roles.flatMap(({ id }) => permissions.get(id) ?? []));
  return { role: roles[0].slug, roles: roles.map(({ slug }) => slug), permissions: [...union].sort() };
}

/** Whether one of the roles grants the permission. Without roles the user is no member. */
export function check(holding: Holding, roles: readonly Role[], permission: PermissionSlug): CheckView {
  const granting = roles.filter(({ id }) => holding.permissions.get(id)?.includes(permission));
  const [role, ...others] = granting;
  if (role) return others.length ? allowed(granting) : allowedByOne(role);
  const reason = roles.length ? "PERMISSION_NOT_GRANTED" : "MEMBERSHIP_NOT_FOUND";
  return { allowed: false, grantedBy: [], nearestRoles: nearest(holding, roles, permission), reason };
}

function allowed(granting: readonly Role[]): CheckView {
  return { allowed: true, grantedBy: granting.map(({ slug }) => slug), nearestRoles: [], reason: "" };
}

const allowedByOne = once((role: Role) => allowed([role]));

/** The roles that would grant it, those first that would add the fewest other permissions to what the user has. */
function nearest({ context, permissions }: Holding, roles: readonly Role[], permission: PermissionSlug): Slug[] {
  const has = new Set(roles.flatMap(({ id }) => permissions.get(id) ?? []));
  return context.roles
    .flatMap(({ id, slug }) => {
      const granted = permissions.get(id) ?? [];
      return granted.includes(permission) ? [{ slug, added: granted.filter((other) => !has.has(other)).length }] : [];
    })
    .sort((a, b) => a.added - b.added)
    .slice(0, limits.nearestRoles)
    .map(({ slug }) => slug);
}

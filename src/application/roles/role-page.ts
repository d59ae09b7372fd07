import { type EffectiveRoles, idsOf, viewRole } from "../../domain/effective-roles";
import type { Digest, EnvironmentUid } from "../../domain/ids";
import { limits } from "../../domain/limits";
import { type Role, type RoleOwner, type RoleView, environmentOwner } from "../../domain/role";
import type { OrganizationId } from "../../domain/values";
import { Portions } from "../../event-loop/portions";
import { Slice } from "../../event-loop/time-slices";
import type { CallSignal } from "../ports/cancellation";
import type { Stores } from "../ports/unit-of-work";
import type { Cursor } from "../request/page";

/** Returns where a page of roles begins: after the last role of the page before, wherever that is now. */
export function positionAfter(roles: readonly Role[], cursor: Cursor): number {
  const index = roles.findIndex((role) => role.id === cursor.key);
  return index < 0 ? Math.max(0, cursor.position - 1) : index + 1;
}

/** Returns the first roles, as many as a response may contain. Throws once the caller has cancelled. */
export async function viewFirstPage(
  roles: readonly Role[],
  view: (role: Role) => RoleView,
  signal?: CallSignal,
): Promise<RoleView[]> {
  const page = new RolePageItems();
  const slice = new Slice(signal);
  for (const role of roles) {
    if (!page.add(view(role))) break;
    const ended = slice.end();
    if (ended) await ended;
  }
  return page.items;
}

/** Returns the first roles in force in a scope, as many as a response may contain. Reads only their permissions. */
export async function readFirstPage(
  digest: Digest,
  stores: Stores,
  uid: EnvironmentUid,
  effective: EffectiveRoles,
  organizationId: OrganizationId | undefined,
): Promise<RoleView[]> {
  const page = new RolePageItems();
  const owners: RoleOwner[] = organizationId ? [environmentOwner, organizationId] : [environmentOwner];
  const portions = new Portions();
  for (let start = 0; start < effective.roles.length; ) {
    const roles = effective.roles.slice(start, start + portions.size);
    const permissions = await stores.roles.permissionsOf(uid, owners, idsOf(roles));
    for (const role of roles)
      if (!page.add(viewRole(digest, effective, role, permissions.get(role.id) ?? []))) return page.items;
    portions.addRows(
      roles.length,
      [...permissions.values()].reduce((sum, { length }) => sum + length, 0),
    );
    start += roles.length;
  }
  return page.items;
}

/** The roles of one page: it has at least one, and ends before the response becomes too large for a client. */
class RolePageItems {
  readonly items: RoleView[] = [];
  private bytes = 0;

  /** Adds a role. Returns false if the page is full. */
  add(view: RoleView): boolean {
    this.bytes += view.permissions.reduce((sum, slug) => sum + slug.length + 2, 1000);
    if (this.items.length && this.bytes > limits.pageBytes) return false;
    this.items.push(view);
    return true;
  }
}

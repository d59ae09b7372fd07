import { type EffectiveRoles, idsOf, viewRole } from "../../domain/effective-roles";
import type { Digest, EnvironmentUid } from "../../domain/ids";
import { limits } from "../../domain/limits";
import type { Role, RoleView } from "../../domain/role";
import type { OrganizationId } from "../../domain/values";
import { Portions, Slice } from "../../event-loop/time-slices";
import type { Stores } from "../ports/unit-of-work";
import type { Cursor } from "../request/page";

/** Where a page of roles goes on: behind the last role of the page before, wherever that is now. */
export function positionAfter(roles: readonly Role[], cursor: Cursor): number {
  const index = roles.findIndex((role) => role.id === cursor.key);
  return index < 0 ? Math.max(0, cursor.position - 1) : index + 1;
}

/** As many roles as a caller sees at once, fewer where the answer would become too large for a client; at least one. */
export async function firstPage(roles: readonly Role[], view: (role: Role) => RoleView): Promise<RoleView[]> {
  const page = new RolePageItems();
  const slice = new Slice();
  for (const role of roles) {
    if (!page.add(view(role))) break;
    const ended = slice.end();
    if (ended) await ended;
  }
  return page.items;
}

/** The first roles of a context, read until a page is full. */
export async function readFirstPage(
  digest: Digest,
  stores: Stores,
  uid: EnvironmentUid,
  effective: EffectiveRoles,
  organizationId: OrganizationId | undefined,
): Promise<RoleView[]> {
  const page = new RolePageItems();
  const scopes = organizationId ? (["", organizationId] as const) : ([""] as const);
  const portions = new Portions();
  for (let start = 0; start < effective.roles.length; ) {
    const roles = effective.roles.slice(start, start + portions.size);
    const permissions = await stores.roles.permissionsOf(uid, scopes, idsOf(roles));
    for (const role of roles)
      if (!page.add(viewRole(digest, effective, role, permissions.get(role.id) ?? []))) return page.items;
    portions.had(
      roles.length,
      [...permissions.values()].reduce((sum, { length }) => sum + length, 0),
    );
    start += roles.length;
  }
  return page.items;
}

/** The roles of one page, which ends where the answer would become too large for a client. It has at least one. */
class RolePageItems {
  readonly items: RoleView[] = [];
  private bytes = 0;

  /** False: it is full. */
  add(view: RoleView): boolean {
    this.bytes += view.permissions.reduce((sum, slug) => sum + slug.length + 2, 1000);
    if (this.items.length && this.bytes > limits.pageBytes) return false;
    this.items.push(view);
    return true;
  }
}

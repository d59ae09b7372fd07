import { ownRole, viewRole } from "../../domain/effective-roles";
import { roleChange } from "../../domain/event";
import type { Role, RoleView } from "../../domain/role";
import type { Slug } from "../../domain/slug";
import type { PermissionSlug } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import type { WriteContext } from "../request/idempotency";
import type { ParsedScope } from "../request/scope";
import { checkPermissionQuota, findPermissionIds, readPermissions } from "./role-permissions";

export interface RoleChange {
  readonly changes?: Partial<Pick<Role, "name" | "description">>;
  /** The permissions that the role is to have. Undefined to keep them. */
  readonly permissions?: readonly PermissionSlug[] | undefined;
  /** The permissions that must exist although they may make no difference. Undefined for those of `permissions`. */
  readonly named?: readonly PermissionSlug[];
}

/**
 * Changes one role by what `decide` returns for its present permissions. Throws ROLE_NOT_FOUND,
 * ROLE_BELONGS_TO_ENVIRONMENT, PERMISSION_UNKNOWN and PERMISSION_LIMIT_REACHED. Locks the scope.
 */
export function changeRole(
  dependencies: Dependencies,
  scope: ParsedScope,
  slug: Slug,
  context: WriteContext,
  decide: (permissions: readonly PermissionSlug[], role: Role) => RoleChange,
): Promise<RoleView> {
  const { transactions, clock, digest } = dependencies;
  const updateTime = clock();
  return transactions.updateScope(scope, context, async (stores, record, { effective, state, organization }) => {
    const { environment } = state;
    const { uid } = environment;
    const role = ownRole(effective, slug, scope.organizationId);
    const present = await readPermissions(stores, uid, role);
    const { changes = {}, permissions = present, named = permissions } = decide(present, role);
    const before = new Set(present);
    const after = new Set(permissions);
    const added = permissions.filter((permission) => !before.has(permission));
    const removed = present.filter((permission) => !after.has(permission));
    if (added.length) checkPermissionQuota(dependencies, slug, permissions.length);
    const ids = await findPermissionIds(stores, uid, named, removed);
    const idsFor = (slugs: readonly PermissionSlug[]) => slugs.flatMap((permission) => ids.get(permission) ?? []);
    const viewBefore = viewRole(digest, effective, role, present);
    const changed = { ...role, ...changes, updateTime };
    const viewAfter = viewRole(digest, effective, changed, permissions.toSorted());
    if (viewAfter.etag === viewBefore.etag) return viewBefore;
    await stores.roles.update(uid, role, { ...changes, updateTime });
    await stores.roles.addPermissions(uid, role, idsFor(added));
    await stores.roles.removePermissions(uid, role, idsFor(removed));
    record.add({ environment, organization }, roleChange(viewBefore, viewAfter));
    return viewAfter;
  });
}

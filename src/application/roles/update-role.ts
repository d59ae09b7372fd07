import { ownRole, viewRole } from "../../domain/effective-roles";
import { refuse } from "../../domain/errors";
import { type Role, type RoleView, roleEtag } from "../../domain/role";
import { type Slug, parseSlug } from "../../domain/slug";
import { type PermissionSlug, parseDescription, parseEtag, parseName, parsePermissionSlug } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, type WriteContext, parseWriteContext } from "../request/idempotency";
import { type ParsedScope, type Scope, parseScope } from "../request/scope";
import { checkPermissionQuota, findPermissionIds } from "./role-permissions";

export interface UpdateRole extends Scope {
  readonly slug: string;
  readonly role:
    | { readonly name: string; readonly description: string; readonly permissions: readonly string[] }
    | undefined;
  readonly updateMask: readonly string[] | undefined;
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

export interface ChangeRolePermissions extends Scope {
  readonly slug: string;
  readonly permissions: readonly string[];
  readonly requestId?: string | undefined;
}

export async function updateRole(dependencies: Dependencies, request: UpdateRole, call: Call): Promise<RoleView> {
  const fields = new Fields();
  const scope = parseScope(fields, request);
  const slug = fields.required("slug", request.slug, parseSlug);
  if (slug && request.updateMask?.includes("slug")) throw refuse.slugImmutable(slug);
  const mask = fields.mask(request.updateMask, ["name", "description", "permissions"]);
  const values = request.role;
  if (!values) fields.refuse("role", "is required");
  const changes = {
    ...(mask.has("name") && { name: fields.required("role.name", values?.name, parseName) }),
    ...(mask.has("description") && {
      description: fields.required("role.description", values?.description, parseDescription),
    }),
  };
  const wanted = mask.has("permissions")
    ? fields.set("role.permissions", values?.permissions ?? [], parsePermissionSlug)
    : undefined;
  const etag = fields.optional("etag", request.etag, parseEtag);
  const context = parseWriteContext(fields, request.requestId, call);
  fields.check();
  if (wanted) checkPermissionQuota(dependencies, slug, wanted.length);

  return changeRole(dependencies, scope, slug, context, (permissions, role) => {
    if (etag && etag !== roleEtag(dependencies.digest, role, permissions)) throw refuse.etagMismatch(etag);
    return { changes, permissions: wanted };
  });
}

export async function addRolePermissions(
  dependencies: Dependencies,
  request: ChangeRolePermissions,
  call: Call,
): Promise<RoleView> {
  const { scope, slug, permissions, context } = parsePermissionChange(dependencies, request, call);
  checkPermissionQuota(dependencies, slug, permissions.length);
  return changeRole(dependencies, scope, slug, context, (present) => ({
    permissions: [...new Set([...present, ...permissions])],
    named: permissions,
  }));
}

export async function removeRolePermissions(
  dependencies: Dependencies,
  request: ChangeRolePermissions,
  call: Call,
): Promise<RoleView> {
  const { scope, slug, permissions, context } = parsePermissionChange(dependencies, request, call);
  const removed = new Set(permissions);
  return changeRole(dependencies, scope, slug, context, (present) => ({
    permissions: present.filter((permission) => !removed.has(permission)),
    named: permissions,
  }));
}

function parsePermissionChange(dependencies: Dependencies, request: ChangeRolePermissions, call: Call) {
  const fields = new Fields();
  const scope = parseScope(fields, request);
  const slug = fields.required("slug", request.slug, parseSlug);
  const permissions = fields.set("permissions", request.permissions, parsePermissionSlug);
  if (permissions.length > dependencies.quotas.permissions)
    fields.refuse("permissions", `must name at most ${dependencies.quotas.permissions} permissions`);
  const context = parseWriteContext(fields, request.requestId, call);
  fields.check();
  return { scope, slug, permissions, context };
}

/** Changes one role under its scope's lock; `named` permissions must exist even where they make no difference. */
function changeRole(
  dependencies: Dependencies,
  scope: ParsedScope,
  slug: Slug,
  context: WriteContext,
  decide: (
    permissions: readonly PermissionSlug[],
    role: Role,
  ) => {
    changes?: Partial<Pick<Role, "name" | "description">>;
    permissions?: readonly PermissionSlug[] | undefined;
    named?: readonly PermissionSlug[];
  },
): Promise<RoleView> {
  const updateTime = dependencies.clock();
  return dependencies.transactions.updateScope(scope, context, async (stores, { effective, state }) => {
    const { uid } = state.environment;
    const role = ownRole(effective, slug, scope.organizationId);
    const present = (await stores.roles.permissionsOf(uid, [role.organizationId], role.id)).get(role.id) ?? [];
    const { changes = {}, permissions = present, named = permissions } = decide(present, role);
    const before = new Set(present);
    const after = new Set(permissions);
    const added = permissions.filter((permission) => !before.has(permission));
    const removed = present.filter((permission) => !after.has(permission));
    if (added.length) checkPermissionQuota(dependencies, slug, permissions.length);
    const ids = await findPermissionIds(stores, uid, named, removed);
    const idsFor = (slugs: readonly PermissionSlug[]) => slugs.flatMap((permission) => ids.get(permission) ?? []);
    await stores.roles.update(uid, role, { ...changes, updateTime });
    await stores.roles.addPermissions(uid, role, idsFor(added));
    await stores.roles.removePermissions(uid, role, idsFor(removed));
    return viewRole(dependencies.digest, effective, { ...role, ...changes, updateTime }, permissions.toSorted());
  });
}

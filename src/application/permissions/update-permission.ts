import { refuse } from "../../domain/errors";
import { permissionChange } from "../../domain/event";
import type { PermissionView } from "../../domain/permission";
import { parseDescription, parseEtag, parseName } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields, invalid } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import {
  type PermissionKey,
  checkPermissionEtag,
  findPermission,
  parsePermissionKey,
  viewPermission,
} from "./permission";

export interface UpdatePermission extends PermissionKey {
  readonly permission: { readonly name: string; readonly description: string } | undefined;
  readonly updateMask: readonly string[] | undefined;
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

/**
 * Changes the name or the description of a permission. Throws PERMISSION_NOT_FOUND, SLUG_IMMUTABLE and ETAG_MISMATCH.
 * Locks the environment.
 */
export async function updatePermission(
  dependencies: Dependencies,
  request: UpdatePermission,
  call: Call,
): Promise<PermissionView> {
  const fields = new Fields();
  const key = parsePermissionKey(fields, request);
  if (key.slug !== invalid && request.updateMask?.includes("slug")) throw refuse.slugImmutable(key.slug);
  const mask = fields.mask(request.updateMask, ["name", "description"]);
  const { permission: values } = request;
  if (!values) fields.refuse("permission", "is required");
  const { environmentId, slug, fieldChanges, etag, context } = fields.check({
    ...key,
    fieldChanges: fields.group({
      ...(mask.has("name") && { name: fields.required("permission.name", values?.name, parseName) }),
      ...(mask.has("description") && {
        description: fields.required("permission.description", values?.description, parseDescription),
      }),
    }),
    etag: fields.optional("etag", request.etag, parseEtag),
    context: parseWriteContext(fields, request, call),
  });

  const { transactions, clock } = dependencies;
  const updateTime = clock();
  return transactions.updateEnvironment(environmentId, context, async (stores, changes, { environment }) => {
    const permission = await findPermission(stores, environment, slug);
    checkPermissionEtag(dependencies, permission, etag);
    const before = viewPermission(dependencies, environment, permission);
    const after = viewPermission(dependencies, environment, { ...permission, ...fieldChanges, updateTime });
    if (after.etag === before.etag) return before;
    await stores.permissions.update(environment.uid, permission.id, { ...fieldChanges, updateTime });
    changes.add({ environment }, permissionChange(before, after));
    return after;
  });
}

import { refuse } from "../../domain/errors";
import type { PermissionView } from "../../domain/permission";
import { parseDescription, parseEtag, parseName } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type PermissionKey, checkEtag, parseKey, viewPermission } from "./permission";

export interface UpdatePermission extends PermissionKey {
  readonly permission: { readonly name: string; readonly description: string } | undefined;
  readonly updateMask: readonly string[] | undefined;
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

export async function updatePermission(
  dependencies: Dependencies,
  request: UpdatePermission,
  call: Call,
): Promise<PermissionView> {
  const fields = new Fields();
  const { environmentId, slug } = parseKey(fields, request);
  if (slug && request.updateMask?.includes("slug")) throw refuse.slugImmutable(slug);
  const mask = fields.mask(request.updateMask, ["name", "description"]);
  const values = request.permission;
  if (!values) fields.refuse("permission", "is required");
  const changes = {
    ...(mask.has("name") && { name: fields.required("permission.name", values?.name, parseName) }),
    ...(mask.has("description") && {
      description: fields.required("permission.description", values?.description, parseDescription),
    }),
    updateTime: dependencies.clock(),
  };
  const etag = fields.optional("etag", request.etag, parseEtag);
  const context = parseWriteContext(fields, request.requestId, call);
  fields.check();

  return dependencies.transactions.updateEnvironment(environmentId, context, async (stores, { environment }) => {
    const permission = await stores.permissions.find(environment.uid, slug);
    if (!permission) throw refuse.permissionNotFound(slug);
    checkEtag(dependencies, permission, etag);
    await stores.permissions.update(environment.uid, permission.id, changes);
    return viewPermission(dependencies, environment, { ...permission, ...changes });
  });
}

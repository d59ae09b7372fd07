import { refuse } from "../../domain/errors";
import { permissionChange } from "../../domain/event";
import type { PermissionView } from "../../domain/permission";
import { parseDescription, parseName } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { KeyTaken } from "../ports/unit-of-work";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type PermissionKey, parsePermissionKey, viewPermission } from "./permission";

export interface CreatePermission extends PermissionKey {
  readonly name: string;
  readonly description: string;
  readonly requestId?: string | undefined;
}

/** Creates a permission. Throws PERMISSION_LIMIT_REACHED and PERMISSION_SLUG_TAKEN. Locks the environment. */
export async function createPermission(
  dependencies: Dependencies,
  request: CreatePermission,
  call: Call,
): Promise<PermissionView> {
  const fields = new Fields();
  const { environmentId, slug, name, description, context } = fields.check({
    ...parsePermissionKey(fields, request),
    name: fields.required("name", request.name, parseName),
    description: fields.required("description", request.description, parseDescription),
    context: parseWriteContext(fields, request, call),
  });

  const { transactions, ids, clock, quotas } = dependencies;
  const time = clock();
  const permission = { id: ids.permission(), slug, name, description, createTime: time, updateTime: time };
  try {
    return await transactions.updateEnvironment(environmentId, context, async (stores, changes, { environment }) => {
      if ((await stores.permissions.count(environment.uid)) >= quotas.permissions)
        throw refuse.permissionLimitReached(`environments/${environmentId}`, quotas.permissions);
      await stores.permissions.insert(environment.uid, permission);
      const view = viewPermission(dependencies, environment, permission);
      changes.add({ environment }, permissionChange(undefined, view));
      return view;
    });
  } catch (error) {
    throw error instanceof KeyTaken ? refuse.permissionSlugTaken(slug) : error;
  }
}

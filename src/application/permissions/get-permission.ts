import type { PermissionView } from "../../domain/permission";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import type { Call } from "../request/idempotency";
import { type PermissionKey, findPermission, parsePermissionKey, viewPermission } from "./permission";

/** Returns a permission. Throws PERMISSION_NOT_FOUND. */
export async function getPermission(
  dependencies: Dependencies,
  request: PermissionKey,
  { signal }: Call,
): Promise<PermissionView> {
  const fields = new Fields();
  const { environmentId, slug } = fields.check(parsePermissionKey(fields, request));

  return dependencies.transactions.readEnvironment(environmentId, signal, async (stores, environment) =>
    viewPermission(dependencies, environment, await findPermission(stores, environment, slug)),
  );
}

import type { PermissionView } from "../../domain/permission";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import type { Call } from "../request/idempotency";
import { type Page, type PageRequest, pageOf, parsePageSize, parsePageToken } from "../request/page";
import { parseEnvironmentId } from "../request/scope";
import { viewPermission } from "./permission";

/** Returns the permissions of an environment, in order of their slugs. */
export async function listPermissions(
  dependencies: Dependencies,
  request: { readonly environmentId: string } & PageRequest,
  { signal }: Call,
): Promise<Page<PermissionView>> {
  const fields = new Fields();
  const { environmentId, pageSize } = fields.check({
    environmentId: parseEnvironmentId(fields, request),
    pageSize: parsePageSize(fields, request),
  });
  const list = ["ListPermissions", environmentId];
  const after = parsePageToken(list, request);

  return dependencies.transactions.readEnvironment(environmentId, signal, async (stores, environment) => {
    const found = await stores.permissions.list(environment.uid, after?.key ?? "", pageSize + 1);
    const { items, nextPageToken } = pageOf(list, found, pageSize, (permission) => permission.slug);
    return { items: items.map((permission) => viewPermission(dependencies, environment, permission)), nextPageToken };
  });
}

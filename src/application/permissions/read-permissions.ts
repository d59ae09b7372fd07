import { refuse } from "../../domain/errors";
import type { PermissionView } from "../../domain/permission";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import type { Call } from "../request/idempotency";
import { type Page, type PageRequest, pageOf, parsePage } from "../request/page";
import { parseEnvironmentId } from "../request/scope";
import { type PermissionKey, parseKey, viewPermission } from "./permission";

export async function getPermission(
  dependencies: Dependencies,
  request: PermissionKey,
  { signal }: Call,
): Promise<PermissionView> {
  const fields = new Fields();
  const { environmentId, slug } = parseKey(fields, request);
  fields.check();

  return dependencies.transactions.readEnvironment(environmentId, signal, async (stores, environment) => {
    const permission = await stores.permissions.find(environment.uid, slug);
    if (!permission) throw refuse.permissionNotFound(slug);
    return viewPermission(dependencies, environment, permission);
  });
}

export async function listPermissions(
  dependencies: Dependencies,
  request: { readonly environmentId: string } & PageRequest,
  { signal }: Call,
): Promise<Page<PermissionView>> {
  const fields = new Fields();
  const environmentId = parseEnvironmentId(fields, request);
  const list = ["ListPermissions", environmentId];
  const page = parsePage(fields, request, list);
  fields.check();

  const { size, after } = page();
  return dependencies.transactions.readEnvironment(environmentId, signal, async (stores, environment) => {
    const found = await stores.permissions.list(environment.uid, after?.key ?? "", size + 1);
    const { items, nextPageToken } = pageOf(list, found, size, (permission) => permission.slug);
    return { items: items.map((permission) => viewPermission(dependencies, environment, permission)), nextPageToken };
  });
}

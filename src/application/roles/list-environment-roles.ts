import type { Dependencies } from "../dependencies";
import type { Call } from "../request/idempotency";
import { Fields } from "../request/fields";
import { type PageRequest, parsePageSize, parsePageToken } from "../request/page";
import { parseEnvironmentId } from "../request/scope";
import { type RolePage, listRoles } from "./role-list";

/** Returns the roles of an environment, in priority order. */
export async function listEnvironmentRoles(
  dependencies: Dependencies,
  request: { readonly environmentId: string } & PageRequest,
  { signal }: Partial<Pick<Call, "signal">> = {},
): Promise<RolePage> {
  const fields = new Fields();
  const { environmentId, pageSize } = fields.check({
    environmentId: parseEnvironmentId(fields, request),
    pageSize: parsePageSize(fields, request),
  });
  const list = ["ListEnvironmentRoles", environmentId];
  const scope = { environmentId, organizationId: undefined };
  return listRoles(dependencies, scope, { list, pageSize, after: parsePageToken(list, request), signal });
}

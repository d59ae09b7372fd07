import type { Dependencies } from "../dependencies";
import type { Call } from "../request/idempotency";
import { Fields } from "../request/fields";
import { type PageRequest, parsePageSize, parsePageToken } from "../request/page";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";
import { type RolePage, listRoles } from "./role-list";

/** Returns the roles in force in an organization, in priority order. */
export async function listOrgRoles(
  dependencies: Dependencies,
  request: OrganizationScope & PageRequest,
  { signal }: Partial<Pick<Call, "signal">> = {},
): Promise<RolePage> {
  const fields = new Fields();
  const { scope, pageSize } = fields.check({
    scope: parseOrganizationScope(fields, request),
    pageSize: parsePageSize(fields, request),
  });
  const list = ["ListOrgRoles", scope.environmentId, scope.organizationId];
  return listRoles(dependencies, scope, { list, pageSize, after: parsePageToken(list, request), signal });
}

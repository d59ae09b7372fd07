import type { GroupRoleView } from "../../domain/group-role";
import { unresolvedGroupRoles } from "../../domain/role-resolution";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import type { Call } from "../request/idempotency";
import { type Page, type PageRequest, pageOf, parsePageSize, parsePageToken } from "../request/page";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";
import { resolveMapping, viewGroupRole } from "./group-role";

/** Returns the mapped groups of an organization, in order of their ids. */
export async function listGroupRoles(
  dependencies: Dependencies,
  request: OrganizationScope & PageRequest,
  { signal }: Call,
): Promise<Page<GroupRoleView>> {
  const fields = new Fields();
  const { scope, pageSize } = fields.check({
    scope: parseOrganizationScope(fields, request),
    pageSize: parsePageSize(fields, request),
  });
  const list = ["ListGroupRoles", scope.environmentId, scope.organizationId];
  const after = parsePageToken(list, request);

  return dependencies.transactions.read(scope, signal, async (stores, { state, effective, organization }) => {
    if (!organization) return { items: [], nextPageToken: "" };
    const found = await stores.groupRoles.list(state.environment.uid, organization.uid, {
      after: after?.key ?? "",
      limit: pageSize + 1,
      without: unresolvedGroupRoles(state, organization),
    });
    const { items, nextPageToken } = pageOf(list, found, pageSize, ({ groupId }) => groupId);
    const live = items.flatMap((groupRole) => resolveMapping(state, organization, groupRole));
    return { items: live.map((groupRole) => viewGroupRole(effective, organization, groupRole)), nextPageToken };
  });
}

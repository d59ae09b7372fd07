import type { GroupRoleView } from "../../domain/group-role";
import { unresolvedGroupRoles } from "../../domain/role-resolution";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import type { Call } from "../request/idempotency";
import { type Page, type PageRequest, pageOf, parsePage } from "../request/page";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";
import { viewGroupRole, withLiveRole } from "./group-role";

export async function listGroupRoles(
  dependencies: Dependencies,
  request: OrganizationScope & PageRequest,
  { signal }: Call,
): Promise<Page<GroupRoleView>> {
  const fields = new Fields();
  const scope = parseOrganizationScope(fields, request);
  const list = ["ListGroupRoles", scope.environmentId, scope.organizationId];
  const page = parsePage(fields, request, list);
  fields.check();

  const { size, after } = page();
  return dependencies.transactions.read(scope, signal, async (stores, { state, effective, organization }) => {
    if (!organization) return { items: [], nextPageToken: "" };
    const found = await stores.groupRoles.list(state.environment.uid, organization.uid, {
      after: after?.key ?? "",
      limit: size + 1,
      without: unresolvedGroupRoles(state, organization),
    });
    const { items, nextPageToken } = pageOf(list, found, size, ({ groupId }) => groupId);
    const live = items.flatMap((groupRole) => withLiveRole(state, organization, groupRole));
    return { items: live.map((groupRole) => viewGroupRole(effective, organization, groupRole)), nextPageToken };
  });
}

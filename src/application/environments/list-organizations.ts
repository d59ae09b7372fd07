import type { OrganizationView } from "../../domain/organization-view";
import type { EnvironmentState } from "../../domain/environment";
import { deletedRoles, unresolvedGroupRoles } from "../../domain/role-resolution";
import { type OrganizationId, parseId } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import type { OrganizationSummary } from "../ports/organization-store";
import type { Stores } from "../ports/unit-of-work";
import { Fields } from "../request/fields";
import type { Call } from "../request/idempotency";
import { type Page, type PageRequest, pageOf, parsePageSize, parsePageToken } from "../request/page";
import { readAmong } from "../request/read-among";
import { parseEnvironmentId } from "../request/scope";
import type { ReadOrganizations } from "../transactions/read-transactions";

export interface ListOrganizations extends PageRequest {
  readonly environmentId: string;
  readonly organizationIdPrefix?: string | undefined;
}

/** Returns the organizations of the caller that have data, in order of their ids. */
export async function listOrganizations(
  dependencies: Dependencies,
  request: ListOrganizations,
  { signal, organizations }: Call,
): Promise<Page<OrganizationView>> {
  const fields = new Fields();
  const parsed = fields.check({
    environmentId: parseEnvironmentId(fields, request),
    prefix: fields.optional<OrganizationId>("organization_id_prefix", request.organizationIdPrefix, parseId),
    pageSize: parsePageSize(fields, request),
  });
  const { environmentId, prefix = "", pageSize } = parsed;
  const list = ["ListOrganizations", environmentId, prefix];
  const after = parsePageToken(list, request)?.key ?? "";

  return dependencies.transactions.readAcross(environmentId, signal, async (stores, { state }, readOrganizations) => {
    const { uid } = state.environment;
    const limit = pageSize + 1;
    const found = organizations
      ? await readAmong<OrganizationId, OrganizationSummary>(organizations, after, limit, (ids) =>
          stores.organizations.listSummaries(uid, { ids, after, limit, prefix }),
        )
      : await stores.organizations.listSummaries(uid, { after, limit, prefix });
    const { items, nextPageToken } = pageOf(list, found, pageSize, ({ id }) => id);
    const withData = await selectWithData(stores, state, items, readOrganizations);
    const owners = withData.flatMap(({ id, inheritsEnvironment }) => (inheritsEnvironment ? [] : id));
    const counts = await stores.roles.countOfOrganizations(uid, owners);
    const views = withData.map(({ id, inheritsEnvironment }) => ({
      environmentId,
      organizationId: id,
      inheritsEnvironment,
      customRoleCount: counts.get(id) ?? 0,
    }));
    return { items: views, nextPageToken };
  });
}

/**
 * Leaves out organizations of which only groups are left that were mapped to deleted roles: they keep their rows until
 * these mappings are removed.
 */
async function selectWithData(
  stores: Stores,
  state: EnvironmentState,
  found: readonly OrganizationSummary[],
  readOrganizations: ReadOrganizations,
): Promise<readonly OrganizationSummary[]> {
  if (!deletedRoles(state, []).length) return found;
  const { uid } = state.environment;
  const inheriting = found.filter(({ inheritsEnvironment }) => inheritsEnvironment);
  const rows = await stores.organizations.findByUid(
    uid,
    inheriting.map((one) => one.uid),
  );
  const states = await readOrganizations(rows);
  const without = new Set([...states.values()].flatMap((organization) => unresolvedGroupRoles(state, organization)));
  const present = new Set(await stores.organizations.withMembersOrGroups(uid, [...states.keys()], [...without]));
  return found.filter((one) => !one.inheritsEnvironment || present.has(one.uid));
}

import { effectiveRole } from "../../domain/effective-roles";
import type { MembershipView } from "../../domain/membership-view";
import type { OrganizationUid } from "../../domain/ids";
import { parseSlug } from "../../domain/slug";
import { type UserId } from "../../domain/values";
import { mapInSlices } from "../../event-loop/time-slices";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import type { Call } from "../request/idempotency";
import { type Page, type PageRequest, encodePairToken, parsePageSize, parsePairToken } from "../request/page";
import { parseEnvironmentId } from "../request/scope";
import { createMembershipViewer } from "./member";
import { findMembersWithRole } from "./find-members-with-role";

export interface ListRoleMemberships extends PageRequest {
  readonly environmentId: string;
  readonly roleSlug: string;
}

/**
 * Returns the members that have an environment role, in the organizations of the caller, one organization after the other.
 * Throws ROLE_NOT_FOUND. Looks at a bounded number of members, so that a page may be short although there are more.
 */
export async function listRoleMemberships(
  dependencies: Dependencies,
  request: ListRoleMemberships,
  { signal, organizations }: Call,
): Promise<Page<MembershipView>> {
  const fields = new Fields();
  const { environmentId, roleSlug, pageSize } = fields.check({
    environmentId: parseEnvironmentId(fields, request),
    roleSlug: fields.required("role_slug", request.roleSlug, parseSlug),
    pageSize: parsePageSize(fields, request),
  });
  const list = ["ListRoleMemberships", environmentId, roleSlug];
  const place = parsePairToken(list, request);
  const after = place && { organizationUid: place[0] as OrganizationUid, userId: place[1] as UserId };

  return dependencies.transactions.readAcross(
    environmentId,
    signal,
    async (stores, { state, effective }, readOrganizations) => {
      const { id } = effectiveRole(effective, roleSlug);
      const within = { organizations, after, limit: pageSize };
      const { found, next } = await findMembersWithRole(stores, state, readOrganizations, id, within);
      const items = await mapInSlices(found, ({ organization, member }) =>
        createMembershipViewer(dependencies, state, organization).view(member),
      );
      return { items, nextPageToken: next ? encodePairToken(list, next.organizationUid, next.userId) : "" };
    },
  );
}

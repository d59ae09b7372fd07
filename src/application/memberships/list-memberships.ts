import { effectiveRole } from "../../domain/effective-roles";
import type { EnvironmentState } from "../../domain/environment";
import type { RoleId } from "../../domain/ids";
import { limits } from "../../domain/limits";
import { type Membership, countRoles } from "../../domain/membership";
import type { MembershipView } from "../../domain/membership-view";
import type { OrganizationState } from "../../domain/organization";
import { deletedRoles, resolveMemberRoles } from "../../domain/role-resolution";
import { parseSlug } from "../../domain/slug";
import { type UserId, parseId } from "../../domain/values";
import { Portions } from "../../event-loop/portions";
import { mapInSlices } from "../../event-loop/time-slices";
import type { Dependencies } from "../dependencies";
import type { Stores } from "../ports/unit-of-work";
import { Fields } from "../request/fields";
import type { Call } from "../request/idempotency";
import { type Page, type PageRequest, pageOf, parsePageSize, parsePageToken } from "../request/page";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";
import { createMembershipViewer } from "./member";

export interface ListMemberships extends OrganizationScope, PageRequest {
  readonly roleSlug?: string | undefined;
  readonly userIdPrefix?: string | undefined;
}

/**
 * Returns the members of an organization in order of their user ids: with `roleSlug` those that have the role, with
 * `userIdPrefix` those whose ids begin with it. Throws ROLE_NOT_FOUND.
 */
export async function listMemberships(
  dependencies: Dependencies,
  request: ListMemberships,
  { signal }: Call,
): Promise<Page<MembershipView>> {
  const fields = new Fields();
  const { scope, roleSlug, prefix, pageSize } = fields.check({
    scope: parseOrganizationScope(fields, request),
    roleSlug: fields.optional("role_slug", request.roleSlug, parseSlug),
    prefix: fields.optional<UserId>("user_id_prefix", request.userIdPrefix, parseId),
    pageSize: parsePageSize(fields, request),
  });
  const filters = [roleSlug ?? "", ...(prefix ? [prefix] : [])];
  const list = ["ListMemberships", scope.environmentId, scope.organizationId, ...filters];
  const after = parsePageToken(list, request)?.key ?? "";

  return dependencies.transactions.read(scope, signal, async (stores, { state, effective, organization }) => {
    const roleId = roleSlug && effectiveRole(effective, roleSlug).id;
    if (!organization) return { items: [], nextPageToken: "" };
    const page = { roleId, prefix, after, limit: pageSize + 1 };
    const { found, isCut } = await listMembersAfter(stores, state, organization, page);
    const size = isCut ? found.length - 1 : pageSize;
    const { items, nextPageToken } = pageOf(list, found, size, ({ userId }) => userId);
    return {
      items: await mapInSlices(items, createMembershipViewer(dependencies, state, organization).view),
      nextPageToken,
    };
  });
}

interface MemberPage {
  readonly roleId: RoleId | undefined;
  readonly prefix: UserId | undefined;
  readonly after: string;
  readonly limit: number;
}

/**
 * Returns the members after a user, with `roleId` those that have the role: as many as there are up to the limit, or
 * fewer where their roles are very many, with `isCut`.
 */
async function listMembersAfter(
  stores: Stores,
  state: EnvironmentState,
  organization: OrganizationState,
  { roleId, prefix, after, limit }: MemberPage,
): Promise<{ readonly found: Membership[]; readonly isCut: boolean }> {
  const { uid } = state.environment;
  const deleted = roleId ? deletedRoles(state, [...organization.replaced.keys()]) : [];
  const roleIds = roleId && [roleId, ...(await stores.memberships.storedRoles(uid, organization.uid, deleted))];
  const found: Membership[] = [];
  const portions = new Portions();
  let references = 0;
  for (let last = after; ; ) {
    const size = Math.min(limit, portions.size);
    const candidates = await stores.memberships.list(uid, organization.uid, {
      after: last,
      prefix,
      roleIds,
      limit: size,
    });
    const rows = countRoles(candidates);
    portions.addRows(candidates.length, rows);
    found.push(
      ...(roleId
        ? candidates.filter((member) => resolveMemberRoles(state, organization, member).includes(roleId))
        : candidates),
    );
    references += rows;
    last = candidates.at(-1)?.userId ?? "";
    if (found.length >= limit || candidates.length < size) return { found: found.slice(0, limit), isCut: false };
    if (references > limits.pageRoleReferences && found.length > 1) return { found, isCut: true };
  }
}

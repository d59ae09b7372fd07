import { type Membership, byKey } from "../../domain/membership";
import type { MembershipView } from "../../domain/membership-view";
import { type Slug, parseSlug } from "../../domain/slug";
import { type EnvironmentId, type OrganizationId, type UserId, parseId } from "../../domain/values";
import { mapInSlices } from "../../event-loop/time-slices";
import type { Dependencies } from "../dependencies";
import type { Fields, Invalid } from "../request/fields";
import type { WriteContext } from "../request/idempotency";
import { findAssignableRoles } from "./find-assignable-roles";
import { checkMembershipEtag, createMembershipViewer } from "./member";

export interface AssignmentRequest {
  readonly organizationId: string;
  readonly userId: string;
  readonly roleSlugs: readonly string[];
}

/** The roles that a member is to have. */
export interface Assignment {
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  readonly slugs: readonly Slug[];
  /** The path of `slugs` in the request. */
  readonly field: string;
}

/** Parses one assignment, whose fields have the given path in the request. */
export function parseAssignment(fields: Fields, request: AssignmentRequest, path: string): Assignment | Invalid {
  const field = `${path}role_slugs`;
  return fields.group({
    organizationId: fields.required<OrganizationId>(`${path}organization_id`, request.organizationId, parseId),
    userId: fields.required<UserId>(`${path}user_id`, request.userId, parseId),
    slugs: fields.list(field, request.roleSlugs, parseSlug),
    field,
  });
}

/** Gives members their roles, all of them or none. Locks their organizations, and creates the rows of new ones. */
export function assignRoles(
  dependencies: Dependencies,
  environmentId: EnvironmentId,
  assignments: readonly Assignment[],
  context: WriteContext,
  etag?: string,
): Promise<MembershipView[]> {
  const { transactions, clock } = dependencies;
  const time = clock();
  const ids = [...new Set(assignments.map(({ organizationId }) => organizationId))];
  return transactions.upsertOrganizations(environmentId, ids, context, async (stores, state, organizationOf) => {
    const viewers = new Map(
      await mapInSlices(ids, (id) => [id, createMembershipViewer(dependencies, state, organizationOf(id))] as const),
    );
    const members = assignments.flatMap((assignment) => {
      const viewer = viewers.get(assignment.organizationId);
      return viewer ? [{ ...assignment, ...viewer, organizationUid: viewer.organization.uid }] : [];
    });
    const roleIds = await findAssignableRoles(state, members);
    const { uid, revision: materializedAtRevision } = state.environment;
    const present = byKey(await stores.memberships.find(uid, members));
    const memberships = members.map(({ organizationUid, userId }, index): Membership => {
      const createTime = present({ organizationUid, userId })?.createTime ?? time;
      return {
        organizationUid,
        userId,
        roleIds: roleIds[index] ?? [],
        materializedAtRevision,
        createTime,
        updateTime: time,
      };
    });
    const [only] = members;
    if (etag && only) checkMembershipEtag(dependencies, state, only.organization, only.userId, present(only), etag);
    await stores.memberships.put(uid, memberships);
    return mapInSlices(members, ({ view }, index) => view(memberships[index] as Membership));
  });
}

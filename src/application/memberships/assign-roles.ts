import { byKey } from "../../domain/membership";
import type { MembershipView } from "../../domain/membership-view";
import { type Slug, parseSlug } from "../../domain/slug";
import { type EnvironmentId, type OrganizationId, type UserId, parseId } from "../../domain/values";
import { mapInSlices } from "../../event-loop/time-slices";
import type { Dependencies } from "../dependencies";
import type { Fields, Invalid } from "../request/fields";
import type { WriteContext } from "../request/idempotency";
import { type MembershipExpectation, checkExpectation } from "./expectation";
import { findAssignableRoles } from "./find-assignable-roles";
import { checkMembershipEtag, createMembershipViewer } from "./member";
import { saveMembers } from "./save-members";

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

/**
 * Gives members their roles, all of them or none. A single member may have to have an etag, or be the expected one. Locks
 * their organizations, and creates the rows of new ones.
 */
export function assignRoles(
  dependencies: Dependencies,
  environmentId: EnvironmentId,
  assignments: readonly Assignment[],
  context: WriteContext,
  {
    etag,
    expected,
  }: { readonly etag?: string | undefined; readonly expected?: MembershipExpectation | undefined } = {},
): Promise<MembershipView[]> {
  const { transactions, clock } = dependencies;
  const time = clock();
  const ids = [...new Set(assignments.map(({ organizationId }) => organizationId))];
  return transactions.upsertOrganizations(
    environmentId,
    ids,
    context,
    async (stores, changes, state, organizationOf) => {
      const viewers = new Map(
        await mapInSlices(ids, (id) => [id, createMembershipViewer(dependencies, state, organizationOf(id))] as const),
      );
      const members = assignments.flatMap((assignment) => {
        const viewer = viewers.get(assignment.organizationId);
        if (!viewer) return [];
        const { effective, organization } = viewer;
        return [{ ...assignment, viewer, effective, organizationUid: organization.uid }];
      });
      const { environment } = state;
      const present = byKey(await stores.memberships.find(environment.uid, members));
      const [only] = members;
      if (only) checkExpectation(expected, present(only), only.organizationId, only.userId);
      const roleIds = await findAssignableRoles(state, members);
      if (etag && only)
        checkMembershipEtag(dependencies, state, only.viewer.organization, only.userId, present(only), etag);
      const wanted = members.map(({ viewer, userId, organizationUid }, index) => ({
        viewer,
        userId,
        roleIds: roleIds[index] ?? [],
        present: present({ organizationUid, userId }),
      }));
      return saveMembers(stores, changes, environment, wanted, time);
    },
  );
}

import { z } from "zod";
import { isBeyond, readTwoWayPage } from "../application/request/two-way-page";
import type { UseCases } from "../application/use-cases";
import { refuse } from "../domain/errors";
import type { RoleAssignmentView } from "../domain/membership-view";
import { type Endpoint, type Input, endpoint } from "./endpoint";
import { refuseOtherResources } from "./not-served";
import { optionalText, pageFields, toPage } from "./parse";
import { namedMembership, readMembership } from "./read-membership";
import { assignmentBody, pageBody } from "./views";

const base = "/authorization/organization_memberships/{membership}";

const resource = {
  resource_id: optionalText,
  resource_external_id: optionalText,
  resource_type_slug: optionalText,
};
const assignment = z.strictObject({ ...resource, role_slug: z.string() });
const check = z.strictObject({ ...resource, permission_slug: z.string() });
const list = z.strictObject({ ...pageFields, ...resource });

/** Returns the membership of the path and the role of the body. */
function readAssignment(input: Input) {
  const { role_slug: roleSlug, ...named } = input.body(assignment);
  const membership = readMembership(input);
  refuseOtherResources(named, membership.organizationId);
  return { ...membership, roleSlug, requestId: input.requestId };
}

/** Returns the assignment whose id is in the path, which must be one of the membership there. */
function readAssignmentById(input: Input) {
  const id = input.part("assignment");
  const { environmentId } = input;
  const found = input.ids.readAssignment(environmentId, id);
  const membership = readMembership(input);
  if (!found || input.ids.ofMembership(environmentId, found.membership) !== input.part("membership"))
    throw refuse.roleNotFound(id.slice(0, 64));
  return {
    ...membership,
    ...namedMembership(found.membership),
    role: { id: found.roleId },
    requestId: input.requestId,
  };
}

/** Returns a page of the roles of one member, which are few. */
function pageAssignments(all: readonly RoleAssignmentView[], page: ReturnType<typeof toPage<string>>) {
  const ascending = all.toSorted((one, other) => (one.roleId < other.roleId ? -1 : 1));
  return readTwoWayPage(page, async (walk) => {
    const ordered = walk.isBackwards ? ascending.toReversed() : ascending;
    return ordered.filter(({ roleId }) => isBeyond(walk, roleId)).slice(0, walk.limit);
  });
}

export function assignmentEndpoints({
  memberships,
  access,
}: Pick<UseCases, "memberships" | "access">): readonly Endpoint[] {
  return [
    endpoint({
      name: "ListRoleAssignments",
      at: `GET ${base}/role_assignments`,
      action: "read",
      read: (input) => {
        const { limit, order, after, before, ...named } = input.query(list);
        const membership = readMembership(input);
        refuseOtherResources(named, membership.organizationId);
        const roleIdOf = (id: string): string | undefined => {
          const found = input.ids.readAssignment(input.environmentId, id);
          const isOfMember =
            found?.membership.userId === membership.userId &&
            found.membership.organizationId === membership.organizationId;
          return isOfMember ? found.roleId : undefined;
        };
        return { ...membership, page: toPage({ limit, order, after, before }, roleIdOf) };
      },
      handle: async ({ page, ...request }, _, ids) =>
        pageBody(await pageAssignments(await memberships.listMemberRoles(request), page), (one) =>
          assignmentBody(one, ids),
        ),
    }),
    endpoint({
      name: "AssignRole",
      at: `POST ${base}/role_assignments`,
      action: "write",
      status: 201,
      read: readAssignment,
      handle: async (request, call, ids) => assignmentBody(await memberships.addMemberRole(request, call), ids),
    }),
    endpoint({
      name: "RemoveRole",
      at: `DELETE ${base}/role_assignments`,
      action: "write",
      status: 204,
      read: (input) => {
        const { roleSlug, ...membership } = readAssignment(input);
        return { ...membership, role: { slug: roleSlug } };
      },
      handle: (request, call) => memberships.removeMemberRole(request, call),
    }),
    endpoint({
      name: "RemoveRoleAssignment",
      at: `DELETE ${base}/role_assignments/{assignment}`,
      action: "write",
      status: 204,
      read: readAssignmentById,
      handle: (request, call) => memberships.removeMemberRole(request, call),
    }),
    endpoint({
      name: "Check",
      at: `POST ${base}/check`,
      action: "read",
      read: (input) => {
        const { permission_slug: permission, ...named } = input.body(check);
        const membership = readMembership(input);
        refuseOtherResources(named, membership.organizationId);
        return { ...membership, permission };
      },
      handle: async (request) => ({ authorized: (await access.checkPermission(request)).allowed }),
    }),
  ];
}

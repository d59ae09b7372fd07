import { z } from "zod";
import type { PageMemberships } from "../application/memberships/page-memberships";
import type { PageUserMemberships } from "../application/memberships/page-user-memberships";
import type { Call } from "../application/request/idempotency";
import type { TwoWayPage } from "../application/request/two-way-page";
import type { UseCases } from "../application/use-cases";
import { Refusal } from "../domain/errors";
import type { MembershipView } from "../domain/membership-view";
import type { EnvironmentId } from "../domain/values";
import { CodedRefusal, invalidRequest } from "./codes";
import { type Endpoint, type Input, endpoint } from "./endpoint";
import type { WorkosIds } from "./ids";
import { optionalText, pageFields, toPage } from "./parse";
import { readMembership } from "./read-membership";
import { membershipBody, pageBody } from "./views";

const base = "/user_management/organization_memberships";

const roles = { role_slug: optionalText, role_slugs: z.array(z.string()).nullish() };
const newMembership = z.strictObject({ ...roles, user_id: z.string(), organization_id: z.string() });
const changedRoles = z.strictObject(roles);
const list = z.strictObject({
  ...pageFields,
  user_id: z.string().optional(),
  organization_id: z.string().optional(),
  statuses: z.array(z.enum(["active", "inactive", "pending"])).default(["active"]),
});

const noPage: TwoWayPage<MembershipView> = { items: [], hasBefore: false, hasAfter: false };

const exclusive = (description: string) => {
  const violation = { field: "role_slugs", description };
  return new CodedRefusal(invalidRequest, `Invalid request: role_slugs ${description}`, [violation]);
};

/** Returns the slugs of one of the two parameters; undefined if there is neither. */
function readSlugs({ role_slug: one, role_slugs: several }: z.output<typeof changedRoles>) {
  if (one !== undefined && several) throw exclusive("must be absent with role_slug");
  return one === undefined ? (several ?? undefined) : [one];
}

interface ListRequest {
  readonly environmentId: EnvironmentId;
  readonly organizationId: string | undefined;
  readonly userId: string | undefined;
  readonly wantsActive: boolean;
  readonly page: PageUserMemberships["page"];
  readonly organizationPage: PageMemberships["page"];
}

function readList(input: Input): ListRequest {
  const { user_id: userId, organization_id: organizationId, statuses, ...page } = input.query(list);
  const { environmentId, ids } = input;
  if (userId === undefined && organizationId === undefined) {
    const code = "missing_user_id_or_organization_id";
    const violation = { field: "user_id", description: "or organization_id is required" };
    throw new CodedRefusal({ status: 400, code }, "Either user_id or organization_id is required", [violation]);
  }
  const keyOf = (id: string) => {
    const key = ids.readMembership(environmentId, id);
    return (organizationId === undefined || key?.organizationId === organizationId) &&
      (userId === undefined || key?.userId === userId)
      ? key
      : undefined;
  };
  return {
    environmentId,
    organizationId,
    userId,
    wantsActive: statuses.includes("active"),
    page: toPage(page, (id) => keyOf(id)?.organizationId),
    organizationPage: toPage(page, keyOf),
  };
}

async function listMemberships(
  memberships: UseCases["memberships"],
  { environmentId, organizationId, userId, wantsActive, page, organizationPage }: ListRequest,
  call: Call,
): Promise<TwoWayPage<MembershipView>> {
  if (!wantsActive) return noPage; // there are no others
  if (organizationId === undefined)
    return memberships.pageUserMemberships({ environmentId, userId: userId ?? "", page }, call);
  if (userId === undefined)
    return memberships.pageMemberships({ environmentId, organizationId, page: organizationPage }, call);
  if (page.after !== undefined || page.before !== undefined) return noPage; // beside the only one there is
  try {
    return { ...noPage, items: [await memberships.getMembership({ environmentId, organizationId, userId })] };
  } catch (error) {
    if (error instanceof Refusal && error.reason === "MEMBERSHIP_NOT_FOUND") return noPage;
    throw error;
  }
}

const bodyOf = async (membership: Promise<MembershipView>, ids: WorkosIds) => membershipBody(await membership, ids);

export function membershipEndpoints(memberships: UseCases["memberships"]): readonly Endpoint[] {
  return [
    endpoint({
      name: "CreateOrganizationMembership",
      at: `POST ${base}`,
      action: "write",
      status: 201,
      read: (input) => {
        const { user_id: userId, organization_id: organizationId, ...named } = input.body(newMembership);
        const { environmentId, requestId } = input;
        const roleSlugs = readSlugs(named) ?? [];
        return { environmentId, organizationId, userId, roleSlugs, expected: "none" as const, requestId };
      },
      handle: (request, call, ids) => bodyOf(memberships.setMemberRoles(request, call), ids),
    }),
    endpoint({
      name: "UpdateOrganizationMembership",
      at: `PUT ${base}/{membership}`,
      action: "write",
      read: (input) => {
        const roleSlugs = readSlugs(input.body(changedRoles));
        if (!roleSlugs) throw exclusive("or role_slug is required");
        return { ...readMembership(input), roleSlugs, requestId: input.requestId };
      },
      handle: (request, call, ids) => bodyOf(memberships.setMemberRoles(request, call), ids),
    }),
    endpoint({
      name: "GetOrganizationMembership",
      at: `GET ${base}/{membership}`,
      action: "read",
      read: readMembership,
      handle: (request, _, ids) => bodyOf(memberships.getMembership(request), ids),
    }),
    endpoint({
      name: "DeleteOrganizationMembership",
      at: `DELETE ${base}/{membership}`,
      action: "write",
      status: 204,
      read: (input) => ({ ...readMembership(input), requestId: input.requestId }),
      handle: (request, call) => memberships.deleteMembership(request, call),
    }),
    endpoint({
      name: "ListOrganizationMemberships",
      at: `GET ${base}`,
      action: "read",
      reach: "environment",
      read: readList,
      handle: async (request, call, ids) =>
        pageBody(await listMemberships(memberships, request, call), (one) => membershipBody(one, ids)),
    }),
  ];
}

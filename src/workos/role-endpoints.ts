import type { Call } from "../application/request/idempotency";
import type { UseCases } from "../application/use-cases";
import type { RoleView } from "../domain/role";
import { limits } from "../domain/limits";
import type { EnvironmentId } from "../domain/values";
import { type Endpoint, type EndpointRequest, type Input, endpoint } from "./endpoint";
import {
  readChanges,
  readCustomRole,
  readEnvironmentRole,
  readPermission,
  readPermissions,
  readPriority,
} from "./role-bodies";
import { roleBody, wholeList } from "./views";

interface ListRequest extends EndpointRequest {
  readonly environmentId: EnvironmentId;
}

type ListRoles = (
  request: { readonly pageSize: number; readonly pageToken: string },
  call: Call,
) => Promise<{ readonly items: readonly RoleView[]; readonly nextPageToken: string }>;

/** Reads all pages of a list of roles, of which there are some hundreds at most. */
async function listAll(list: ListRoles, call: Call): Promise<object> {
  const roles: RoleView[] = [];
  let pageToken = "";
  do {
    const page = await list({ pageSize: limits.maxPageSize, pageToken }, call);
    roles.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken);
  return wholeList(roles.map(roleBody));
}

const bodyOf = async (role: Promise<RoleView>) => roleBody(await role);

/** Returns the endpoints of the roles of one scope, whose paths begin with `base`. */
function scopedEndpoints(
  roles: UseCases["roles"],
  base: `/${string}`,
  prefix: string,
  scope: (input: Input) => Scoped,
) {
  const key = (input: Input) => ({ ...scope(input), slug: input.part("slug"), requestId: input.requestId });
  return [
    endpoint({
      name: `Get${prefix}Role`,
      at: `GET ${base}/{slug}`,
      action: "read",
      read: key,
      handle: (request) => bodyOf(roles.getRole(request)),
    }),
    endpoint({
      name: `Update${prefix}Role`,
      at: `PATCH ${base}/{slug}`,
      action: "write",
      read: (input) => {
        const { values, updateMask } = readChanges(input);
        return { ...key(input), role: { ...values, permissions: [] }, updateMask };
      },
      // a change of nothing shows what is there, if it could be changed
      handle: (request, call) =>
        bodyOf(
          request.updateMask.length
            ? roles.updateRole(request, call)
            : roles.addRolePermissions({ ...request, permissions: [] }, call),
        ),
    }),
    endpoint({
      name: `Set${prefix}RolePermissions`,
      at: `PUT ${base}/{slug}/permissions`,
      action: "write",
      read: (input) => ({
        ...key(input),
        role: { name: "", description: "", permissions: readPermissions(input) },
        updateMask: ["permissions"],
      }),
      handle: (request, call) => bodyOf(roles.updateRole(request, call)),
    }),
    endpoint({
      name: `Add${prefix}RolePermission`,
      at: `POST ${base}/{slug}/permissions`,
      action: "write",
      read: (input) => ({ ...key(input), permissions: [readPermission(input)] }),
      handle: (request, call) => bodyOf(roles.addRolePermissions(request, call)),
    }),
    endpoint({
      name: `Set${prefix}RolePriority`,
      at: `PUT ${base}/priority`,
      action: "write",
      read: (input) => ({ ...scope(input), slugs: readPriority(input), requestId: input.requestId }),
      handle: async (request, call) => wholeList((await roles.setPriority(request, call)).roles.map(roleBody)),
    }),
  ];
}

interface Scoped {
  readonly environmentId: EnvironmentId;
  readonly organizationId?: string;
}

const ofEnvironment = ({ environmentId }: Input) => ({ environmentId });
const ofOrganization = (input: Input) => ({
  environmentId: input.environmentId,
  organizationId: input.part("organization"),
});

const environmentBase = "/authorization/roles";
const organizationBase = "/authorization/organizations/{organization}/roles";

export function roleEndpoints(roles: UseCases["roles"]): readonly Endpoint[] {
  const listOfOrganization = (at: `GET /${string}`) =>
    endpoint({
      name: "ListOrganizationRoles",
      at,
      action: "read",
      read: ofOrganization,
      handle: (request, call) => listAll((page) => roles.listOrgRoles({ ...request, ...page }, call), call),
    });
  return [
    endpoint({
      name: "CreateEnvironmentRole",
      at: `POST ${environmentBase}`,
      action: "write",
      status: 201,
      read: (input) => ({ ...ofEnvironment(input), ...readEnvironmentRole(input) }),
      handle: (request, call) => bodyOf(roles.createRole(request, call)),
    }),
    endpoint<ListRequest>({
      name: "ListEnvironmentRoles",
      at: `GET ${environmentBase}`,
      action: "read",
      reach: "environment",
      read: ofEnvironment,
      handle: (request, call) => listAll((page) => roles.listEnvironmentRoles({ ...request, ...page }, call), call),
    }),
    ...scopedEndpoints(roles, environmentBase, "Environment", ofEnvironment),
    endpoint({
      name: "CreateOrganizationRole",
      at: `POST ${organizationBase}`,
      action: "write",
      status: 201,
      answers: { ROLE_SLUG_TAKEN: { status: 409, code: "organization_role_slug_conflict" } },
      read: (input) => ({ ...ofOrganization(input), ...readCustomRole(input) }),
      handle: (request, call) => bodyOf(roles.createRole(request, call)),
    }),
    listOfOrganization(`GET ${organizationBase}`),
    listOfOrganization("GET /organizations/{organization}/roles"),
    ...scopedEndpoints(roles, organizationBase, "Organization", ofOrganization),
    endpoint({
      name: "DeleteOrganizationRole",
      at: `DELETE ${organizationBase}/{slug}`,
      action: "write",
      status: 204,
      read: (input) => ({
        ...ofOrganization(input),
        slug: input.part("slug"),
        validateOnly: false,
        requestId: input.requestId,
      }),
      handle: (request, call) => roles.deleteOrgRole(request, call),
    }),
    endpoint({
      name: "RemoveOrganizationRolePermission",
      at: `DELETE ${organizationBase}/{slug}/permissions/{permission}`,
      action: "write",
      read: (input) => ({
        ...ofOrganization(input),
        slug: input.part("slug"),
        permissions: [input.part("permission")],
        mustHaveAll: true,
        requestId: input.requestId,
      }),
      handle: (request, call) => bodyOf(roles.removeRolePermissions(request, call)),
    }),
  ];
}

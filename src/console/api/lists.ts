import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { type QueryClient, useQuery } from "@tanstack/react-query";
import { EnvironmentService } from "../gen/orgroles/v1/environment_service_pb";
import type { Permission } from "../gen/orgroles/v1/permission_pb";
import { PermissionService } from "../gen/orgroles/v1/permission_service_pb";
import type { Role, RoleConfig } from "../gen/orgroles/v1/role_pb";
import {
  type ListEnvironmentRolesResponse,
  type ListOrgRolesResponse,
  RoleService,
} from "../gen/orgroles/v1/role_service_pb";
import { type Call, call, send } from "./call";

/** An environment, or an organization in it. */
export interface Scope {
  readonly environmentId: string;
  readonly organizationId?: string | undefined;
}

export interface Roles {
  readonly roles: readonly Role[];
  readonly config: RoleConfig | undefined;
}

const pageSize = 1000;

/** Reads a list to its end: what is reordered, or chosen from, has to be complete. */
async function readAll<Page extends { nextPageToken: string }>(read: (pageToken: string) => Promise<Page>) {
  const pages: Page[] = [];
  let token = "";
  do {
    const page = await read(token);
    pages.push(page);
    token = page.nextPageToken;
  } while (token);
  return pages;
}

async function readRoles({ environmentId, organizationId }: Scope, signal: AbortSignal): Promise<Roles> {
  const { listEnvironmentRoles, listOrgRoles } = RoleService.method;
  const pages = await readAll<ListEnvironmentRolesResponse | ListOrgRolesResponse>((pageToken) =>
    organizationId
      ? send(call(listOrgRoles, { environmentId, organizationId, pageSize, pageToken }), signal)
      : send(call(listEnvironmentRoles, { environmentId, pageSize, pageToken }), signal),
  );
  return { roles: pages.flatMap(({ roles }) => roles), config: pages.at(-1)?.config };
}

const rolesKey = ({ environmentId, organizationId }: Scope) => ["roles", environmentId, organizationId ?? ""];

export const useRoles = (scope: Scope) =>
  useQuery({ queryKey: rolesKey(scope), queryFn: ({ signal }) => readRoles(scope, signal) });

/** Puts a known list of roles into the place of the one that was read. A list that is being read takes its place. */
export function showRoles(client: QueryClient, scope: Scope, change: (roles: Roles) => Roles): void {
  client.setQueryData<Roles>(rolesKey(scope), (roles) => roles && change(roles));
}

/** Does the same, and cancels reads that have begun before, because their responses may be older. */
export function setRoles(client: QueryClient, scope: Scope, change: (roles: Roles) => Roles): void {
  void client.cancelQueries({ queryKey: rolesKey(scope) });
  showRoles(client, scope, change);
}

export const usePermissions = (environmentId: string) =>
  useQuery({
    queryKey: ["permissions", environmentId],
    queryFn: async ({ signal }): Promise<readonly Permission[]> => {
      const { listPermissions } = PermissionService.method;
      const pages = await readAll((pageToken) =>
        send(call(listPermissions, { environmentId, pageSize, pageToken }), signal),
      );
      return pages.flatMap(({ permissions }) => permissions);
    },
  });

/** Reads what a call returns, under a key that is the call itself. */
export const useCall = <Output extends DescMessage>(made: Call<Output>, enabled = true) =>
  useQuery<MessageShape<Output>>({
    queryKey: [made.method.parent.typeName, made.method.name, made.input],
    queryFn: ({ signal }) => send(made, signal),
    enabled,
  });

export const useEnvironment = (environmentId: string) =>
  useCall(call(EnvironmentService.method.getEnvironment, { environmentId }), environmentId !== "");

import { readFileSync } from "node:fs";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { createServices } from "../../src/app/services";
import { type Call, ownCall } from "../../src/application/request/idempotency";
import { Refusal } from "../../src/domain/errors";

type Services = ReturnType<typeof createServices>;

export interface Mutation {
  readonly rpc: string;
  /** The difference from the other cases of the RPC. */
  readonly title?: string;
  /** Empty for the environment itself. */
  readonly organizationId?: string;
  /** The types of the events, in their order; none for a call that changes nothing. */
  readonly types: readonly string[];
  readonly change: (services: Services, call: Call, requestId: string | undefined) => Promise<unknown>;
  /** Reads what the first event is about, undefined where it does not exist. */
  readonly read?: (services: Services) => Promise<unknown>;
}

/** Returns the RPCs that change something: those with a request id. */
export function mutatingRpcs(): string[] {
  const set = fromBinary(FileDescriptorSetSchema, readFileSync("gen/descriptor-set.binpb"));
  const registry = createFileRegistry(set);
  return [...registry].flatMap((type) =>
    type.kind === "service" && type.typeName.startsWith("orgroles.v1.")
      ? type.methods.flatMap(({ name, input }) =>
          input.fields.some((field) => field.name === "request_id") ? name : [],
        )
      : [],
  );
}

/** Returns what a read shows, undefined if there is nothing to show. */
async function shown(read: () => Promise<unknown>): Promise<unknown> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Refusal && error.kind === "not_found") return undefined;
    throw error;
  }
}

const order = (where: { environmentId: string; organizationId?: string }, ...slugs: string[]): Mutation["change"] => {
  return ({ roles }, call, requestId) => roles.setPriority({ ...where, slugs, requestId }, call);
};

const makeDefault = (where: { environmentId: string; organizationId?: string }, slug: string): Mutation["change"] => {
  return ({ roles }, call, requestId) => roles.setDefaultRole({ ...where, slug, requestId }, call);
};

/** Returns every mutation, in an order in which each is possible, with the events of the contract. */
export function mutationsOf(environmentId: string): Mutation[] {
  const scope = { environmentId, organizationId: "acme" };
  const page = { pageSize: 0, pageToken: "" };
  const environment = (of: Services) => shown(() => of.environments.getEnvironment({ environmentId }));
  const permission = (slug: string) => (of: Services) =>
    shown(() => of.permissions.getPermission({ environmentId, slug }, ownCall));
  const role = (slug: string, where: { environmentId: string; organizationId?: string } = { environmentId }) => {
    return (of: Services) => shown(() => of.roles.getRole({ ...where, slug }));
  };
  const config = (of: Services) =>
    shown(async () => (await of.roles.listEnvironmentRoles({ environmentId, ...page })).config);
  const ownConfig = (of: Services) => shown(async () => (await of.roles.listOrgRoles({ ...scope, ...page })).config);
  const member = (userId: string) => (of: Services) => shown(() => of.memberships.getMembership({ ...scope, userId }));
  const group = (groupId: string) => async (of: Services) =>
    (await of.groupRoles.listGroupRoles({ ...scope, ...page }, ownCall)).items.find((one) => one.groupId === groupId);

  const create = (slug: string, permissions: readonly string[] = [], organizationId?: string): Mutation["change"] => {
    const where = { environmentId, ...(organizationId !== undefined && { organizationId }) };
    return ({ roles }, call, requestId) =>
      roles.createRole({ ...where, slug, name: `Näme ${slug}`, description: "", permissions, requestId }, call);
  };
  const set = (userId: string, ...roleSlugs: string[]): Mutation["change"] => {
    return ({ memberships }, call, requestId) =>
      memberships.setMemberRoles({ ...scope, userId, roleSlugs, requestId }, call);
  };
  const allow = (multipleRolesEnabled: boolean): Mutation["change"] => {
    return ({ environments }, call, requestId) =>
      environments.updateEnvironment(
        {
          environmentId,
          environment: { displayName: "", multipleRolesEnabled },
          updateMask: ["multiple_roles_enabled"],
          requestId,
        },
        call,
      );
  };
  const rename = (name: string): Mutation["change"] => {
    return ({ roles }, call, requestId) =>
      roles.updateRole(
        {
          environmentId,
          slug: "admin",
          role: { name, description: "", permissions: [] },
          updateMask: ["name"],
          requestId,
        },
        call,
      );
  };
  const permissions = (rpc: "addRolePermissions" | "removeRolePermissions", ...slugs: string[]): Mutation["change"] => {
    return ({ roles }, call, requestId) =>
      roles[rpc]({ ...scope, slug: "org-lead", permissions: slugs, requestId }, call);
  };
  const map = (groupId: string, roleSlug: string): Mutation["change"] => {
    return ({ groupRoles }, call, requestId) =>
      groupRoles.setGroupRole({ ...scope, groupId, roleSlug, requestId }, call);
  };
  const offBoard: Mutation["change"] = ({ memberships }, call, requestId) =>
    memberships.deleteUserMemberships({ environmentId, userId: "cyd", requestId }, call);
  const sync = (...groupIds: string[]): Mutation["change"] => {
    return ({ groupRoles }, call, requestId) =>
      groupRoles.syncMemberGroups({ ...scope, userId: "cyd", groupIds, requestId }, call);
  };
  const deleteOwn = (
    slug: string,
    replacementRoleSlug: string | undefined,
    validateOnly = false,
  ): Mutation["change"] => {
    return ({ roles }, call, requestId) =>
      roles.deleteOrgRole({ ...scope, slug, replacementRoleSlug, validateOnly, requestId }, call);
  };
  const deleteRole = (slug: string, validateOnly = false): Mutation["change"] => {
    const replacementDefaultRoleSlug = "admin";
    return ({ roles }, call, requestId) =>
      roles.deleteEnvironmentRole({ environmentId, slug, replacementDefaultRoleSlug, validateOnly, requestId }, call);
  };
  const reset: Mutation["change"] = ({ roles }, call, requestId) =>
    roles.resetOrgRoleConfig({ ...scope, requestId }, call);
  const batch = (...members: readonly (readonly [userId: string, ...roleSlugs: string[]])[]): Mutation["change"] => {
    const memberships = members.map(([userId, ...roleSlugs]) => ({ organizationId: "acme", userId, roleSlugs }));
    return (services, call, requestId) =>
      services.memberships.batchSetMemberRoles({ environmentId, memberships, requestId }, call);
  };
  const deleteData: Mutation["change"] = ({ environments }, call, requestId) =>
    environments.deleteOrganizationData({ ...scope, requestId }, call);
  const own = { organizationId: "acme" };
  return [
    {
      rpc: "CreateEnvironment",
      types: ["environment.created", "role.created", "role_config.updated"],
      change: ({ environments }, call, requestId) =>
        environments.createEnvironment({ environmentId, displayName: "", requestId }, call),
      read: environment,
    },
    { rpc: "UpdateEnvironment", types: ["environment.updated"], change: allow(true), read: environment },
    { rpc: "UpdateEnvironment", title: "no change", types: [], change: allow(true), read: environment },
    ...["docs:read", "docs:write"].map(
      (slug): Mutation => ({
        rpc: "CreatePermission",
        title: slug,
        types: ["permission.created"],
        change: ({ permissions: use }, call, requestId) =>
          use.createPermission({ environmentId, slug, name: slug, description: "", requestId }, call),
        read: permission(slug),
      }),
    ),
    ...["permission.updated", undefined].map(
      (type): Mutation => ({
        rpc: "UpdatePermission",
        title: type ?? "no change",
        types: type ? [type] : [],
        change: ({ permissions: use }, call, requestId) =>
          use.updatePermission(
            {
              environmentId,
              slug: "docs:read",
              permission: { name: "Read", description: "" },
              updateMask: ["name"],
              requestId,
            },
            call,
          ),
        read: permission("docs:read"),
      }),
    ),
    { rpc: "CreateRole", types: ["role.created"], change: create("admin", ["docs:read"]), read: role("admin") },
    { rpc: "CreateRole", title: "two", types: ["role.created"], change: create("viewer"), read: role("viewer") },
    { rpc: "UpdateRole", types: ["role.updated"], change: rename("Administrator"), read: role("admin") },
    { rpc: "UpdateRole", title: "no change", types: [], change: rename("Administrator"), read: role("admin") },
    {
      rpc: "SetPriority",
      types: ["role_config.updated"],
      change: order({ environmentId }, "admin", "viewer", "member"),
      read: config,
    },
    {
      rpc: "SetPriority",
      title: "no change",
      types: [],
      change: order({ environmentId }, "admin", "viewer", "member"),
      read: config,
    },
    {
      rpc: "SetDefaultRole",
      types: ["role_config.updated"],
      change: makeDefault({ environmentId }, "viewer"),
      read: config,
    },
    {
      rpc: "SetDefaultRole",
      title: "no change",
      types: [],
      change: makeDefault({ environmentId }, "viewer"),
      read: config,
    },
    {
      rpc: "SetMemberRoles",
      title: "a new organization",
      ...own,
      types: ["membership.created"],
      change: set("ann"),
      read: member("ann"),
    },
    {
      rpc: "SetMemberRoles",
      ...own,
      types: ["membership.updated"],
      change: set("ann", "viewer", "admin"),
      read: member("ann"),
    },
    {
      rpc: "SetMemberRoles",
      title: "no change",
      ...own,
      types: [],
      change: set("ann", "admin", "viewer"),
      read: member("ann"),
    },
    {
      rpc: "CreateRole",
      title: "the first of an organization",
      ...own,
      types: ["role.created", "role_config.updated"],
      change: create("org-lead", ["docs:write"], "acme"),
      read: role("org-lead", scope),
    },
    {
      rpc: "CreateRole",
      title: "the second of an organization",
      ...own,
      types: ["role.created"],
      change: create("org-spare", [], "acme"),
      read: role("org-spare", scope),
    },
    {
      rpc: "AddRolePermissions",
      ...own,
      types: ["role.updated"],
      change: permissions("addRolePermissions", "docs:read"),
      read: role("org-lead", scope),
    },
    {
      rpc: "AddRolePermissions",
      title: "no change",
      ...own,
      types: [],
      change: permissions("addRolePermissions", "docs:read", "docs:write"),
      read: role("org-lead", scope),
    },
    {
      rpc: "RemoveRolePermissions",
      ...own,
      types: ["role.updated"],
      change: permissions("removeRolePermissions", "docs:write"),
      read: role("org-lead", scope),
    },
    {
      rpc: "RemoveRolePermissions",
      title: "no change",
      ...own,
      types: [],
      change: permissions("removeRolePermissions", "docs:write"),
      read: role("org-lead", scope),
    },
    {
      rpc: "SetPriority",
      title: "of an organization",
      ...own,
      types: ["role_config.updated"],
      change: order(scope, "org-lead", "admin", "viewer", "member", "org-spare"),
      read: ownConfig,
    },
    {
      rpc: "SetDefaultRole",
      title: "of an organization",
      ...own,
      types: ["role_config.updated"],
      change: makeDefault(scope, "org-lead"),
      read: ownConfig,
    },
    {
      rpc: "SetGroupRole",
      ...own,
      types: ["group_role.created"],
      change: map("staff", "org-lead"),
      read: group("staff"),
    },
    { rpc: "SetGroupRole", title: "again", ...own, types: [], change: map("staff", "org-lead"), read: group("staff") },
    {
      rpc: "SetGroupRole",
      title: "other",
      ...own,
      types: ["group_role.updated"],
      change: map("staff", "admin"),
      read: group("staff"),
    },
    { rpc: "SyncMemberGroups", ...own, types: ["membership.created"], change: sync("staff"), read: member("cyd") },
    { rpc: "SyncMemberGroups", title: "no change", ...own, types: [], change: sync("staff", "x"), read: member("cyd") },
    {
      rpc: "SyncMemberGroups",
      title: "default",
      ...own,
      types: ["membership.updated"],
      change: sync(),
      read: member("cyd"),
    },
    {
      rpc: "DeleteGroupRole",
      ...own,
      types: ["group_role.deleted"],
      change: ({ groupRoles }, call, requestId) =>
        groupRoles.deleteGroupRole({ ...scope, groupId: "staff", requestId }, call),
      read: group("staff"),
    },
    {
      rpc: "BatchSetMemberRoles",
      ...own,
      types: ["membership.updated", "membership.created"],
      change: batch(["cyd", "admin"], ["ann", "viewer", "admin"], ["dan", "viewer"]),
      read: member("cyd"),
    },
    {
      rpc: "DeleteOrgRole",
      title: "preview",
      ...own,
      types: [],
      change: deleteOwn("org-lead", "admin", true),
      read: ownConfig,
    },
    {
      rpc: "DeleteOrgRole",
      ...own,
      types: ["role.deleted"],
      change: deleteOwn("org-lead", "admin"),
      read: role("org-lead", scope),
    },
    {
      rpc: "DeleteOrgRole",
      title: "an unused one",
      ...own,
      types: ["role.deleted"],
      change: deleteOwn("org-spare", undefined),
      read: role("org-spare", scope),
    },
    { rpc: "ResetOrgRoleConfig", ...own, types: ["role_config.reset"], change: reset, read: ownConfig },
    { rpc: "ResetOrgRoleConfig", title: "no change", ...own, types: [], change: reset, read: ownConfig },
    { rpc: "DeleteEnvironmentRole", title: "preview", types: [], change: deleteRole("viewer", true), read: config },
    { rpc: "DeleteEnvironmentRole", types: ["role.deleted"], change: deleteRole("viewer"), read: role("viewer") },
    {
      rpc: "DeletePermission",
      types: ["permission.deleted"],
      change: ({ permissions: use }, call, requestId) =>
        use.deletePermission({ environmentId, slug: "docs:read", requestId }, call),
      read: permission("docs:read"),
    },
    {
      rpc: "UpdateEnvironment",
      title: "multiple roles off",
      types: ["environment.updated"],
      change: allow(false),
      read: environment,
    },
    {
      rpc: "DeleteMembership",
      ...own,
      types: ["membership.deleted"],
      change: ({ memberships }, call, requestId) =>
        memberships.deleteMembership({ ...scope, userId: "ann", requestId }, call),
      read: member("ann"),
    },
    { rpc: "DeleteUserMemberships", ...own, types: ["membership.deleted"], change: offBoard, read: member("cyd") },
    { rpc: "DeleteUserMemberships", title: "nobody", types: [], change: offBoard },
    { rpc: "DeleteOrganizationData", ...own, types: ["organization.data_deleted"], change: deleteData },
    { rpc: "DeleteOrganizationData", title: "no data", ...own, types: [], change: deleteData },
    {
      rpc: "DeleteEnvironment",
      types: ["environment.deleted"],
      change: ({ environments }, call, requestId) =>
        environments.deleteEnvironment({ environmentId, force: false, requestId }, call),
      read: environment,
    },
  ];
}

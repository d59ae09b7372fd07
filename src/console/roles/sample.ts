import { call, send } from "../api/call";
import { reasonOf } from "../api/errors";
import { MembershipService } from "../gen/orgroles/v1/membership_service_pb";
import { PermissionService } from "../gen/orgroles/v1/permission_service_pb";
import { RoleService } from "../gen/orgroles/v1/role_service_pb";

const permissions = [
  ["invoices:read", "See invoices"],
  ["invoices:write", "Create and change invoices"],
  ["invoices:approve", "Approve invoices"],
  ["projects:read", "See projects"],
  ["projects:write", "Create and change projects"],
  ["members:invite", "Invite members"],
] as const;

const roles = [
  ["admin", "Admin", "May do everything", permissions.map(([slug]) => slug)],
  [
    "editor",
    "Editor",
    "Works on projects and invoices",
    ["invoices:read", "invoices:write", "projects:read", "projects:write"],
  ],
  ["viewer", "Viewer", "Sees everything, changes nothing", ["invoices:read", "projects:read"]],
] as const;

/** Does something that may have been done before. */
async function once(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!["PERMISSION_SLUG_TAKEN", "ROLE_SLUG_TAKEN"].includes(reasonOf(error))) throw error;
  }
}

/** Fills an environment with a few permissions, roles and members. Doing it again adds what is missing. */
export async function fillInSample(environmentId: string): Promise<void> {
  for (const [slug, name] of permissions)
    await once(send(call(PermissionService.method.createPermission, { environmentId, slug, name })));
  for (const [slug, name, description, granted] of roles) {
    const role = { environmentId, slug, name, description, permissions: [...granted] };
    await once(send(call(RoleService.method.createRole, role)));
  }
  const organizationId = "acme";
  const auditor = {
    slug: "org-auditor",
    name: "Auditor",
    description: "Reads the books",
    permissions: ["invoices:read"],
  };
  await once(send(call(RoleService.method.createRole, { environmentId, organizationId, ...auditor })));
  const members = { ada: "admin", ben: "editor", chen: "org-auditor", dora: "member" };
  const memberships = Object.entries(members).map(([userId, role]) => ({ organizationId, userId, roleSlugs: [role] }));
  await send(call(MembershipService.method.batchSetMemberRoles, { environmentId, memberships }));
}

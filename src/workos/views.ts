import type { MembershipView, RoleAssignmentView } from "../domain/membership-view";
import type { PermissionView } from "../domain/permission";
import { type RoleView, isCustom } from "../domain/role";
import type { TwoWayPage } from "../application/request/two-way-page";
import type { WorkosIds } from "./ids";

/** The only type of resources to which roles belong here. */
export const resourceType = "organization";

const timeOf = (time: number) => new Date(time).toISOString();

const timesOf = ({ createTime, updateTime }: { readonly createTime: number; readonly updateTime: number }) => ({
  created_at: timeOf(createTime),
  updated_at: timeOf(updateTime),
});

export const roleBody = (role: RoleView) => ({
  object: "role",
  id: role.id,
  slug: role.slug,
  name: role.name,
  description: role.description || null,
  type: isCustom(role) ? "OrganizationRole" : "EnvironmentRole",
  resource_type_slug: resourceType,
  permissions: role.permissions,
  ...timesOf(role),
});

export const permissionBody = (permission: PermissionView) => ({
  object: "permission",
  id: permission.id,
  slug: permission.slug,
  name: permission.name,
  description: permission.description || null,
  resource_type_slug: resourceType,
  system: false,
  ...timesOf(permission),
});

/** Users and organizations are not created here, and clients want times. */
const unknownTimes = timesOf({ createTime: 0, updateTime: 0 });

/** Returns a user as clients want one in a membership: this service knows only the id. */
const userBody = (id: string) => ({
  object: "user",
  id,
  email: "",
  email_verified: false,
  first_name: null,
  last_name: null,
  profile_picture_url: null,
  external_id: null,
  last_sign_in_at: null,
  ...unknownTimes,
});

export const membershipBody = (membership: MembershipView, ids: WorkosIds) => ({
  object: "organization_membership",
  id: ids.ofMembership(membership.environmentId, membership),
  user_id: membership.userId,
  user: userBody(membership.userId),
  organization_id: membership.organizationId,
  organization_name: membership.organizationId,
  status: "active",
  directory_managed: false,
  custom_attributes: {},
  role: { slug: membership.primaryRoleSlug },
  roles: membership.roleSlugs.map((slug) => ({ slug })),
  ...timesOf(membership),
});

export const assignmentBody = ({ membership, roleId, roleSlug }: RoleAssignmentView, ids: WorkosIds) => ({
  object: "role_assignment",
  id: ids.ofAssignment(membership.environmentId, membership, roleId),
  organization_membership_id: ids.ofMembership(membership.environmentId, membership),
  role: { slug: roleSlug },
  resource: {
    id: membership.organizationId,
    external_id: membership.organizationId,
    resource_type_slug: resourceType,
  },
  source: { type: "direct", group: null, group_role_assignment_id: null },
  ...timesOf(membership),
});

export const organizationBody = (id: string) => ({
  object: "organization",
  id,
  name: id,
  external_id: null,
  domains: [],
  metadata: {},
  ...unknownTimes,
});

/** Returns a list that has no pages. */
export const wholeList = (data: readonly object[]) => ({ object: "list", data });

/** Returns a page of a list. Its cursors are the ids of its first and its last item, where there are more beyond them. */
export function pageBody<Item>({ items, hasBefore, hasAfter }: TwoWayPage<Item>, view: (item: Item) => { id: string }) {
  const data = items.map(view);
  return {
    object: "list",
    data,
    list_metadata: {
      before: (hasBefore && data.at(0)?.id) || null,
      after: (hasAfter && data.at(-1)?.id) || null,
    },
  };
}

import { firstRole } from "../environments/first-role";
import type { EnvironmentBlueprint, OrganizationBlueprint, PresentOrganization } from "./blueprint";
import { type Change, type ChangeScope, createChange, defaultRoleChange } from "./change";
import { compareLists, orderChanges, requireDefaultRole, roleChanges, slugsOf } from "./item-changes";

/** Returns the content that an organization begins with, in an environment that is made from a blueprint. */
export const newOrganization = (
  organizationId: string,
  { roles = [], defaultRole = firstRole.slug }: Partial<EnvironmentBlueprint> = {},
): PresentOrganization => ({
  kind: "organization",
  organizationId,
  inheritsEnvironment: true,
  roles: [],
  defaultRole,
  priority: slugsOf(roles),
  groups: new Map(),
});

/**
 * Returns the changes of an organization, in an order in which each is possible. The members of a deleted role get the
 * default role.
 */
export function organizationChanges(
  environmentId: string,
  before: PresentOrganization,
  wanted: OrganizationBlueprint,
  { prune }: { readonly prune: boolean },
): Change[] {
  const { organizationId } = before;
  const scope = { environmentId, organizationId };
  const roles = compareLists(before.roles, wanted.roles, prune);
  const defaultRole = requireDefaultRole(scope, before, wanted, roles);
  const takesOwnConfig =
    before.inheritsEnvironment && !roles.added.length && (wanted.defaultRole ?? wanted.priority) !== undefined;
  return [
    ...(takesOwnConfig
      ? [createChange("+", "own configuration", ["organization"], (use, call) => use.roles.takeOwnConfig(scope, call))]
      : []),
    ...roleChanges(scope, roles),
    ...defaultRoleChange(scope, before.defaultRole, defaultRole),
    ...roles.removed.map(({ slug }) =>
      createChange("-", `role ${slug}`, ["roles"], (use, call) =>
        use.roles.deleteOrgRole({ ...scope, slug, replacementRoleSlug: defaultRole, validateOnly: false }, call),
      ),
    ),
    ...orderChanges(scope, before.priority, roles, wanted.priority),
    ...groupChanges(scope, before.groups, wanted.groups, prune),
  ];
}

function groupChanges(
  scope: Required<ChangeScope>,
  before: ReadonlyMap<string, string>,
  wanted: ReadonlyMap<string, string> | undefined,
  prune: boolean,
): Change[] {
  if (!wanted) return [];
  const different = [...wanted].filter(([groupId, roleSlug]) => before.get(groupId) !== roleSlug);
  const removed = prune ? [...before.keys()].filter((groupId) => !wanted.has(groupId)) : [];
  return [
    ...different.map(([groupId, roleSlug]) =>
      createChange(
        before.has(groupId) ? "~" : "+",
        `group ${groupId}`,
        ["groups", groupId],
        ({ groupRoles }, call) => groupRoles.setGroupRole({ ...scope, groupId, roleSlug }, call),
        [roleSlug],
      ),
    ),
    ...removed.map((groupId) =>
      createChange("-", `group ${groupId}`, ["groups"], ({ groupRoles }, call) =>
        groupRoles.deleteGroupRole({ ...scope, groupId }, call),
      ),
    ),
  ];
}

import { firstRole } from "../environments/first-role";
import { applyCall } from "../request/idempotency";
import type { EnvironmentBlueprint, PermissionBlueprint, Present } from "./blueprint";
import { type Change, createChange, defaultRoleChange, quote } from "./change";
import {
  type ListDifference,
  compareLists,
  orderChanges,
  requireDefaultRole,
  roleChanges,
  slugsOf,
} from "./item-changes";

/** Returns the content that an environment begins with. */
export const newEnvironment = (id: string): Present<EnvironmentBlueprint> => ({
  kind: "environment",
  displayName: id,
  multipleRolesEnabled: false,
  permissions: [],
  roles: [{ ...firstRole, permissions: [] }],
  defaultRole: firstRole.slug,
});

/**
 * Returns the changes of an environment, in an order in which each is possible: nothing is named before it exists, or
 * deleted while it is the default. With `prune`, items that the lists do not contain are deleted, and in a new
 * environment its first role.
 */
export function environmentChanges(
  environmentId: string,
  present: Present<EnvironmentBlueprint> | undefined,
  wanted: EnvironmentBlueprint,
  { prune }: { readonly prune: boolean },
): Change[] {
  const before = present ?? newEnvironment(environmentId);
  const scope = { environmentId };
  const permissions = compareLists(before.permissions, wanted.permissions, prune);
  // nobody has requested the first role of a new environment
  const isFirstRoleReplaced = !present && (wanted.defaultRole ?? before.defaultRole) !== before.defaultRole;
  const roles = compareLists(before.roles, wanted.roles, prune || isFirstRoleReplaced);
  const defaultRole = requireDefaultRole(scope, before, wanted, roles);
  return [
    ...(present ? [] : [creation(environmentId)]),
    ...settingChanges(environmentId, before, wanted),
    ...permissionChanges(environmentId, permissions),
    ...roleChanges(scope, roles),
    ...defaultRoleChange(scope, before.defaultRole, defaultRole),
    ...roles.removed.map(({ slug }) =>
      createChange("-", `role ${slug}`, ["roles"], (use) =>
        use.roles.deleteEnvironmentRole(
          { ...scope, slug, replacementDefaultRoleSlug: defaultRole, validateOnly: false },
          applyCall,
        ),
      ),
    ),
    ...orderChanges(scope, slugsOf(before.roles), roles, wanted.roles && slugsOf(wanted.roles)),
    ...permissions.removed.map(({ slug }) =>
      createChange("-", `permission ${slug}`, ["permissions"], (use) =>
        use.permissions.deletePermission({ environmentId, slug }, applyCall),
      ),
    ),
  ];
}

const creation = (environmentId: string): Change =>
  createChange("+", `environment ${environmentId}`, ["environment"], ({ environments }) =>
    environments.createEnvironment({ environmentId, displayName: "" }, applyCall),
  );

function settingChanges(
  environmentId: string,
  before: Present<EnvironmentBlueprint>,
  { displayName = before.displayName, multipleRolesEnabled = before.multipleRolesEnabled }: EnvironmentBlueprint,
): Change[] {
  const isRenamed = displayName.trim() !== before.displayName;
  const isSwitched = multipleRolesEnabled !== before.multipleRolesEnabled;
  if (!isRenamed && !isSwitched) return [];
  const updateMask = [...(isRenamed ? ["display_name"] : []), ...(isSwitched ? ["multiple_roles_enabled"] : [])];
  const details = [
    ...(isRenamed ? [`display name ${quote(before.displayName)} → ${quote(displayName)}`] : []),
    ...(isSwitched ? [`multiple roles ${multipleRolesEnabled ? "on" : "off"}`] : []),
  ];
  const environment = { displayName, multipleRolesEnabled };
  return [
    createChange(
      "~",
      `environment ${environmentId}`,
      [isRenamed ? "display_name" : "multiple_roles"],
      ({ environments }) => environments.updateEnvironment({ environmentId, environment, updateMask }, applyCall),
      details,
    ),
  ];
}

/** Returns the creations and changes of permissions. */
function permissionChanges(environmentId: string, { added, changed }: ListDifference<PermissionBlueprint>): Change[] {
  const updateMask = ["name", "description"];
  return [
    ...added.map((permission) =>
      createChange("+", `permission ${permission.slug}`, ["permissions", permission.slug], ({ permissions }) =>
        permissions.createPermission({ environmentId, ...permission }, applyCall),
      ),
    ),
    ...changed.map(([permission, details]) =>
      createChange(
        "~",
        `permission ${permission.slug}`,
        ["permissions", permission.slug],
        ({ permissions }) =>
          permissions.updatePermission({ environmentId, slug: permission.slug, permission, updateMask }, applyCall),
        details,
      ),
    ),
  ];
}

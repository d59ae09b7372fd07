import { firstRole } from "../environments/first-role";
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
  escalationGuardEnabled: false,
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
      createChange("-", `role ${slug}`, ["roles"], (use, call) =>
        use.roles.deleteEnvironmentRole(
          { ...scope, slug, replacementDefaultRoleSlug: defaultRole, validateOnly: false },
          call,
        ),
      ),
    ),
    ...orderChanges(scope, slugsOf(before.roles), roles, wanted.roles && slugsOf(wanted.roles)),
    ...permissions.removed.map(({ slug }) =>
      createChange("-", `permission ${slug}`, ["permissions"], (use, call) =>
        use.permissions.deletePermission({ environmentId, slug }, call),
      ),
    ),
  ];
}

const creation = (environmentId: string): Change =>
  createChange("+", `environment ${environmentId}`, ["environment"], ({ environments }, call) =>
    environments.createEnvironment({ environmentId, displayName: "" }, call),
  );

function settingChanges(
  environmentId: string,
  before: Present<EnvironmentBlueprint>,
  {
    displayName = before.displayName,
    multipleRolesEnabled = before.multipleRolesEnabled,
    escalationGuardEnabled = before.escalationGuardEnabled,
  }: EnvironmentBlueprint,
): Change[] {
  const differences = [
    ...(displayName.trim() === before.displayName
      ? []
      : [
          [
            "display_name",
            "display_name",
            `display name ${quote(before.displayName)} → ${quote(displayName)}`,
          ] as const,
        ]),
    ...(multipleRolesEnabled === before.multipleRolesEnabled
      ? []
      : [["multiple_roles", "multiple_roles_enabled", `multiple roles ${onOrOff(multipleRolesEnabled)}`] as const]),
    ...(escalationGuardEnabled === before.escalationGuardEnabled
      ? []
      : [
          [
            "escalation_guard",
            "escalation_guard_enabled",
            `escalation guard ${onOrOff(escalationGuardEnabled)}`,
          ] as const,
        ]),
  ];
  const [first] = differences;
  if (!first) return [];
  const environment = { displayName, multipleRolesEnabled, escalationGuardEnabled };
  const updateMask = differences.map(([, field]) => field);
  return [
    createChange(
      "~",
      `environment ${environmentId}`,
      [first[0]],
      ({ environments }, call) => environments.updateEnvironment({ environmentId, environment, updateMask }, call),
      differences.map(([, , difference]) => difference),
    ),
  ];
}

const onOrOff = (isOn: boolean) => (isOn ? "on" : "off");

/** Returns the creations and changes of permissions. */
function permissionChanges(environmentId: string, { added, changed }: ListDifference<PermissionBlueprint>): Change[] {
  const updateMask = ["name", "description"];
  return [
    ...added.map((permission) =>
      createChange("+", `permission ${permission.slug}`, ["permissions", permission.slug], ({ permissions }, call) =>
        permissions.createPermission({ environmentId, ...permission }, call),
      ),
    ),
    ...changed.map(([permission, details]) =>
      createChange(
        "~",
        `permission ${permission.slug}`,
        ["permissions", permission.slug],
        ({ permissions }, call) =>
          permissions.updatePermission({ environmentId, slug: permission.slug, permission, updateMask }, call),
        details,
      ),
    ),
  ];
}

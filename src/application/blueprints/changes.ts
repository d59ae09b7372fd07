import { refuse } from "../../domain/errors";
import { firstRole } from "../environments/create-environment";
import { ownCall } from "../request/idempotency";
import type { UseCases } from "../use-cases";
import {
  type BlueprintPath,
  type EnvironmentBlueprint,
  type MembersBlueprint,
  type OrganizationBlueprint,
  type PermissionBlueprint,
  type Present,
  type PresentOrganization,
  type RoleBlueprint,
  BlueprintRefusal,
} from "./blueprint";

/** One step from what is there to what is to be there. */
export interface Change {
  readonly sign: "+" | "~" | "-";
  /** Such as `role admin`. */
  readonly subject: string;
  /** What differs, where that is more than its presence. */
  readonly details: readonly string[];
  /** How many things it adds, changes or deletes. */
  readonly count: number;
  /** The part of the blueprint that asks for it. */
  readonly path: BlueprintPath;
  readonly make: (use: UseCases) => Promise<unknown>;
}

const change = (
  sign: Change["sign"],
  subject: string,
  path: BlueprintPath,
  make: Change["make"],
  details: Change["details"] = [],
): Change => ({ sign, subject, details, count: 1, path, make });

const slugsOf = (items: readonly { readonly slug: string }[]) => items.map(({ slug }) => slug);

/** What an environment begins with. */
export const newEnvironment = (id: string): Present<EnvironmentBlueprint> => ({
  kind: "environment",
  displayName: id,
  multipleRolesEnabled: false,
  permissions: [],
  roles: [{ ...firstRole, permissions: [] }],
  defaultRole: firstRole.slug,
});

/** What an organization of an environment begins with that is made of a blueprint. */
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
 * The steps from an environment as it is to what it is to be, in an order in which each is possible: nothing is named
 * before it is there, or deleted while it is the default. With `prune` what the lists do not have is deleted, and in a
 * new environment the role that it begins with.
 */
export function environmentChanges(
  environmentId: string,
  present: Present<EnvironmentBlueprint> | undefined,
  wanted: EnvironmentBlueprint,
  { prune }: { readonly prune: boolean },
): Change[] {
  const before = present ?? newEnvironment(environmentId);
  const scope = { environmentId };
  const changes: Change[] = [];
  if (!present)
    changes.push(
      change("+", `environment ${environmentId}`, ["environment"], ({ environments }) =>
        environments.createEnvironment({ environmentId, displayName: "" }, ownCall),
      ),
    );
  changes.push(...settingChanges(environmentId, before, wanted));

  const permissions = compared(before.permissions, wanted.permissions, prune);
  for (const permission of permissions.added)
    changes.push(
      change("+", `permission ${permission.slug}`, ["permissions", permission.slug], (use) =>
        use.permissions.createPermission({ ...scope, ...permission }, ownCall),
      ),
    );
  for (const [permission, details] of permissions.changed)
    changes.push(
      change(
        "~",
        `permission ${permission.slug}`,
        ["permissions", permission.slug],
        (use) =>
          use.permissions.updatePermission(
            { ...scope, slug: permission.slug, permission, updateMask: ["name", "description"] },
            ownCall,
          ),
        details,
      ),
    );

  // a new environment begins with a role that nobody asked for
  const isReplaced = !present && (wanted.defaultRole ?? before.defaultRole) !== before.defaultRole;
  const roles = compared(before.roles, wanted.roles, prune || isReplaced);
  const defaultRole = remainingDefault(scope, before, wanted, roles);
  changes.push(...roleChanges(scope, roles));
  if (defaultRole !== before.defaultRole) changes.push(defaultChange(scope, before.defaultRole, defaultRole));
  for (const { slug } of roles.removed)
    changes.push(
      change("-", `role ${slug}`, ["roles"], (use) =>
        use.roles.deleteEnvironmentRole(
          { ...scope, slug, replacementDefaultRoleSlug: defaultRole, validateOnly: false },
          ownCall,
        ),
      ),
    );
  changes.push(...orderChanges(scope, slugsOf(before.roles), roles, wanted.roles && slugsOf(wanted.roles)));
  for (const { slug } of permissions.removed)
    changes.push(
      change("-", `permission ${slug}`, ["permissions"], (use) =>
        use.permissions.deletePermission({ ...scope, slug }, ownCall),
      ),
    );
  return changes;
}

/** The same for an organization. What a deleted role's members get is the organization's default role. */
export function organizationChanges(
  environmentId: string,
  before: PresentOrganization,
  wanted: OrganizationBlueprint,
  { prune }: { readonly prune: boolean },
): Change[] {
  const { organizationId } = before;
  const scope = { environmentId, organizationId };
  const changes: Change[] = [];
  const roles = compared(before.roles, wanted.roles, prune);
  const defaultRole = remainingDefault(scope, before, wanted, roles);
  if (before.inheritsEnvironment && !roles.added.length && (wanted.defaultRole ?? wanted.priority) !== undefined)
    changes.push(change("+", "own configuration", ["organization"], (use) => use.roles.takeOwnConfig(scope, ownCall)));
  changes.push(...roleChanges(scope, roles));
  if (defaultRole !== before.defaultRole) changes.push(defaultChange(scope, before.defaultRole, defaultRole));
  for (const { slug } of roles.removed)
    changes.push(
      change("-", `role ${slug}`, ["roles"], (use) =>
        use.roles.deleteOrgRole({ ...scope, slug, replacementRoleSlug: defaultRole, validateOnly: false }, ownCall),
      ),
    );
  changes.push(...orderChanges(scope, before.priority, roles, wanted.priority));
  changes.push(...groupChanges(scope, before.groups, wanted.groups, prune));
  return changes;
}

/** The same for members, all at once; present members are those that the blueprint names too. */
export function memberChanges(
  environmentId: string,
  { organizationId, members }: MembersBlueprint,
  present: ReadonlyMap<string, readonly string[]>,
): Change[] {
  const differing = [...members].filter(([userId, slugs]) => {
    const held = present.get(userId);
    return !held || (slugs.length > 0 && held.toSorted().join(" ") !== [...new Set(slugs)].sort().join(" "));
  });
  const set = (sign: "+" | "~", some: typeof differing): Change[] => {
    if (!some.length) return [];
    const memberships = some.map(([userId, roleSlugs]) => ({ organizationId, userId, roleSlugs }));
    const subject = `${some.length} member${some.length > 1 ? "s" : ""}`;
    const make: Change["make"] = (use) => use.memberships.batchSetMemberRoles({ environmentId, memberships }, ownCall);
    return [{ ...change(sign, subject, ["members"], make), count: some.length }];
  };
  return [
    ...set(
      "+",
      differing.filter(([userId]) => !present.has(userId)),
    ),
    ...set(
      "~",
      differing.filter(([userId]) => present.has(userId)),
    ),
  ];
}

/** Returns the default role that there will be. Refuses to delete it. */
function remainingDefault(
  { organizationId }: Scope,
  before: { readonly defaultRole: string },
  wanted: { readonly defaultRole?: string | undefined },
  { removed }: Compared<RoleBlueprint>,
): string {
  const slug = wanted.defaultRole ?? before.defaultRole;
  if (!removed.some((role) => role.slug === slug)) return slug;
  const organizationIds = organizationId === undefined ? [] : [organizationId];
  throw new BlueprintRefusal(
    refuse.replacementDefaultRoleRequired("default_role", slug, {
      count: organizationIds.length,
      organizationIds,
      isEnvironmentDefault: organizationId === undefined,
    }),
    [wanted.defaultRole === undefined ? "roles" : "default_role"],
    `The role ${slug} is the default role and would be deleted: add it to roles, or set default_role to another role`,
  );
}

function settingChanges(
  environmentId: string,
  before: Present<EnvironmentBlueprint>,
  { displayName = before.displayName, multipleRolesEnabled = before.multipleRolesEnabled }: EnvironmentBlueprint,
): Change[] {
  const renamed = displayName.trim() !== before.displayName;
  const switched = multipleRolesEnabled !== before.multipleRolesEnabled;
  if (!renamed && !switched) return [];
  const updateMask = [...(renamed ? ["display_name"] : []), ...(switched ? ["multiple_roles_enabled"] : [])];
  const details = [
    ...(renamed ? [`display name ${quoted(before.displayName)} → ${quoted(displayName)}`] : []),
    ...(switched ? [`multiple roles ${multipleRolesEnabled ? "on" : "off"}`] : []),
  ];
  const environment = { displayName, multipleRolesEnabled };
  return [
    change(
      "~",
      `environment ${environmentId}`,
      [renamed ? "display_name" : "multiple_roles"],
      ({ environments }) => environments.updateEnvironment({ environmentId, environment, updateMask }, ownCall),
      details,
    ),
  ];
}

interface Compared<Item> {
  readonly added: readonly Item[];
  readonly changed: readonly (readonly [item: Item, details: readonly string[]])[];
  readonly removed: readonly Item[];
}

function compared<Item extends PermissionBlueprint & Partial<RoleBlueprint>>(
  before: readonly Item[],
  wanted: readonly Item[] | undefined,
  prune: boolean,
): Compared<Item> {
  const present = new Map(before.map((item) => [item.slug, item]));
  const named = new Set(wanted?.map(({ slug }) => slug));
  const changed = (wanted ?? []).flatMap((item) => {
    const old = present.get(item.slug);
    const details = old ? differences(old, item) : [];
    return details.length ? [[item, details] as const] : [];
  });
  return {
    added: (wanted ?? []).filter(({ slug }) => !present.has(slug)),
    changed,
    removed: prune && wanted ? before.filter(({ slug }) => !named.has(slug)) : [],
  };
}

function differences(
  before: PermissionBlueprint & Partial<RoleBlueprint>,
  after: PermissionBlueprint & Partial<RoleBlueprint>,
): string[] {
  const { permissions: had = [] } = before;
  const { permissions: has = [] } = after;
  return [
    ...(before.name === after.name.trim() ? [] : [`name ${quoted(before.name)} → ${quoted(after.name.trim())}`]),
    ...(before.description === after.description ? [] : ["description"]),
    ...has.filter((slug) => !had.includes(slug)).map((slug) => `+${slug}`),
    ...had.filter((slug) => !has.includes(slug)).map((slug) => `-${slug}`),
  ];
}

type Scope = { readonly environmentId: string; readonly organizationId?: string };

function roleChanges(scope: Scope, { added, changed }: Compared<RoleBlueprint>): Change[] {
  return [
    ...added.map((role) =>
      change("+", `role ${role.slug}`, ["roles", role.slug], ({ roles }) =>
        roles.restoreRole({ ...scope, ...role }, ownCall),
      ),
    ),
    ...changed.map(([role, details]) =>
      change(
        "~",
        `role ${role.slug}`,
        ["roles", role.slug],
        ({ roles }) =>
          roles.updateRole(
            { ...scope, slug: role.slug, role, updateMask: ["name", "description", "permissions"] },
            ownCall,
          ),
        details,
      ),
    ),
  ];
}

const defaultChange = (scope: Scope, before: string, slug: string): Change =>
  change("~", "default role", ["default_role"], (use) => use.roles.setDefaultRole({ ...scope, slug }, ownCall), [
    `${before} → ${slug}`,
  ]);

/** What is not named keeps its place among its like, below what is. */
function orderChanges(
  scope: Scope,
  before: readonly string[],
  { added, removed }: Compared<RoleBlueprint>,
  wanted: readonly string[] | undefined,
): Change[] {
  if (!wanted) return [];
  const gone = new Set(slugsOf(removed));
  const now = [...before, ...slugsOf(added)].filter((slug) => !gone.has(slug));
  const named = new Set(wanted);
  const slugs = [...wanted, ...now.filter((slug) => !named.has(slug))];
  if (slugs.join(" ") === now.join(" ")) return [];
  return [
    change(
      "~",
      "priority order",
      [scope.organizationId === undefined ? "roles" : "priority"],
      (use) => use.roles.setPriority({ ...scope, slugs }, ownCall),
      [slugs.join(", ")],
    ),
  ];
}

function groupChanges(
  scope: Required<Scope>,
  before: ReadonlyMap<string, string>,
  wanted: ReadonlyMap<string, string> | undefined,
  prune: boolean,
): Change[] {
  if (!wanted) return [];
  const set = [...wanted].filter(([groupId, roleSlug]) => before.get(groupId) !== roleSlug);
  const removed = prune ? [...before.keys()].filter((groupId) => !wanted.has(groupId)) : [];
  return [
    ...set.map(([groupId, roleSlug]) =>
      change(
        before.has(groupId) ? "~" : "+",
        `group ${groupId}`,
        ["groups", groupId],
        ({ groupRoles }) => groupRoles.setGroupRole({ ...scope, groupId, roleSlug }, ownCall),
        [roleSlug],
      ),
    ),
    ...removed.map((groupId) =>
      change("-", `group ${groupId}`, ["groups"], ({ groupRoles }) =>
        groupRoles.deleteGroupRole({ ...scope, groupId }, ownCall),
      ),
    ),
  ];
}

const quoted = (text: string) => JSON.stringify(text);

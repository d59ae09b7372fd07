import { refuse } from "../../domain/errors";
import { type PermissionBlueprint, type RoleBlueprint, BlueprintRefusal } from "./blueprint";
import { type Change, type ChangeScope, createChange, quote } from "./change";

/** The differences between two lists of roles or permissions. */
export interface ListDifference<Item> {
  readonly added: readonly Item[];
  readonly changed: readonly (readonly [item: Item, details: readonly string[]])[];
  readonly removed: readonly Item[];
}

export const slugsOf = (items: readonly { readonly slug: string }[]): string[] => items.map(({ slug }) => slug);

/** Returns the differences between two lists. Only with `prune` an item that is not wanted is removed. */
export function compareLists<Item extends PermissionBlueprint & Partial<RoleBlueprint>>(
  before: readonly Item[],
  wanted: readonly Item[] | undefined,
  prune: boolean,
): ListDifference<Item> {
  const present = new Map(before.map((item) => [item.slug, item]));
  const named = new Set(wanted?.map(({ slug }) => slug));
  const changed = (wanted ?? []).flatMap((item) => {
    const old = present.get(item.slug);
    const details = old ? describeDifferences(old, item) : [];
    return details.length ? [[item, details] as const] : [];
  });
  return {
    added: (wanted ?? []).filter(({ slug }) => !present.has(slug)),
    changed,
    removed: prune && wanted ? before.filter(({ slug }) => !named.has(slug)) : [],
  };
}

/** Returns the default role after all changes. Throws a BlueprintRefusal if it would be removed. */
export function requireDefaultRole(
  { organizationId }: ChangeScope,
  before: { readonly defaultRole: string },
  wanted: { readonly defaultRole?: string | undefined },
  { removed }: ListDifference<RoleBlueprint>,
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

/** Returns the creations and changes of roles. */
export function roleChanges(scope: ChangeScope, { added, changed }: ListDifference<RoleBlueprint>): Change[] {
  const updateMask = ["name", "description", "permissions"];
  return [
    ...added.map((role) =>
      createChange("+", `role ${role.slug}`, ["roles", role.slug], ({ roles }, call) =>
        roles.restoreRole({ ...scope, ...role }, call),
      ),
    ),
    ...changed.map(([role, details]) =>
      createChange(
        "~",
        `role ${role.slug}`,
        ["roles", role.slug],
        ({ roles }, call) => roles.updateRole({ ...scope, slug: role.slug, role, updateMask }, call),
        details,
      ),
    ),
  ];
}

/** Returns the change of the order, if there is one: roles that are not named follow those that are, in their order. */
export function orderChanges(
  scope: ChangeScope,
  before: readonly string[],
  { added, removed }: ListDifference<RoleBlueprint>,
  wanted: readonly string[] | undefined,
): Change[] {
  if (!wanted) return [];
  const removedSlugs = new Set(slugsOf(removed));
  const now = [...before, ...slugsOf(added)].filter((slug) => !removedSlugs.has(slug));
  const named = new Set(wanted);
  const slugs = [...wanted, ...now.filter((slug) => !named.has(slug))];
  if (slugs.join(" ") === now.join(" ")) return [];
  return [
    createChange(
      "~",
      "priority order",
      [scope.organizationId === undefined ? "roles" : "priority"],
      ({ roles }, call) => roles.setPriority({ ...scope, slugs }, call),
      [slugs.join(", ")],
    ),
  ];
}

function describeDifferences(
  before: PermissionBlueprint & Partial<RoleBlueprint>,
  after: PermissionBlueprint & Partial<RoleBlueprint>,
): string[] {
  const { permissions: had = [] } = before;
  const { permissions: has = [] } = after;
  return [
    ...(before.name === after.name.trim() ? [] : [`name ${quote(before.name)} → ${quote(after.name.trim())}`]),
    ...(before.description === after.description ? [] : ["description"]),
    ...has.filter((slug) => !had.includes(slug)).map((slug) => `+${slug}`),
    ...had.filter((slug) => !has.includes(slug)).map((slug) => `-${slug}`),
  ];
}

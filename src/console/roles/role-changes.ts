import type { Role } from "../gen/orgroles/v1/role_pb";

/** The values of a form about a role. */
export interface RoleValues {
  readonly name: string;
  readonly description: string;
  readonly permissions: ReadonlySet<string>;
}

export const valuesOf = ({ name, description, permissions }: Role): RoleValues => ({
  name,
  description,
  permissions: new Set(permissions),
});

const isSame = (a: ReadonlySet<string>, b: ReadonlySet<string>) =>
  a.size === b.size && [...a].every((one) => b.has(one));

/** Returns the paths of what differs. */
export function changedPaths(before: RoleValues, after: RoleValues): string[] {
  const paths: string[] = [];
  if (before.name !== after.name) paths.push("name");
  if (before.description !== after.description) paths.push("description");
  if (!isSame(before.permissions, after.permissions)) paths.push("permissions");
  return paths;
}

/** Puts what a person has changed on top of what others have changed meanwhile. */
export function rebase(base: RoleValues, mine: RoleValues, theirs: RoleValues): RoleValues {
  const permissions = new Set(theirs.permissions);
  for (const slug of mine.permissions) if (!base.permissions.has(slug)) permissions.add(slug);
  for (const slug of base.permissions) if (!mine.permissions.has(slug)) permissions.delete(slug);
  return {
    name: mine.name === base.name ? theirs.name : mine.name,
    description: mine.description === base.description ? theirs.description : mine.description,
    permissions,
  };
}

/** Says in words what others have changed. */
export function describeChanges(before: RoleValues, after: RoleValues): string[] {
  const lines: string[] = [];
  if (before.name !== after.name) lines.push(`The name is now “${after.name}”.`);
  if (before.description !== after.description)
    lines.push(after.description ? `The description is now “${after.description}”.` : "The description was cleared.");
  const added = [...after.permissions].filter((slug) => !before.permissions.has(slug));
  const removed = [...before.permissions].filter((slug) => !after.permissions.has(slug));
  if (added.length) lines.push(`Permissions added: ${added.join(", ")}.`);
  if (removed.length) lines.push(`Permissions removed: ${removed.join(", ")}.`);
  return lines;
}

import type { Blueprint, OrganizationBlueprint } from "./blueprint";
import { refuse } from "./errors";

/** Names that a blueprint may use: what is there, and what it and those before it make. */
export interface Names {
  readonly permissions: ReadonlySet<string>;
  readonly roles: ReadonlySet<string>;
}

/** Refuses a blueprint that names what will not be there, as the calls would that make it so. */
export function checkNames(blueprint: Blueprint, { permissions, roles }: Names): void {
  const absent = (slugs: Iterable<string>) => [...new Set(slugs)].filter((slug) => !roles.has(slug));
  if (blueprint.kind === "members") {
    const unknown = absent([...blueprint.members.values()].flat());
    if (unknown.length) throw refuse.roleNotAssignable(unknown, []);
    return;
  }
  const granted = new Set((blueprint.roles ?? []).flatMap((role) => role.permissions));
  const unknown = [...granted].filter((slug) => !permissions.has(slug));
  if (unknown.length) throw refuse.permissionUnknown(unknown);
  const { defaultRole } = blueprint;
  if (defaultRole !== undefined && !roles.has(defaultRole)) throw refuse.roleNotFound(defaultRole);
  if (blueprint.kind === "organization") checkOrganization(blueprint, absent);
}

function checkOrganization(
  { priority = [], groups }: OrganizationBlueprint,
  absent: (slugs: Iterable<string>) => string[],
) {
  const duplicate = priority.filter((slug, index) => priority.indexOf(slug) !== index);
  const unknown = absent(priority);
  if (unknown.length + duplicate.length) throw refuse.priorityOrderMismatch({ missing: [], unknown, duplicate });
  const unmapped = absent(groups?.values() ?? []);
  if (unmapped.length) throw refuse.roleNotAssignable(unmapped, []);
}

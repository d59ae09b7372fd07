import { refuse } from "../../domain/errors";
import {
  type Blueprint,
  type BlueprintPath,
  BlueprintRefusal,
  type MembersBlueprint,
  type OrganizationBlueprint,
} from "./blueprint";

/** The slugs that a blueprint may use: present ones, and those that it and the blueprints before it create. */
export interface Names {
  readonly permissions: ReadonlySet<string>;
  readonly roles: ReadonlySet<string>;
}

/** A slug that a blueprint uses, and its place. */
type Use = readonly [slug: string, path: BlueprintPath];

/** Throws a BlueprintRefusal for a slug that will not exist, with the error of the call that would use it. */
export function checkNames(blueprint: Blueprint, { permissions, roles }: Names): void {
  if (blueprint.kind === "members") {
    const given = [...blueprint.members].flatMap(([userId, slugs]) =>
      slugs.map((slug): Use => [slug, ["members", userId, slug]]),
    );
    return checkUses(given, roles, (unknown) => refuse.roleNotAssignable(unknown, []));
  }
  const granted = (blueprint.roles ?? []).flatMap((role) =>
    role.permissions.map((slug): Use => [slug, ["roles", role.slug, "permissions", slug]]),
  );
  checkUses(granted, permissions, refuse.permissionUnknown);
  const { defaultRole } = blueprint;
  if (defaultRole !== undefined)
    checkUses([[defaultRole, ["default_role"]]], roles, () => refuse.roleNotFound(defaultRole));
  if (blueprint.kind === "organization") checkOrganization(blueprint, roles);
}

/** Throws a BlueprintRefusal for several roles of one member where the environment allows one. */
export function checkRoleCounts(environmentId: string, { members }: MembersBlueprint): void {
  const [userId] = [...members].find(([, slugs]) => new Set(slugs).size > 1) ?? [];
  if (userId !== undefined)
    throw new BlueprintRefusal(refuse.multipleRolesDisabled(environmentId), ["members", userId]);
}

function checkOrganization({ priority = [], groups }: OrganizationBlueprint, roles: ReadonlySet<string>): void {
  const duplicate = priority.filter((slug, index) => priority.indexOf(slug) !== index);
  const unknown = priority.filter((slug) => !roles.has(slug));
  const [first] = [...unknown, ...duplicate];
  if (first !== undefined)
    throw new BlueprintRefusal(
      refuse.priorityOrderMismatch({ missing: [], unknown: [...new Set(unknown)], duplicate }),
      ["priority", first],
    );
  const mapped = [...(groups ?? [])].map(([groupId, slug]): Use => [slug, ["groups", groupId]]);
  checkUses(mapped, roles, (absent) => refuse.roleNotAssignable(absent, []));
}

function checkUses(
  uses: readonly Use[],
  existing: ReadonlySet<string>,
  refusal: (unknown: string[]) => ReturnType<typeof refuse.permissionUnknown>,
): void {
  const unknown = uses.filter(([slug]) => !existing.has(slug));
  const [first] = unknown;
  if (first) throw new BlueprintRefusal(refusal([...new Set(unknown.map(([slug]) => slug))]), first[1]);
}

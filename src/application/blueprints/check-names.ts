import {
  type Blueprint,
  type BlueprintPath,
  BlueprintRefusal,
  type MembersBlueprint,
  type OrganizationBlueprint,
} from "./blueprint";
import { refuse } from "../../domain/errors";

/** Names that a blueprint may use: what is there, and what it and those before it make. */
export interface Names {
  readonly permissions: ReadonlySet<string>;
  readonly roles: ReadonlySet<string>;
}

/** A name that a blueprint uses, and where. */
type Use = readonly [slug: string, path: BlueprintPath];

/** Refuses a blueprint that names what will not be there, as the calls would that make it so. */
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

/** Refuses several roles of one member where the environment allows one, as the call would that sets them. */
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
  known: ReadonlySet<string>,
  refusal: (unknown: string[]) => ReturnType<typeof refuse.permissionUnknown>,
): void {
  const unknown = uses.filter(([slug]) => !known.has(slug));
  const [first] = unknown;
  if (first) throw new BlueprintRefusal(refusal([...new Set(unknown.map(([slug]) => slug))]), first[1]);
}

import { organizationRoles, slugsOf } from "../../domain/effective-roles";
import type { EnvironmentId, OrganizationId, PermissionSlug } from "../../domain/values";
import type { Stores } from "../ports/unit-of-work";
import type { Blueprint, EnvironmentBlueprint } from "./blueprint";
import type { Change } from "./change";
import { type Names, checkNames, checkRoleCounts } from "./check-names";
import { environmentChanges, newEnvironment } from "./environment-changes";
import { memberChanges } from "./member-changes";
import { newOrganization, organizationChanges } from "./organization-changes";
import { readEnvironment, readOrganization } from "./read-blueprint";
import { findMembers, loadMemberScope } from "./read-members";

export interface Options {
  /** Whether roles, permissions and groups that the lists of a blueprint do not contain are deleted. */
  readonly prune: boolean;
  readonly expected?: Expected | undefined;
}

/** The blueprints that will have been applied before, and are not yet. */
export interface Expected {
  readonly environment: EnvironmentBlueprint | undefined;
  /** The slugs of the organization's own roles. */
  readonly roles: readonly string[];
}

/**
 * Returns the changes from the present content to the wanted content. Throws a BlueprintRefusal for slugs that will not
 * exist. Locks nothing.
 */
export async function compareBlueprint(
  stores: Stores,
  id: EnvironmentId,
  blueprint: Blueprint,
  options: Options,
): Promise<Change[]> {
  const environment = await stores.environments.find(id);
  if (blueprint.kind === "environment") {
    const present = environment && (await readEnvironment(stores, environment));
    checkNames(blueprint, namesIn([present ?? newEnvironment(id), blueprint]));
    return environmentChanges(id, present, blueprint, options);
  }
  const organizationId = blueprint.organizationId as OrganizationId;
  const { expected } = options;
  const before = [environment ? undefined : newEnvironment(id), expected?.environment].filter((one) => !!one);
  const created = namesIn([...before, blueprint]);
  const names = { ...created, roles: new Set([...created.roles, ...(expected?.roles ?? [])]) };
  if (blueprint.kind === "members") {
    const memberScope = environment && (await loadMemberScope(stores, environment, organizationId));
    const roles = memberScope ? slugsOf(organizationRoles(memberScope.state, memberScope.organization).roles) : [];
    checkNames(blueprint, { ...names, roles: new Set([...names.roles, ...roles]) });
    if (!(expected?.environment?.multipleRolesEnabled ?? environment?.multipleRolesEnabled))
      checkRoleCounts(id, blueprint);
    return memberChanges(id, blueprint, memberScope ? await findMembers(stores, memberScope, blueprint) : new Map());
  }
  const present = environment
    ? await readOrganization(stores, environment, organizationId)
    : newOrganization(organizationId, expected?.environment);
  const granted = new Set((blueprint.roles ?? []).flatMap(({ permissions }) => permissions as PermissionSlug[]));
  const found = environment ? [...(await stores.permissions.idsOf(environment.uid, [...granted])).keys()] : [];
  checkNames(blueprint, {
    permissions: new Set([...names.permissions, ...found]),
    roles: new Set([...names.roles, ...present.priority]),
  });
  return organizationChanges(id, present, blueprint, options);
}

/** Returns the slugs that blueprints create. */
function namesIn(blueprints: readonly Blueprint[]): Names {
  const permissions = blueprints.flatMap((one) => (one.kind === "environment" ? (one.permissions ?? []) : []));
  const roles = blueprints.flatMap((one) => (one.kind === "members" ? [] : (one.roles ?? [])));
  return {
    permissions: new Set(permissions.map(({ slug }) => slug)),
    roles: new Set(roles.map(({ slug }) => slug)),
  };
}

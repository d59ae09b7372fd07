import { organizationRoles, slugsOf } from "../../domain/effective-roles";
import type { EnvironmentId, OrganizationId, PermissionSlug } from "../../domain/values";
import type { Stores } from "../ports/unit-of-work";
import type { Blueprint, EnvironmentBlueprint } from "./blueprint";
import {
  type Change,
  environmentChanges,
  memberChanges,
  newEnvironment,
  newOrganization,
  organizationChanges,
} from "./changes";
import { type Names, checkNames, checkRoleCounts } from "./check-names";
import { readEnvironment, readOrganization } from "./read-blueprint";
import { loadMemberScope, presentMembers } from "./read-members";

export interface Options {
  /** Whether roles, permissions and groups that a blueprint's lists do not have are deleted. */
  readonly prune: boolean;
  readonly expected?: Expected | undefined;
}

/** What will have been applied before a blueprint and is not there yet. */
export interface Expected {
  readonly environment: EnvironmentBlueprint | undefined;
  /** The slugs of the organization's own roles. */
  readonly roles: readonly string[];
}

export async function changes(
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
  const upper = [environment ? undefined : newEnvironment(id), expected?.environment].filter((one) => !!one);
  const named = namesIn([...upper, blueprint]);
  const coming = { ...named, roles: new Set([...named.roles, ...(expected?.roles ?? [])]) };
  if (blueprint.kind === "members") {
    const home = environment && (await loadMemberScope(stores, environment, organizationId));
    const roles = home ? slugsOf(organizationRoles(home.state, home.organization).roles) : [];
    checkNames(blueprint, { ...coming, roles: new Set([...coming.roles, ...roles]) });
    if (!(expected?.environment?.multipleRolesEnabled ?? environment?.multipleRolesEnabled))
      checkRoleCounts(id, blueprint);
    return memberChanges(id, blueprint, home ? await presentMembers(stores, home, blueprint) : new Map());
  }
  const present = environment
    ? await readOrganization(stores, environment, organizationId)
    : newOrganization(organizationId, expected?.environment);
  const granted = new Set((blueprint.roles ?? []).flatMap(({ permissions }) => permissions as PermissionSlug[]));
  const found = environment ? [...(await stores.permissions.idsOf(environment.uid, [...granted])).keys()] : [];
  checkNames(blueprint, {
    permissions: new Set([...coming.permissions, ...found]),
    roles: new Set([...coming.roles, ...present.priority]),
  });
  return organizationChanges(id, present, blueprint, options);
}

/** What blueprints make. */
function namesIn(blueprints: readonly Blueprint[]): Names {
  const permissions = blueprints.flatMap((one) => (one.kind === "environment" ? (one.permissions ?? []) : []));
  const roles = blueprints.flatMap((one) => (one.kind === "members" ? [] : (one.roles ?? [])));
  return {
    permissions: new Set(permissions.map(({ slug }) => slug)),
    roles: new Set(roles.map(({ slug }) => slug)),
  };
}

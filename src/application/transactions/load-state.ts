import { type EffectiveRoles, environmentRoles, organizationRoles } from "../../domain/effective-roles";
import type { Environment, EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import type { EnvironmentUid, OrganizationUid } from "../../domain/ids";
import type { Organization, OrganizationState } from "../../domain/organization";
import type { EnvironmentRole } from "../../domain/role";
import type { Stores } from "../ports/unit-of-work";
import type { ParsedScope } from "../request/scope";

/** One consistent state of a scope: what is stored, and the roles in force. */
export interface ScopeState {
  readonly state: EnvironmentState;
  /** Undefined in the environment's own scope, and for an organization that has no data. */
  readonly organization: OrganizationState | undefined;
  readonly effective: EffectiveRoles;
}

/**
 * Returns the state of an environment that has been read before: in this order each role that it refers to is among the
 * roles, at least as a tombstone.
 */
export async function loadEnvironment(stores: Stores, environment: Environment): Promise<EnvironmentState> {
  const roles = await stores.roles.listOfEnvironment(environment.uid);
  const multipleRolesDisabled = await stores.environments.listMultipleRolesDisabled(environment.uid);
  return {
    environment,
    roles: new Map(roles.map((role): [EnvironmentRole["id"], EnvironmentRole] => [role.id, role])),
    multipleRolesDisabled,
  };
}

/** Returns organizations with their custom roles. */
export async function loadOrganizations(
  stores: Stores,
  uid: EnvironmentUid,
  organizations: readonly Organization[],
): Promise<Map<OrganizationUid, OrganizationState>> {
  const ids = organizations.map(({ id }) => id);
  const found = await stores.roles.listOfOrganizations(uid, ids);
  return new Map(
    organizations.map((organization) => {
      const { customRoles, replaced } = found.get(organization.id) ?? { customRoles: [], replaced: new Map() };
      return [organization.uid, { customRoles, replaced, ...organization }];
    }),
  );
}

/** Returns the state of a scope, for a transaction that reads one consistent state. Throws ENVIRONMENT_NOT_FOUND. */
export async function loadScope(stores: Stores, { environmentId, organizationId }: ParsedScope): Promise<ScopeState> {
  const environment = await stores.environments.find(environmentId);
  if (!environment) throw refuse.environmentNotFound(environmentId);
  const state = await loadEnvironment(stores, environment);
  if (!organizationId) return { state, organization: undefined, effective: environmentRoles(state) };
  const rows = await stores.organizations.find(environment.uid, [organizationId]);
  const [organization] = (await loadOrganizations(stores, environment.uid, rows)).values();
  return { state, organization, effective: organizationRoles(state, organization) };
}

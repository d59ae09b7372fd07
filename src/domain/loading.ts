import { refuse } from "./errors";
import type { EnvironmentUid, OrganizationUid } from "./ids";
import type { EnvironmentRole } from "./role";
import { type Context, environmentContext, organizationContext } from "./role-config";
import type { ParsedScope } from "./scope";
import type { Environment, EnvironmentState, Organization, OrganizationState } from "./state";
import type { Stores } from "./stores";

/** One consistent view of a scope: what is stored, and what holds there. */
export interface View {
  readonly state: EnvironmentState;
  /** Absent in the environment's own scope, and for an organization that has no data. */
  readonly organization: OrganizationState | undefined;
  readonly context: Context;
}

/** The environment is read before its roles, so that whatever it names is among them, at least as a tombstone. */
export async function loadEnvironment(stores: Stores, environment: Environment): Promise<EnvironmentState> {
  const roles = await stores.roles.ofEnvironment(environment.uid);
  const collapses = await stores.environments.collapses(environment.uid);
  return {
    environment,
    roles: new Map(roles.map((role): [EnvironmentRole["id"], EnvironmentRole] => [role.id, role])),
    collapses,
  };
}

/** Organizations with their custom roles. */
export async function loadOrganizations(
  stores: Stores,
  uid: EnvironmentUid,
  organizations: readonly Organization[],
): Promise<Map<OrganizationUid, OrganizationState>> {
  const ids = organizations.map(({ id }) => id);
  const found = await stores.roles.ofOrganizations(uid, ids);
  return new Map(
    organizations.map((organization) => {
      const { customRoles, replaced } = found.get(organization.id) ?? { customRoles: [], replaced: new Map() };
      return [organization.uid, { customRoles, replaced, ...organization }];
    }),
  );
}

/** What holds in a scope, for a transaction that reads one consistent state. */
export async function loadView(stores: Stores, { environmentId, organizationId }: ParsedScope): Promise<View> {
  const environment = await stores.environments.find(environmentId);
  if (!environment) throw refuse.environmentNotFound(environmentId);
  const state = await loadEnvironment(stores, environment);
  if (!organizationId) return { state, organization: undefined, context: environmentContext(state) };
  const rows = await stores.organizations.find(environment.uid, [organizationId]);
  const [organization] = (await loadOrganizations(stores, environment.uid, rows)).values();
  return { state, organization, context: organizationContext(state, organization) };
}

import type { EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import type { EnvironmentUid, OrganizationUid } from "../../domain/ids";
import type { Organization, OrganizationState } from "../../domain/organization";
import type { EnvironmentId } from "../../domain/values";
import type { Stores } from "../ports/unit-of-work";
import { loadEnvironment, loadOrganizations } from "./load-state";
import type { StateCache } from "./state-cache";

/** Reads the states that organization-level writes need, from the cache where it has the revision of the database. */
export class ScopeStates {
  constructor(private readonly cache: StateCache) {}

  /** Returns the state of an environment that this transaction has not locked. Throws ENVIRONMENT_NOT_FOUND. */
  async environment(stores: Stores, uid: EnvironmentUid, id: EnvironmentId): Promise<EnvironmentState> {
    const environment = await stores.environments.get(uid);
    if (!environment) throw refuse.environmentNotFound(id);
    const cached = this.cache.getEnvironment(environment);
    if (cached) return cached;
    this.cache.warmEnvironment(environment);
    return loadEnvironment(stores, environment);
  }

  /** Returns the states of organizations that this transaction has locked, and not changed yet. */
  async organizations(
    stores: Stores,
    uid: EnvironmentUid,
    organizations: readonly Organization[],
  ): Promise<Map<OrganizationUid, OrganizationState>> {
    const cached = organizations.flatMap(
      (organization) => this.cache.getOrganizationBeforeLock(uid, organization) ?? [],
    );
    const uids = new Set(cached.map((state) => state.uid));
    const missing = organizations.filter((organization) => !uids.has(organization.uid));
    const states = await loadOrganizations(stores, uid, missing);
    for (const state of cached) states.set(state.uid, state);
    return states;
  }
}

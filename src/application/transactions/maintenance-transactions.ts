import type { EnvironmentState } from "../../domain/environment";
import type { EnvironmentUid, OrganizationUid } from "../../domain/ids";
import type { OrganizationState } from "../../domain/organization";
import type { OrganizationId } from "../../domain/values";
import type { Stores, UnitOfWork } from "../ports/unit-of-work";
import type { ParsedScope } from "../request/scope";
import { loadEnvironment, loadOrganizations } from "./load-state";
import { lockEnvironment, lockMemberRoles, lockOrganizations } from "./scope-locks";

/** The transactions of work that no caller has requested: the rewriting of references and the applying of blueprints. */
export class MaintenanceTransactions {
  constructor(private readonly units: UnitOfWork) {}

  /**
   * Looks an environment up without a lock: each statement reads a state of its own, so that a write has to check it
   * again. Returns undefined if the environment has been deleted.
   */
  lookUp<T>(
    uid: EnvironmentUid,
    work: (stores: Stores, state: EnvironmentState) => Promise<T>,
  ): Promise<T | undefined> {
    return this.units.lookup((stores) => withState(stores, uid, (state) => work(stores, state)));
  }

  /** Locks the environment and the roles of all its members. Does nothing if the environment has been deleted. */
  async updateEnvironment(
    uid: EnvironmentUid,
    work: (stores: Stores, state: EnvironmentState) => Promise<void>,
  ): Promise<void> {
    await this.units.write(async (stores) => {
      await lockEnvironment(stores, uid);
      await lockMemberRoles(stores, uid);
      await withState(stores, uid, (state) => work(stores, state));
    });
  }

  /** Locks organizations, where they still have rows, and the roles of all members of the environment. */
  async updateOrganizations(
    uid: EnvironmentUid,
    organizationUids: readonly OrganizationUid[],
    work: (
      stores: Stores,
      state: EnvironmentState,
      organizations: ReadonlyMap<OrganizationUid, OrganizationState>,
    ) => Promise<void>,
  ): Promise<void> {
    const uids = [...new Set(organizationUids)];
    const named = await this.units.lookup((stores) => stores.organizations.findByUid(uid, uids));
    const ids = named.map(({ id }) => id);
    await this.units.write(async (stores) => {
      const locked = await lockOrganizations(stores, uid, ids);
      await lockMemberRoles(stores, uid);
      await withState(stores, uid, async (state) => work(stores, state, await loadOrganizations(stores, uid, locked)));
    });
  }

  /**
   * Locks a scope, where it has a row: the organization where it names one, else the environment. Of an environment that
   * does not exist nothing can be locked: the work creates it first.
   */
  async updateAnyScope<T>(scope: ParsedScope, work: (stores: Stores) => Promise<T>): Promise<T> {
    for (;;) {
      const environment = await this.units.lookup((stores) => stores.environments.find(scope.environmentId));
      const done = await this.units.write(async (stores) => {
        const isAsFound = environment
          ? await lockScope(stores, environment.uid, scope.organizationId)
          : !(await stores.environments.find(scope.environmentId));
        return isAsFound ? { result: await work(stores) } : undefined;
      });
      if (done) return done.result;
    }
  }
}

/** Returns whether the environment still exists, as far as the lock shows it: an organization may have no row. */
async function lockScope(
  stores: Stores,
  uid: EnvironmentUid,
  organizationId: OrganizationId | undefined,
): Promise<boolean> {
  if (organizationId === undefined) return lockEnvironment(stores, uid);
  await lockOrganizations(stores, uid, [organizationId]);
  return true;
}

async function withState<T>(
  stores: Stores,
  uid: EnvironmentUid,
  work: (state: EnvironmentState) => Promise<T>,
): Promise<T | undefined> {
  const environment = await stores.environments.get(uid);
  return environment && work(await loadEnvironment(stores, environment));
}

import type { Environment } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import type { OrganizationUid } from "../../domain/ids";
import type { Organization, OrganizationState } from "../../domain/organization";
import type { EnvironmentId } from "../../domain/values";
import type { CallSignal } from "../ports/cancellation";
import type { Stores, UnitOfWork } from "../ports/unit-of-work";
import type { ParsedScope } from "../request/scope";
import type { ScopeState } from "./load-state";
import type { StateCache } from "./state-cache";

/** Returns the states of organizations, in the transaction that has read their rows. */
export type ReadOrganizations = (rows: readonly Organization[]) => Promise<Map<OrganizationUid, OrganizationState>>;

/** The reads of use cases, which lock nothing. Every method about one environment throws ENVIRONMENT_NOT_FOUND. */
export class ReadTransactions {
  constructor(
    protected readonly units: UnitOfWork,
    protected readonly cache: StateCache,
  ) {}

  /** Reads one consistent state of an environment, or of an organization in it. */
  async read<T>(
    scope: ParsedScope,
    signal: CallSignal,
    work: (stores: Stores, scopeState: ScopeState) => Promise<T>,
  ): Promise<T> {
    return this.units.read(async (stores) => work(stores, await this.cache.readScope(stores, scope)), signal);
  }

  /** Reads one consistent state of an environment, with a function that reads organizations of it. */
  async readAcross<T>(
    environmentId: EnvironmentId,
    signal: CallSignal,
    work: (stores: Stores, scopeState: ScopeState, readOrganizations: ReadOrganizations) => Promise<T>,
  ): Promise<T> {
    return this.read({ environmentId, organizationId: undefined }, signal, (stores, scopeState) =>
      work(stores, scopeState, (rows) => this.cache.readOrganizations(stores, scopeState.state, rows)),
    );
  }

  /** Reads one consistent state of an environment whose roles are not needed. */
  async readEnvironment<T>(
    id: EnvironmentId,
    signal: CallSignal,
    work: (stores: Stores, environment: Environment) => Promise<T>,
  ): Promise<T> {
    return this.units.read(async (stores) => {
      const environment = await stores.environments.find(id);
      if (!environment) throw refuse.environmentNotFound(id);
      return work(stores, environment);
    }, signal);
  }

  async getEnvironment(id: EnvironmentId): Promise<Environment> {
    const environment = await this.units.lookup((stores) => stores.environments.find(id));
    if (!environment) throw refuse.environmentNotFound(id);
    return environment;
  }

  async listEnvironments(after: string, limit: number): Promise<Environment[]> {
    return this.units.lookup((stores) => stores.environments.list(after, limit));
  }

  /** Returns the environments that exist, in order of their ids' bytes. */
  async findEnvironments(ids: readonly EnvironmentId[]): Promise<Environment[]> {
    return this.units.lookup((stores) => stores.environments.findAll(ids));
  }
}

import type { Environment, EnvironmentState } from "../../domain/environment";
import type { EnvironmentUid, OrganizationUid } from "../../domain/ids";
import type { Organization, OrganizationState } from "../../domain/organization";
import type { Stores } from "../ports/unit-of-work";
import type { ParsedScope } from "../request/scope";
import { type ScopeState, loadOrganizations, loadScope } from "./load-state";

/** States of scopes in memory, each for one revision. */
export interface StateCache {
  /** Returns the state of a scope, for a transaction that reads one consistent state. Throws ENVIRONMENT_NOT_FOUND. */
  readScope(stores: Stores, scope: ParsedScope): Promise<ScopeState>;
  /** Returns the states of organizations, for a transaction that has read the scope of the environment. */
  readOrganizations(
    stores: Stores,
    state: EnvironmentState,
    rows: readonly Organization[],
  ): Promise<Map<OrganizationUid, OrganizationState>>;
  /** Returns the state of an environment that this transaction has not changed, undefined where it is not cached. */
  getEnvironment(environment: Environment): EnvironmentState | undefined;
  /** Reads an environment in a transaction of its own, for later calls of `getEnvironment`. */
  warmEnvironment(environment: Environment): void;
  /**
   * Returns the state of an organization, undefined where it is not cached. Its lock has raised its revision by one, and
   * nothing else of it has changed.
   */
  getOrganizationBeforeLock(environment: EnvironmentUid, organization: Organization): OrganizationState | undefined;
}

/** Caches nothing, for a transaction that sees its own changes, which nobody else does yet. */
export const noStateCache: StateCache = {
  readScope: loadScope,
  readOrganizations: (stores, { environment }, rows) => loadOrganizations(stores, environment.uid, rows),
  getEnvironment: () => undefined,
  warmEnvironment: () => undefined,
  getOrganizationBeforeLock: () => undefined,
};

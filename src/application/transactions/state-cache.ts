import type { Environment, EnvironmentState } from "../../domain/environment";
import type { EnvironmentUid } from "../../domain/ids";
import type { Organization, OrganizationState } from "../../domain/organization";
import type { Stores } from "../ports/unit-of-work";
import type { ParsedScope } from "../request/scope";
import { type ScopeState, loadScope } from "./load-state";

/** What is known of scopes without reading all of it. */
export interface StateCache {
  /** What holds in a scope, for a transaction that reads one consistent state. */
  readScope(stores: Stores, scope: ParsedScope): Promise<ScopeState>;
  /** The state that goes with an environment that this transaction has not changed. */
  getEnvironment(environment: Environment): EnvironmentState | undefined;
  /** Has an environment read for those who will ask what is `known` of it; they do without until then. */
  warmEnvironment(environment: Environment): void;
  /** The state of an organization with the revision that its lock gave it: nothing else of it has changed. */
  getOrganizationBeforeLock(environment: EnvironmentUid, organization: Organization): OrganizationState | undefined;
}

/** For a transaction that sees what nobody else does yet. */
export const noStateCache: StateCache = {
  readScope: loadScope,
  getEnvironment: () => undefined,
  warmEnvironment: () => undefined,
  getOrganizationBeforeLock: () => undefined,
};

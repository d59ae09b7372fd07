import { refuse } from "./errors";

/** What a call does: each level may do what those before it may. */
export const actions = ["read", "write", "admin"] as const;
export type Action = (typeof actions)[number];

/** Who calls, and what it may do. */
export interface Caller {
  /** For logs and rate limits. */
  readonly name: string;
  readonly action: Action;
  readonly environments: "*" | ReadonlySet<string>;
  /** Absent: whole environments. */
  readonly organizations?: ReadonlySet<string> | undefined;
}

/** What a request is about, before any of it is validated. */
export interface Demand {
  readonly action: Action;
  /** Absent: all environments. */
  readonly environmentId: string | undefined;
  /** Empty: the whole environment. */
  readonly organizationIds: readonly string[];
}

/** Refuses what the caller may not do; whether what it asks about exists plays no part. */
export function authorize(caller: Caller, demand: Demand): void {
  if (actions.indexOf(caller.action) < actions.indexOf(demand.action)) throw refuse.scopeInsufficient("action");
  if (caller.environments !== "*" && !(demand.environmentId && caller.environments.has(demand.environmentId)))
    throw refuse.scopeInsufficient("environment");
  const { organizations } = caller;
  if (organizations && !(demand.organizationIds.length && demand.organizationIds.every((id) => organizations.has(id))))
    throw refuse.scopeInsufficient("organization");
}

import { refuse } from "./errors";
import type { UserId } from "./values";

/** The levels of calls and callers: each of them includes those before it. */
export const actions = ["read", "write", "admin"] as const;
export type Action = (typeof actions)[number];

/** A caller, and what it may do. */
export interface Caller {
  /** For logs and rate limits. */
  readonly name: string;
  readonly action: Action;
  readonly environments: "*" | ReadonlySet<string>;
  /** Undefined for a caller of whole environments. */
  readonly organizations?: ReadonlySet<string> | undefined;
  /** The user as whom all its calls act; undefined if a header may name any user. */
  readonly actingUserId?: UserId | undefined;
  /** When the credentials end, in milliseconds since 1970; undefined if they do not end by themselves. */
  readonly expireTime?: number | undefined;
}

/**
 * The part of an environment that an RPC is about, for callers that are restricted to some environments or organizations:
 *
 * - `named`: the organizations that the request names, all of which must be the caller's, and at least one;
 * - `environment`: the environment that the request names. A caller of some organizations gets only what is theirs, or what
 *   they inherit;
 * - `caller`: the caller itself, or all environments that are its own.
 */
export type Reach = "named" | "environment" | "caller";

/** The permission that a request needs. It is read from the request before that is validated. */
export interface Demand {
  readonly action: Action;
  /** Undefined for a request about all environments. */
  readonly environmentId: string | undefined;
  /** Empty for a request about the whole environment. */
  readonly organizationIds: readonly string[];
  readonly reach: Reach;
}

/** Throws SCOPE_INSUFFICIENT for a request that the caller may not make, whether or not its subject exists. */
export function authorize(caller: Caller, demand: Demand): void {
  if (actions.indexOf(caller.action) < actions.indexOf(demand.action)) throw refuse.scopeInsufficient("action");
  if (demand.reach === "caller") return;
  if (caller.environments !== "*" && !(demand.environmentId && caller.environments.has(demand.environmentId)))
    throw refuse.scopeInsufficient("environment");
  const { organizations } = caller;
  const { organizationIds, reach } = demand;
  if (organizations && reach === "named" && !organizationIds.length) throw refuse.scopeInsufficient("organization");
  if (organizations && !organizationIds.every((id) => organizations.has(id)))
    throw refuse.scopeInsufficient("organization");
}

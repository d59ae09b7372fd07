import type { Caller } from "../../domain/authorization";
import type { Dependencies } from "../dependencies";
import { type Call, callerOf } from "../request/idempotency";

/** The permissions of a caller, as the caller sees them. */
export interface CallerView {
  readonly name: string;
  readonly level: Caller["action"];
  /** Sorted; empty: all environments. */
  readonly environmentIds: readonly string[];
  /** Sorted; empty: whole environments. */
  readonly organizationIds: readonly string[];
  /** The user as whom all its calls act; empty: none. */
  readonly actingUserId: string;
}

/** Returns what the credentials of a call allow. Reads nothing from the database. */
export async function getCaller(_: Dependencies, __: object, call: Call): Promise<CallerView> {
  const { name, action, environments, organizations = new Set(), actingUserId = "" } = callerOf(call);
  return {
    name,
    level: action,
    environmentIds: environments === "*" ? [] : [...environments].toSorted(),
    organizationIds: [...organizations].toSorted(),
    actingUserId,
  };
}

import { refuse } from "../domain/errors";
import { type UserId, parseId } from "../domain/values";
import type { CallContext } from "./call-context";

/** The header of a mutation that names the user for whom a backend acts. */
export const actingUserHeader = "orgroles-acting-user";

/**
 * Returns the user for whom the caller acts, empty if there is none: the one to whom its credentials are bound, else the
 * one in the header. The header of a call that only reads is ignored. Throws INVALID_FIELDS for a header that is no user
 * id (two headers arrive as one, with a space between their values), and SCOPE_INSUFFICIENT for another user than the
 * credentials are bound to.
 */
export function actingUserOf(call: Pick<CallContext, "rpc" | "header" | "caller">): UserId | "" {
  const bound = call.caller?.actingUserId;
  const text = call.rpc.action === "read" ? undefined : call.header(actingUserHeader);
  if (text === undefined) return bound ?? "";
  const parsed = parseId<UserId>(text);
  if ("rule" in parsed) throw refuse.invalidFields([{ field: actingUserHeader, description: parsed.rule }]);
  if (bound !== undefined && parsed.value !== bound) throw refuse.scopeInsufficient("acting_user");
  return parsed.value;
}

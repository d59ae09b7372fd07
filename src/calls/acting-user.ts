import { refuse } from "../domain/errors";
import { type UserId, parseId } from "../domain/values";
import type { CallContext } from "./call-context";

/** The header of a mutation that names the user for whom a backend acts. */
export const actingUserHeader = "orgroles-acting-user";

/**
 * Returns the user for whom the caller acts, empty if it names none. The header of a call that only reads is ignored.
 * Throws INVALID_FIELDS for a header that is no user id: two headers arrive as one, with a space between their values.
 */
export function actingUserOf(call: Pick<CallContext, "rpc" | "header">): UserId | "" {
  const text = call.rpc.action === "read" ? undefined : call.header(actingUserHeader);
  if (text === undefined) return "";
  const parsed = parseId<UserId>(text);
  if ("value" in parsed) return parsed.value;
  throw refuse.invalidFields([{ field: actingUserHeader, description: parsed.rule }]);
}

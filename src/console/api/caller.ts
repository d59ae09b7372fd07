import { createContext, useContext } from "react";
import type { GetCallerResponse } from "../gen/orgroles/v1/access_service_pb";
import { useEnvironmentId } from "../shell/paths";
import { type Scope, useEnvironment } from "./lists";

export const CallerContext = createContext<GetCallerResponse | undefined>(undefined);

const ranks: Readonly<Record<string, number>> = { read: 0, write: 1, admin: 2 };

/** Returns the signed-in credential, and why it may not do something: undefined if it may. */
export function useCaller() {
  const caller = useContext(CallerContext);
  if (!caller) throw new Error("there is no caller yet");
  const { data } = useEnvironment(useEnvironmentId());
  const isGuarded = caller.actingUserId !== "" && data?.environment?.escalationGuardEnabled;
  const isRestricted = caller.organizationIds.length > 0;
  const refuses = (level: "write" | "admin", { organizationId }: Scope): string | undefined => {
    if ((ranks[caller.level] ?? 0) < (ranks[level] ?? 0))
      return `Needs a credential of level ${level}; “${caller.name}” has level ${caller.level}`;
    if (isRestricted && !organizationId)
      return "Needs a credential of the whole environment; yours is of organizations";
    if (isGuarded && !organizationId)
      return `The escalation guard is on, and you act as “${caller.actingUserId}”: users change nothing of the whole environment`;
    return undefined;
  };
  return { caller, isRestricted, refuses };
}

import { createContext, useContext } from "react";
import type { GetCallerResponse } from "../gen/orgroles/v1/access_service_pb";
import type { Scope } from "./lists";

export const CallerContext = createContext<GetCallerResponse | undefined>(undefined);

const ranks: Readonly<Record<string, number>> = { read: 0, write: 1, admin: 2 };

/** Returns the signed-in credential, and why it may not do something: undefined if it may. */
export function useCaller() {
  const caller = useContext(CallerContext);
  if (!caller) throw new Error("there is no caller yet");
  const isRestricted = caller.organizationIds.length > 0;
  const refuses = (level: "write" | "admin", { organizationId }: Scope): string | undefined => {
    if ((ranks[caller.level] ?? 0) < (ranks[level] ?? 0))
      return `Needs a credential of level ${level}; “${caller.name}” has level ${caller.level}`;
    if (isRestricted && !organizationId)
      return "Needs a credential of the whole environment; yours is of organizations";
    return undefined;
  };
  return { caller, isRestricted, refuses };
}

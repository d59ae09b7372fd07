import { viewRole } from "../../domain/effective-roles";
import { refuse } from "../../domain/errors";
import type { Role, RoleView } from "../../domain/role";
import type { Dependencies } from "../dependencies";
import type { Stores } from "../ports/unit-of-work";
import type { ScopeState } from "../transactions/load-state";
import { readPermissions } from "./role-permissions";

/** Returns a role as callers see it. Throws ETAG_MISMATCH if `etag` is that of another version of the role. */
export async function viewStoredRole(
  { digest }: Dependencies,
  stores: Stores,
  { state, effective }: ScopeState,
  role: Role,
  etag: string | undefined,
): Promise<RoleView> {
  const view = viewRole(digest, effective, role, await readPermissions(stores, state.environment.uid, role));
  if (etag && etag !== view.etag) throw refuse.etagMismatch(etag);
  return view;
}

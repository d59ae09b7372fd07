import type { RoleView } from "../../domain/role";
import { parseRestoredSlug } from "../../domain/slug";
import type { Dependencies } from "../dependencies";
import type { Call } from "../request/idempotency";
import { type CreateRole, createRoleWithSlug } from "./create-role";

/** Creates a role of a blueprint, as CreateRole does. A custom role may have a slug that was generated elsewhere. */
export function restoreRole(
  dependencies: Dependencies,
  request: CreateRole & { readonly slug: string },
  call: Call,
): Promise<RoleView> {
  return createRoleWithSlug(dependencies, request, call, parseRestoredSlug);
}

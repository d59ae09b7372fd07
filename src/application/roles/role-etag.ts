import type { EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import { type Role, roleEtag } from "../../domain/role";
import type { Dependencies } from "../dependencies";
import type { Stores } from "../ports/unit-of-work";

/** Throws ETAG_MISMATCH for the etag of another version of the role. Reads its permissions only if there is an etag. */
export async function checkRoleEtag(
  dependencies: Dependencies,
  stores: Stores,
  state: EnvironmentState,
  role: Role,
  etag: string | undefined,
): Promise<void> {
  if (!etag) return;
  const permissions = await stores.roles.permissionsOf(state.environment.uid, [role.organizationId], role.id);
  if (etag !== roleEtag(dependencies.digest, role, permissions.get(role.id) ?? [])) throw refuse.etagMismatch(etag);
}

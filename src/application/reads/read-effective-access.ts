import type { EffectiveAccess } from "../../domain/effective-access";
import type { ParsedScope } from "../request/scope";
import type { SnapshotCache } from "./snapshot-cache";

/** Returns the roles in force in a scope, with their permissions. Throws ENVIRONMENT_NOT_FOUND. */
export async function readEffectiveAccess(
  { snapshots }: { readonly snapshots: SnapshotCache },
  { environmentId, organizationId }: ParsedScope,
): Promise<EffectiveAccess> {
  const snapshot = await snapshots.read(environmentId, organizationId ? [{ organizationId }] : []);
  return organizationId ? snapshot.organization(organizationId).access : snapshot.environment;
}

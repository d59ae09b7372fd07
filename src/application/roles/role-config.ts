import { type EffectiveRoles, viewConfig } from "../../domain/effective-roles";
import { refuse } from "../../domain/errors";
import type { Dependencies } from "../dependencies";

/** Throws ORGANIZATION_INHERITS_ENVIRONMENT in the scope of an organization without its own configuration. */
export function requireOwnConfig(effective: EffectiveRoles, organizationId: string | undefined): void {
  if (organizationId && effective.inheritsEnvironment) throw refuse.organizationInheritsEnvironment(organizationId);
}

/** Throws ETAG_MISMATCH for the etag of another version of the configuration. */
export function checkConfigEtag(dependencies: Dependencies, effective: EffectiveRoles, etag: string | undefined): void {
  if (etag && etag !== viewConfig(dependencies.digest, effective).etag) throw refuse.etagMismatch(etag);
}

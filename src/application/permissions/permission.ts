import type { Environment } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import type { Permission, PermissionView } from "../../domain/permission";
import { type PermissionSlug, parsePermissionSlug } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import type { Stores } from "../ports/unit-of-work";
import type { Fields } from "../request/fields";
import { parseEnvironmentId } from "../request/scope";

export interface PermissionKey {
  readonly environmentId: string;
  readonly slug: string;
}

/** Parses the fields that name a permission, to be checked with the others of the request. */
export function parsePermissionKey(fields: Fields, key: PermissionKey) {
  return {
    environmentId: parseEnvironmentId(fields, key),
    slug: fields.required("slug", key.slug, parsePermissionSlug),
  };
}

/** Throws PERMISSION_NOT_FOUND. */
export async function findPermission(
  stores: Stores,
  environment: Environment,
  slug: PermissionSlug,
): Promise<Permission> {
  const permission = await stores.permissions.find(environment.uid, slug);
  if (!permission) throw refuse.permissionNotFound(slug);
  return permission;
}

/** Throws ETAG_MISMATCH for the etag of another version of the permission. */
export function checkPermissionEtag(
  dependencies: Dependencies,
  permission: Permission,
  etag: string | undefined,
): void {
  if (etag && etag !== permissionEtag(dependencies, permission)) throw refuse.etagMismatch(etag);
}

export function viewPermission(
  dependencies: Dependencies,
  environment: Environment,
  permission: Permission,
): PermissionView {
  return { environmentId: environment.id, etag: permissionEtag(dependencies, permission), ...permission };
}

function permissionEtag(dependencies: Dependencies, { id, name, description }: Permission): string {
  return dependencies.digest(JSON.stringify([id, name, description]));
}

import type { Environment } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import type { Permission, PermissionView } from "../../domain/permission";
import { parsePermissionSlug } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import type { Fields } from "../request/fields";
import { parseEnvironmentId } from "../request/scope";

export interface PermissionKey {
  readonly environmentId: string;
  readonly slug: string;
}

export function parseKey(fields: Fields, key: PermissionKey) {
  return {
    environmentId: parseEnvironmentId(fields, key),
    slug: fields.required("slug", key.slug, parsePermissionSlug),
  };
}

function permissionEtag(dependencies: Dependencies, { id, name, description }: Permission): string {
  return dependencies.digest(JSON.stringify([id, name, description]));
}

export function checkEtag(dependencies: Dependencies, permission: Permission, etag: string | undefined): void {
  if (etag && etag !== permissionEtag(dependencies, permission)) throw refuse.etagMismatch(etag);
}

export function viewPermission(
  dependencies: Dependencies,
  environment: Environment,
  permission: Permission,
): PermissionView {
  return { environmentId: environment.id, etag: permissionEtag(dependencies, permission), ...permission };
}

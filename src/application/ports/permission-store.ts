import type { EnvironmentUid, PermissionId } from "../../domain/ids";
import type { Permission } from "../../domain/permission";
import type { PermissionSlug } from "../../domain/values";

export interface PermissionStore {
  find(environment: EnvironmentUid, slug: PermissionSlug): Promise<Permission | undefined>;
  /** Permissions behind the given slug, in order of their slugs' bytes. */
  list(environment: EnvironmentUid, after: string, limit: number): Promise<Permission[]>;
  count(environment: EnvironmentUid): Promise<number>;
  /** The ids of those that exist. */
  idsOf(environment: EnvironmentUid, slugs: readonly PermissionSlug[]): Promise<Map<PermissionSlug, PermissionId>>;
  /** All of them. */
  slugs(environment: EnvironmentUid): Promise<Map<PermissionId, PermissionSlug>>;
  /** Live roles of the environment and of all organizations that have the permission. */
  countRoles(environment: EnvironmentUid, id: PermissionId): Promise<number>;
  /** Throws KeyTaken("permission_slug"). */
  insert(environment: EnvironmentUid, permission: Permission): Promise<void>;
  update(
    environment: EnvironmentUid,
    id: PermissionId,
    changes: Partial<Pick<Permission, "name" | "description" | "updateTime">>,
  ): Promise<void>;
  /** Takes the permission from all roles at once, and leaves the rows that named it to the purge. Its slug is free. */
  remove(environment: EnvironmentUid, id: PermissionId, time: number): Promise<void>;
}

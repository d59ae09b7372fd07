import type { EnvironmentUid, PermissionId } from "../../domain/ids";
import type { Permission } from "../../domain/permission";
import type { PermissionSlug } from "../../domain/values";
import type { Walk } from "./walk";

/** The permissions of environments. Whoever writes has locked the environment. */
export interface PermissionStore {
  /** Returns the permission with the slug, or undefined. */
  find(environment: EnvironmentUid, slug: PermissionSlug): Promise<Permission | undefined>;
  /** Returns up to `limit` permissions whose slugs come after the given text, in order of their bytes. */
  list(environment: EnvironmentUid, after: string, limit: number): Promise<Permission[]>;
  /** Returns up to `limit` permissions in order of their ids, or backwards, beyond the given id if there is one. */
  listById(environment: EnvironmentUid, walk: Walk<string>): Promise<Permission[]>;
  /** Returns the number of permissions. */
  count(environment: EnvironmentUid): Promise<number>;
  /** Returns the ids of those permissions that exist, by their slugs. */
  idsOf(environment: EnvironmentUid, slugs: readonly PermissionSlug[]): Promise<Map<PermissionSlug, PermissionId>>;
  /** Returns the slugs of all permissions, by their ids. */
  slugs(environment: EnvironmentUid): Promise<Map<PermissionId, PermissionSlug>>;
  /** Returns the number of live roles that have the permission, of the environment and of all its organizations. */
  countRoles(environment: EnvironmentUid, id: PermissionId): Promise<number>;
  /** Adds a permission. Throws KeyTaken("permission_slug") if another one has the slug. */
  insert(environment: EnvironmentUid, permission: Permission): Promise<void>;
  /** Changes some fields. */
  update(
    environment: EnvironmentUid,
    id: PermissionId,
    changes: Partial<Pick<Permission, "name" | "description" | "updateTime">>,
  ): Promise<void>;
  /**
   * Removes the permission from all roles in constant time and frees its slug. The garbage collector removes the rows
   * of roles that name it.
   */
  remove(environment: EnvironmentUid, id: PermissionId, time: number): Promise<void>;
}

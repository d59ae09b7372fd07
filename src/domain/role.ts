import type { Digest, RoleId } from "./ids";
import type { Slug } from "./slug";
import type { Description, EnvironmentId, Name, OrganizationId, PermissionSlug } from "./values";

/** A role as it is stored. */
export interface Role {
  readonly id: RoleId;
  /** Empty for an environment role. */
  readonly organizationId: OrganizationId | "";
  readonly slug: Slug;
  readonly name: Name;
  readonly description: Description;
  /** The revision of its scope that created it: the order of creation within the scope. */
  readonly createdRevision: number;
  readonly createTime: number;
  readonly updateTime: number;
}

/** What a deleted environment role leaves behind, for those who still refer to it. */
export interface Tombstone {
  /** The revision of the environment that deleted it. */
  readonly deletedRevision: number;
  /** Takes its place as a default, where one was named. */
  readonly replacementRoleId: RoleId | undefined;
  /** The environment's default right after the deletion. */
  readonly environmentDefaultRoleId: RoleId;
}

export interface EnvironmentRole extends Role {
  /** Absent while the role lives. */
  readonly tombstone?: Tombstone;
}

export const isLive = (role: EnvironmentRole) => role.tombstone === undefined;

/** A role as a caller sees it, in the context of an organization or of the environment. */
export interface RoleView extends Omit<Role, "createdRevision"> {
  readonly environmentId: EnvironmentId;
  readonly permissions: readonly PermissionSlug[];
  readonly isDefault: boolean;
  /** 1 is the highest. */
  readonly priority: number;
  readonly etag: string;
}

/** Covers what UpdateRole changes; default and order belong to the configuration. */
export function roleEtag(digest: Digest, role: Role, permissions: readonly PermissionSlug[]): string {
  return digest(JSON.stringify([role.id, role.name, role.description, permissions]));
}

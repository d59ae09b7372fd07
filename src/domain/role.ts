import type { Digest, RoleId } from "./ids";
import type { Slug } from "./slug";
import type { Description, EnvironmentId, Name, OrganizationId, PermissionSlug } from "./values";

/** The owner of environment roles. It is not absent, because an absent value takes no part in a unique key. */
export const environmentOwner = "";

/** The organization that a custom role belongs to, or the environment. */
export type RoleOwner = OrganizationId | typeof environmentOwner;

/** A role as it is stored. */
export interface Role {
  readonly id: RoleId;
  readonly organizationId: RoleOwner;
  readonly slug: Slug;
  readonly name: Name;
  readonly description: Description;
  /** The revision of its scope that created it: the order of creation within the scope. */
  readonly createdRevision: number;
  readonly createTime: number;
  readonly updateTime: number;
}

/** The part of a deleted environment role that references to it are resolved by. */
export interface Tombstone {
  /** The revision of the environment that deleted it. */
  readonly deletedRevision: number;
  /** Replaces it as a default. Undefined where none was named. */
  readonly replacementRoleId: RoleId | undefined;
  /** The environment's default right after the deletion. */
  readonly environmentDefaultRoleId: RoleId;
}

export interface EnvironmentRole extends Role {
  /** Absent while the role lives. */
  readonly tombstone?: Tombstone;
}

/** A role as a caller sees it, in the scope of an organization or of the environment. */
export interface RoleView extends Omit<Role, "createdRevision"> {
  readonly environmentId: EnvironmentId;
  readonly permissions: readonly PermissionSlug[];
  readonly isDefault: boolean;
  /** 1 is the highest. */
  readonly priority: number;
  readonly etag: string;
}

export const isLive = (role: EnvironmentRole): boolean => role.tombstone === undefined;

/** Returns whether the role belongs to an organization rather than to the environment. */
export const isCustom = ({ organizationId }: Pick<Role, "organizationId">): boolean =>
  organizationId !== environmentOwner;

/** Returns the etag of what UpdateRole changes; default and order belong to the configuration. */
export function roleEtag(digest: Digest, role: Role, permissions: readonly PermissionSlug[]): string {
  return digest(JSON.stringify([role.id, role.name, role.description, permissions]));
}

import type { PermissionId } from "./ids";
import type { Description, EnvironmentId, Name, PermissionSlug } from "./values";

/** A permission of an environment. */
export interface Permission {
  readonly id: PermissionId;
  readonly slug: PermissionSlug;
  readonly name: Name;
  readonly description: Description;
  readonly createTime: number;
  readonly updateTime: number;
}

export interface PermissionView extends Permission {
  readonly environmentId: EnvironmentId;
  readonly etag: string;
}

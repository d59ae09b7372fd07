import type { EnvironmentUid, RoleId } from "./ids";
import { type EnvironmentRole, isLive } from "./role";
import type { EnvironmentId, Name } from "./values";

/** An environment as it is stored. */
export interface Environment {
  readonly uid: EnvironmentUid;
  readonly id: EnvironmentId;
  readonly displayName: Name;
  readonly multipleRolesEnabled: boolean;
  /** Whether a call for a user may give only what the user has. */
  readonly escalationGuardEnabled: boolean;
  readonly createTime: number;
  readonly updateTime: number;
  /** Grows by one with each environment-level write. */
  readonly revision: number;
  /** Always a live role. */
  readonly defaultRoleId: RoleId;
  readonly order: readonly RoleId[];
}

/** The end of multiple roles: each member keeps only the highest of its roles of that moment. */
export interface MultipleRolesDisabled {
  /** The revision of the environment that switched multiple roles off. */
  readonly revision: number;
  /** The environment's order of that moment. */
  readonly order: readonly RoleId[];
  readonly createTime: number;
}

/**
 * An environment with its roles at one revision. It is never changed: values computed from it are memoized by its
 * identity.
 */
export interface EnvironmentState {
  readonly environment: Environment;
  /** Live roles and tombstones. */
  readonly roles: ReadonlyMap<RoleId, EnvironmentRole>;
  readonly multipleRolesDisabled: readonly MultipleRolesDisabled[];
}

/** Returns a role of the environment, unless it was deleted. */
export function liveRole({ roles }: EnvironmentState, id: RoleId): EnvironmentRole | undefined {
  const role = roles.get(id);
  return role && isLive(role) ? role : undefined;
}

/** An environment as a caller sees it. */
export interface EnvironmentView {
  readonly id: EnvironmentId;
  readonly displayName: Name;
  readonly multipleRolesEnabled: boolean;
  readonly escalationGuardEnabled: boolean;
  readonly etag: string;
  readonly createTime: number;
  readonly updateTime: number;
}

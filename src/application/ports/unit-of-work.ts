import type { CallSignal } from "./cancellation";
import type { EnvironmentStore } from "./environment-store";
import type { GroupRoleStore } from "./group-role-store";
import type { IdempotencyStore } from "./idempotency-store";
import type { MembershipStore } from "./membership-store";
import type { OrganizationStore } from "./organization-store";
import type { PermissionStore } from "./permission-store";
import type { RevisionStore } from "./revision-store";
import type { RoleStore } from "./role-store";
import type { SnapshotStore } from "./snapshot-store";

/** The database refused a row because another one has its key; the transaction is lost. */
export class KeyTaken extends Error {
  constructor(readonly key: "environment" | "role_slug" | "permission_slug") {
    super(`another row has this ${key}`);
    this.name = "KeyTaken";
  }
}

/**
 * The ways to the stores. Once `signal` is aborted no further statement begins, and what has begun is rolled back.
 * Failures of the database reach the caller as the refusals `databaseUnavailable` and
 * `conflictRetry`, never as errors of a driver.
 */
export interface UnitOfWork {
  /**
   * Runs `work` in one READ COMMITTED transaction and commits it. `work` must begin with a `touch` (or the insert
   * of the scope's row), must do nothing but use these stores, and may run several times: after a conflict the whole
   * of it is repeated. What it throws rolls everything back.
   */
  write<T>(work: (stores: Stores) => Promise<T>, signal?: CallSignal): Promise<T>;
  /** Runs `work` on one consistent state, which has every write acknowledged before the call. Writes are forbidden. */
  read<T>(work: (stores: Stores) => Promise<T>, signal?: CallSignal): Promise<T>;
  /** Like `read` for work of a single statement. */
  lookup<T>(work: (stores: Stores) => Promise<T>): Promise<T>;
}

export interface Stores {
  readonly environments: EnvironmentStore;
  readonly organizations: OrganizationStore;
  readonly roles: RoleStore;
  readonly permissions: PermissionStore;
  readonly memberships: MembershipStore;
  readonly groupRoles: GroupRoleStore;
  readonly idempotency: IdempotencyStore;
  readonly revisions: RevisionStore;
  readonly snapshots: SnapshotStore;
}

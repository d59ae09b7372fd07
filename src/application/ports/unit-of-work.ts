import type { CallSignal } from "./cancellation";
import type { EnvironmentStore } from "./environment-store";
import type { EventStore } from "./event-store";
import type { EventSequenceStore } from "./event-sequence-store";
import type { GroupRoleStore } from "./group-role-store";
import type { IdempotencyStore } from "./idempotency-store";
import type { MembershipStore } from "./membership-store";
import type { OrganizationStore } from "./organization-store";
import type { PermissionStore } from "./permission-store";
import type { RevisionStore } from "./revision-store";
import type { RoleStore } from "./role-store";
import type { SnapshotStore } from "./snapshot-store";

/** Thrown by the insert of a row whose key another row has. It ends the transaction. */
export class KeyTaken extends Error {
  constructor(readonly key: "environment" | "role_slug" | "permission_slug") {
    super(`another row has this ${key}`);
    this.name = "KeyTaken";
  }
}

/** Thrown by a transaction that has read what is of different states. The unit of work rolls it back and repeats it. */
export class StateOutdated extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StateOutdated";
  }
}

/**
 * Runs work on the stores. Once `signal` is aborted, no further statement begins, and the transaction is rolled back.
 * Failures of the database reach the caller as the refusals `databaseUnavailable` and `conflictRetry`, never as errors
 * of a driver.
 */
export interface UnitOfWork {
  /**
   * Runs `work` in one READ COMMITTED transaction and commits it. `work` locks the row of its scope before it reads
   * anything that its writes depend on: with `environments.touch`, `organizations.lock` or the insert of that row. Only
   * the search for the scope's uid, which never changes, may come first. `work` must have no effect but through these
   * stores, because all of it runs again after a conflict. An error of `work` rolls everything back and reaches the
   * caller.
   */
  write<T>(work: (stores: Stores) => Promise<T>, signal?: CallSignal): Promise<T>;
  /**
   * Runs `work` on one consistent state, which contains every write acknowledged before the call. `work` must not
   * write, and runs again after a conflict.
   */
  read<T>(work: (stores: Stores) => Promise<T>, signal?: CallSignal): Promise<T>;
  /**
   * Runs `work` without a transaction: each of its statements reads a state of its own, which contains every write
   * acknowledged before the call. For one statement, or for several whose results may belong to different moments,
   * because they are checked again under a lock or are an estimate. `work` must not write, and runs again after a
   * conflict.
   */
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
  readonly events: EventStore;
  readonly sequences: EventSequenceStore;
  readonly revisions: RevisionStore;
  readonly snapshots: SnapshotStore;
}

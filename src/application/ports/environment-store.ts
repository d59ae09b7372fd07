import type { Environment, MultipleRolesDisabled } from "../../domain/environment";
import type { EnvironmentUid } from "../../domain/ids";
import type { EnvironmentId } from "../../domain/values";

export interface EnvironmentStore {
  find(id: EnvironmentId): Promise<Environment | undefined>;
  get(uid: EnvironmentUid): Promise<Environment | undefined>;
  /** Environments behind the given id, in order of their ids' bytes. */
  list(after: string, limit: number): Promise<Environment[]>;
  /** Locks the environment against other environment-level writes and raises its revision. False: it is gone. */
  touch(uid: EnvironmentUid): Promise<boolean>;
  /** Throws KeyTaken("environment"). */
  insert(environment: Environment): Promise<void>;
  update(
    uid: EnvironmentUid,
    changes: Partial<
      Pick<Environment, "displayName" | "multipleRolesEnabled" | "updateTime" | "defaultRoleId" | "order">
    >,
  ): Promise<void>;
  /**
   * Keeps apart, until the transaction has ended, what happens to all members of the environment at a stroke (the
   * deletion of a role, the end of multiple roles) and changes of what that means in one organization (its default,
   * its order). To be called with the scope's lock held, and before its state is read.
   */
  lockMemberRoles(uid: EnvironmentUid): Promise<void>;
  /** In order of their revisions. */
  listMultipleRolesDisabled(uid: EnvironmentUid): Promise<MultipleRolesDisabled[]>;
  insertMultipleRolesDisabled(uid: EnvironmentUid, collapse: MultipleRolesDisabled): Promise<void>;
  removeMultipleRolesDisabled(uid: EnvironmentUid, revision: number): Promise<void>;
  /** Something was deleted that others may refer to. With the lock of the succession held, as `endSweep`. */
  requestRewriting(uid: EnvironmentUid): Promise<void>;
  endRewriting(uid: EnvironmentUid): Promise<void>;
  /** `touches` grows with every lock of the succession. */
  listRewritingRequests(): Promise<{ uid: EnvironmentUid; touches: number }[]>;
  /** Waits for organizations that are coming into being, and keeps others out until the transaction has ended. */
  closeToNewOrganizations(uid: EnvironmentUid): Promise<void>;
  /** Takes the environment out of sight at once, whatever it holds, and leaves its rows to the purge. Its id is free. */
  remove(uid: EnvironmentUid, time: number): Promise<void>;
}

import type { Environment, MultipleRolesDisabled } from "../../domain/environment";
import type { EnvironmentUid } from "../../domain/ids";
import type { EnvironmentId } from "../../domain/values";

/** The environments, the lock of role resolution in each, and the requests to rewrite references. */
export interface EnvironmentStore {
  /** Returns the environment with the id, or undefined. Locks nothing. */
  find(id: EnvironmentId): Promise<Environment | undefined>;
  /** Returns the environments with the ids that exist, in order of their ids' bytes. Locks nothing. */
  findAll(ids: readonly EnvironmentId[]): Promise<Environment[]>;
  /** Returns the environment with the uid, or undefined. Locks nothing. */
  get(uid: EnvironmentUid): Promise<Environment | undefined>;
  /** Returns up to `limit` environments whose ids come after the given text, in order of their bytes. */
  list(after: string, limit: number): Promise<Environment[]>;
  /**
   * Locks the environment against other environment-level writes until the transaction ends, and raises its revision by
   * one. Returns false if there is no such environment.
   */
  touch(uid: EnvironmentUid): Promise<boolean>;
  /** Adds an environment, and locks it like `touch`. Throws KeyTaken("environment") if another one has the id. */
  insert(environment: Environment): Promise<void>;
  /** Changes some fields. The caller has locked the environment. */
  update(
    uid: EnvironmentUid,
    changes: Partial<
      Pick<
        Environment,
        "displayName" | "multipleRolesEnabled" | "escalationGuardEnabled" | "updateTime" | "defaultRoleId" | "order"
      >
    >,
  ): Promise<void>;
  /**
   * Locks role resolution in the environment until the transaction ends. Changes that affect all members at once (the
   * deletion of a role, the end of multiple roles) take this lock, and so do changes of what these mean in one
   * organization (its default, its order). The caller has locked its scope, and reads members and the configurations of
   * organizations after this lock; a mere count of organizations, which grows with their number, may come before it.
   */
  lockMemberRoles(uid: EnvironmentUid): Promise<void>;
  /** Returns the events at which multiple roles were disabled, in order of their revisions. */
  listMultipleRolesDisabled(uid: EnvironmentUid): Promise<MultipleRolesDisabled[]>;
  /** Adds an event. The caller has locked the environment and role resolution. */
  insertMultipleRolesDisabled(uid: EnvironmentUid, event: MultipleRolesDisabled): Promise<void>;
  /** Removes an event. The caller has locked the environment and role resolution. */
  removeMultipleRolesDisabled(uid: EnvironmentUid, revision: number): Promise<void>;
  /** Requests that references to deleted roles are rewritten. The caller has locked role resolution. */
  requestRewriting(uid: EnvironmentUid): Promise<void>;
  /** Ends the request: no reference is left. The caller has locked role resolution. */
  endRewriting(uid: EnvironmentUid): Promise<void>;
  /** Returns the environments with a request, in no order. `touches` grows with every lock of role resolution. */
  listRewritingRequests(): Promise<{ uid: EnvironmentUid; touches: number }[]>;
  /**
   * Waits for transactions that add organizations, and blocks further ones until this transaction ends: on whichever
   * node of a cluster. If the environment has an organization, the whole transaction runs again.
   */
  closeToNewOrganizations(uid: EnvironmentUid): Promise<void>;
  /**
   * Removes the environment in constant time and frees its id. The garbage collector removes the rows that belonged to
   * it. The caller has locked the environment.
   */
  remove(uid: EnvironmentUid, time: number): Promise<void>;
}

import type { EnvironmentId, OrganizationId, PermissionSlug, RequestId } from "./fields";
import type { EnvironmentUid, PermissionId, RoleId } from "./ids";
import type { EnvironmentRole, Permission, Role, Tombstone } from "./role";
import type { Environment, Organization, OwnConfig } from "./role-config";

/** The database refused a row because another one has its key; the transaction is lost. */
export class KeyTaken extends Error {
  constructor(readonly key: "environment" | "role_slug" | "permission_slug") {
    super(`another row has this ${key}`);
    this.name = "KeyTaken";
  }
}

/**
 * The ways to the stores. Failures of the database reach the caller as the refusals `databaseUnavailable` and
 * `conflictRetry`, never as errors of a driver.
 */
export interface UnitOfWork {
  /**
   * Runs `work` in one READ COMMITTED transaction and commits it. `work` must begin with a `touch` (or the insert
   * of the scope's row), must do nothing but use these stores, and may run several times: after a conflict the whole
   * of it is repeated. What it throws rolls everything back.
   */
  write<T>(work: (stores: Stores) => Promise<T>): Promise<T>;
  /** Runs `work` on one consistent state, which has every write acknowledged before the call. Writes are forbidden. */
  read<T>(work: (stores: Stores) => Promise<T>): Promise<T>;
  /** Like `read` for work of a single statement. */
  lookup<T>(work: (stores: Stores) => Promise<T>): Promise<T>;
}

export interface Stores {
  readonly environments: EnvironmentStore;
  readonly organizations: OrganizationStore;
  readonly roles: RoleStore;
  readonly permissions: PermissionStore;
  readonly answers: AnswerStore;
}

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
  /** Waits for organizations that are coming into being, and keeps others out until the transaction has ended. */
  closeToNewOrganizations(uid: EnvironmentUid): Promise<void>;
  /** Takes the environment out of sight at once, whatever it holds, and leaves its rows to the purge. Its id is free. */
  remove(uid: EnvironmentUid, time: number): Promise<void>;
}

/** An organization has a row for as long as it has data. */
export interface OrganizationStore {
  get(environment: EnvironmentUid, id: OrganizationId): Promise<Organization | undefined>;
  /** Locks the organization against other writes to it and raises its revision. False: it has no row. */
  touch(environment: EnvironmentUid, id: OrganizationId): Promise<boolean>;
  /** Its first row, at revision 1, inheriting. Of several at once one succeeds, the others run again. */
  insert(environment: EnvironmentUid, id: OrganizationId): Promise<void>;
  saveOwn(environment: EnvironmentUid, id: OrganizationId, own: OwnConfig): Promise<void>;
  countByDefault(environment: EnvironmentUid, defaultRoleIds: readonly RoleId[]): Promise<number>;
  /** In order of their ids' bytes. */
  listByDefault(
    environment: EnvironmentUid,
    defaultRoleIds: readonly RoleId[],
    limit: number,
  ): Promise<OrganizationId[]>;
  count(environment: EnvironmentUid): Promise<number>;
  remove(environment: EnvironmentUid, id: OrganizationId): Promise<void>;
}

export interface RoleStore {
  /** Live roles and tombstones. */
  ofEnvironment(environment: EnvironmentUid): Promise<EnvironmentRole[]>;
  ofOrganization(environment: EnvironmentUid, organization: OrganizationId): Promise<Role[]>;
  /** The sorted slugs of the live permissions of each role of the scope; `""` is the environment. */
  permissionsOf(
    environment: EnvironmentUid,
    organization: OrganizationId | "",
    roleId?: RoleId,
  ): Promise<Map<RoleId, PermissionSlug[]>>;
  /**
   * Throws KeyTaken("role_slug"): an explicit slug of a custom role is unique in its organization, every other slug
   * in the whole environment, so that no environment role can meet a custom role of the same slug.
   */
  insert(environment: EnvironmentUid, role: Role): Promise<void>;
  update(
    environment: EnvironmentUid,
    role: Pick<Role, "id" | "organizationId">,
    changes: Partial<Pick<Role, "name" | "description" | "updateTime">>,
  ): Promise<void>;
  /** Adds permissions the role does not have. */
  addPermissions(
    environment: EnvironmentUid,
    role: Pick<Role, "id" | "organizationId">,
    permissionIds: readonly PermissionId[],
  ): Promise<void>;
  removePermissions(
    environment: EnvironmentUid,
    role: Pick<Role, "id" | "organizationId">,
    permissionIds: readonly PermissionId[],
  ): Promise<void>;
  /** Makes a live environment role a tombstone: without permissions, its slug free. */
  bury(environment: EnvironmentUid, id: RoleId, tombstone: Tombstone): Promise<void>;
  /** Deletes a custom role with its permissions. */
  remove(environment: EnvironmentUid, organization: OrganizationId, id: RoleId): Promise<void>;
  /** Deletes all custom roles of an organization. */
  removeAll(environment: EnvironmentUid, organization: OrganizationId): Promise<void>;
}

export interface PermissionStore {
  find(environment: EnvironmentUid, slug: PermissionSlug): Promise<Permission | undefined>;
  /** Permissions behind the given slug, in order of their slugs' bytes. */
  list(environment: EnvironmentUid, after: string, limit: number): Promise<Permission[]>;
  count(environment: EnvironmentUid): Promise<number>;
  /** The ids of those that exist. */
  idsOf(environment: EnvironmentUid, slugs: readonly PermissionSlug[]): Promise<Map<PermissionSlug, PermissionId>>;
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

/** The answer to a request id. */
export interface Answer {
  readonly requestId: RequestId;
  /** Tells one request from another. */
  readonly fingerprint: string;
  /** JSON. */
  readonly answer: string;
  readonly createTime: number;
}

export interface AnswerStore {
  /** The answer, unless it was made before `since`. */
  find(environment: EnvironmentId, requestId: RequestId, since: number): Promise<Answer | undefined>;
  /** Takes the place of an answer made before `since`. Of two at once one succeeds, the other runs again. */
  save(environment: EnvironmentId, answer: Answer, since: number): Promise<void>;
}

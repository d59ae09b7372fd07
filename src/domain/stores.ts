import type { EnvironmentId, GroupId, OrganizationId, PermissionSlug, RequestId } from "./fields";
import type { EnvironmentUid, OrganizationUid, PermissionId, RoleId } from "./ids";
import type { EnvironmentRole, Permission, Role, Tombstone } from "./role";
import type {
  Collapse,
  Environment,
  GroupRole,
  MemberKey,
  Membership,
  Organization,
  OrganizationState,
  OwnConfig,
} from "./state";

/** The database refused a row because another one has its key; the transaction is lost. */
export class KeyTaken extends Error {
  constructor(readonly key: "environment" | "role_slug" | "permission_slug") {
    super(`another row has this ${key}`);
    this.name = "KeyTaken";
  }
}

/** Of a caller: throws when it has given up. An AbortSignal is one, and takes longer to make than it is of use. */
export type CallSignal = Pick<AbortSignal, "throwIfAborted">;

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
  readonly answers: AnswerStore;
  readonly current: CurrentStore;
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
  /**
   * Keeps apart, until the transaction has ended, what happens to all members of the environment at a stroke (the
   * deletion of a role, the end of multiple roles) and changes of what that means in one organization (its default,
   * its order). To be called with the scope's lock held, and before its state is read.
   */
  lockSuccession(uid: EnvironmentUid): Promise<void>;
  /** In order of their revisions. */
  collapses(uid: EnvironmentUid): Promise<Collapse[]>;
  insertCollapse(uid: EnvironmentUid, collapse: Collapse): Promise<void>;
  removeCollapse(uid: EnvironmentUid, revision: number): Promise<void>;
  /** Something was deleted that others may refer to. With the lock of the succession held, as `endSweep`. */
  requestSweep(uid: EnvironmentUid): Promise<void>;
  endSweep(uid: EnvironmentUid): Promise<void>;
  /** `touches` grows with every lock of the succession. */
  sweepRequests(): Promise<{ uid: EnvironmentUid; touches: number }[]>;
  /** Waits for organizations that are coming into being, and keeps others out until the transaction has ended. */
  closeToNewOrganizations(uid: EnvironmentUid): Promise<void>;
  /** Takes the environment out of sight at once, whatever it holds, and leaves its rows to the purge. Its id is free. */
  remove(uid: EnvironmentUid, time: number): Promise<void>;
}

/** An organization has a row for as long as it has data. */
export interface OrganizationStore {
  /** Those that have a row, in order of their ids' bytes. */
  find(environment: EnvironmentUid, ids: readonly OrganizationId[]): Promise<Organization[]>;
  findByUid(environment: EnvironmentUid, uids: readonly OrganizationUid[]): Promise<Organization[]>;
  /** Organizations behind the given id, in order of their ids' bytes. */
  list(environment: EnvironmentUid, after: string, limit: number): Promise<Organization[]>;
  /** Locks those that have a row against other writes to them, raises their revisions, and answers them. */
  lock(environment: EnvironmentUid, ids: readonly OrganizationId[]): Promise<Organization[]>;
  /** Their first rows, at revision 1, inheriting. Of several writers at once one succeeds, the others run again. */
  insert(environment: EnvironmentUid, organizations: readonly Pick<Organization, "id" | "uid">[]): Promise<void>;
  /** Undefined: it inherits from now on. */
  saveOwn(environment: EnvironmentUid, id: OrganizationId, own: OwnConfig | undefined): Promise<void>;
  countByDefault(environment: EnvironmentUid, defaultRoleIds: readonly RoleId[]): Promise<number>;
  /** In order of their ids' bytes. */
  listByDefault(
    environment: EnvironmentUid,
    defaultRoleIds: readonly RoleId[],
    limit: number,
  ): Promise<OrganizationId[]>;
  count(environment: EnvironmentUid): Promise<number>;
  /** Takes the organization with its members and groups out of sight at once, and leaves their rows to the purge. */
  remove(environment: EnvironmentUid, organization: Pick<Organization, "id" | "uid">, time: number): Promise<void>;
}

export interface RoleStore {
  /** Live roles and tombstones. */
  ofEnvironment(environment: EnvironmentUid): Promise<EnvironmentRole[]>;
  /** Absent: an organization without any. */
  ofOrganizations(
    environment: EnvironmentUid,
    organizations: readonly OrganizationId[],
  ): Promise<Map<OrganizationId, Pick<OrganizationState, "customRoles" | "replaced">>>;
  /** Deleted custom roles of all organizations. */
  replaced(environment: EnvironmentUid): Promise<{ id: RoleId; organizationId: OrganizationId }[]>;
  /** The sorted slugs of the live permissions of each role of the scopes, or of some; `""` is the environment. */
  permissionsOf(
    environment: EnvironmentUid,
    organizations: readonly (OrganizationId | "")[],
    roles?: RoleId | readonly RoleId[],
  ): Promise<Map<RoleId, PermissionSlug[]>>;
  /** The permissions of each role of the scopes, those that were deleted among them. */
  grants(
    environment: EnvironmentUid,
    organizations: readonly (OrganizationId | "")[],
  ): Promise<Map<RoleId, PermissionId[]>>;
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
  bury(environment: EnvironmentUid, id: RoleId, tombstone: Tombstone, time: number): Promise<void>;
  /** Makes a live custom role a reference to the role that takes its place: without permissions, its slug free. */
  replace(environment: EnvironmentUid, organization: OrganizationId, id: RoleId, by: RoleId): Promise<void>;
  /** Deletes a role that nothing refers to, with its permissions. */
  remove(environment: EnvironmentUid, organization: OrganizationId | "", id: RoleId): Promise<void>;
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
  /** All of them. */
  slugs(environment: EnvironmentUid): Promise<Map<PermissionId, PermissionSlug>>;
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

/** Which members may refer to what they no longer have. */
export interface Unsettled {
  readonly roleIds: readonly RoleId[];
  /** Members with several roles of before this revision; 0: none. */
  readonly collapsedAt: number;
}

export interface MembershipStore {
  find(environment: EnvironmentUid, keys: readonly MemberKey[]): Promise<Membership[]>;
  /** Members behind the given user, in order of their ids' bytes; with `roleIds` those that store one of them. */
  list(
    environment: EnvironmentUid,
    organization: OrganizationUid,
    page: { readonly after: string; readonly limit: number; readonly roleIds?: readonly RoleId[] | undefined },
  ): Promise<Membership[]>;
  /** Those of the roles that some member of the organization stores. */
  stored(environment: EnvironmentUid, organization: OrganizationUid, roleIds: readonly RoleId[]): Promise<RoleId[]>;
  count(environment: EnvironmentUid, organization: OrganizationUid): Promise<number>;
  /** Members that store this role and no other one. */
  countAlone(environment: EnvironmentUid, roleId: RoleId, organization?: OrganizationUid): Promise<number>;
  /** Members that store this role, with `several` only those that store others too, behind the given one. */
  storing(
    environment: EnvironmentUid,
    roleId: RoleId,
    options: {
      readonly several: boolean;
      readonly organization?: OrganizationUid | undefined;
      readonly after?: MemberKey | undefined;
      readonly limit: number;
    },
  ): Promise<Membership[]>;
  /** Some of the unsettled members, of all organizations or of these; none exactly when there are none. */
  unsettled(
    environment: EnvironmentUid,
    by: Unsettled,
    limit: number,
    organizations?: readonly OrganizationUid[],
  ): Promise<Membership[]>;
  /** In rows: one for each role of a member. */
  countUnsettled(environment: EnvironmentUid, by: Unsettled): Promise<number>;
  /** Makes these members, or replaces their roles and times. */
  put(environment: EnvironmentUid, memberships: readonly Membership[]): Promise<void>;
  remove(environment: EnvironmentUid, key: MemberKey): Promise<void>;
}

export interface GroupRoleStore {
  find(environment: EnvironmentUid, organization: OrganizationUid, groupIds: readonly GroupId[]): Promise<GroupRole[]>;
  /** Groups behind the given one, in order of their ids' bytes, but for those mapped to `without`. */
  list(
    environment: EnvironmentUid,
    organization: OrganizationUid,
    page: { readonly after: string; readonly limit: number; readonly without: readonly RoleId[] },
  ): Promise<GroupRole[]>;
  /** Groups of the organization mapped to one of the roles. */
  count(environment: EnvironmentUid, organization: OrganizationUid, roleIds: readonly RoleId[]): Promise<number>;
  /** Some of the groups, of all organizations or of these, that are mapped to one of the roles. */
  mappedTo(
    environment: EnvironmentUid,
    roleIds: readonly RoleId[],
    limit: number,
    organizations?: readonly OrganizationUid[],
  ): Promise<(GroupRole & { readonly organizationUid: OrganizationUid })[]>;
  /** Maps the group, or replaces its role and times. */
  put(environment: EnvironmentUid, organization: OrganizationUid, groupRole: GroupRole): Promise<void>;
  /** False: it was not mapped. */
  remove(environment: EnvironmentUid, organization: OrganizationUid, groupId: GroupId): Promise<boolean>;
}

/** What a call needs to know of the present: revisions, and the rows of members. */
export interface Question {
  readonly environmentId: EnvironmentId;
  /** Of the environment as the asker knows it: organizations and members are looked for there. */
  readonly environmentUid: EnvironmentUid;
  readonly organizationIds: readonly OrganizationId[];
  readonly members: readonly MemberKey[];
}

export interface Current {
  environment(id: EnvironmentId): Pick<Environment, "uid" | "revision"> | undefined;
  organization(environment: EnvironmentUid, id: OrganizationId): Pick<Organization, "uid" | "revision"> | undefined;
  member(environment: EnvironmentUid, key: MemberKey): Membership | undefined;
}

export interface CurrentStore {
  /** Answers all questions from one consistent state. Undefined: members have far more roles than one answer should have. */
  find(questions: readonly Question[]): Promise<Current | undefined>;
}

/** The answer to a request id. */
export interface Answer {
  readonly requestId: RequestId;
  /** Tells one request from another. */
  readonly fingerprint: string;
  /** What JSON can represent. */
  readonly answer: unknown;
  readonly createTime: number;
}

export interface AnswerStore {
  /** The answer, unless it was made before `since`. */
  find(environment: EnvironmentId, requestId: RequestId, since: number): Promise<Answer | undefined>;
  /** Takes the place of an answer made before `since`. Of two at once one succeeds, the other runs again. */
  save(environment: EnvironmentId, answer: Answer, since: number): Promise<void>;
}

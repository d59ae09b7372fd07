import type { EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import type { Organization, OwnConfig } from "../../domain/organization";
import type { OrganizationId, UserId } from "../../domain/values";

/** An organization without its order, which is long. */
export interface OrganizationSummary extends Pick<Organization, "id" | "uid"> {
  readonly inheritsEnvironment: boolean;
}

/** The organizations of environments. An organization has a row only while it has data. */
export interface OrganizationStore {
  /** Returns the organizations that have a row, in order of their ids' bytes. Locks nothing. */
  find(environment: EnvironmentUid, ids: readonly OrganizationId[]): Promise<Organization[]>;
  /** Returns the organizations that have a row, in no order. Locks nothing. */
  findByUid(environment: EnvironmentUid, uids: readonly OrganizationUid[]): Promise<Organization[]>;
  /** Returns up to `limit` organizations whose ids come after the given text, in order of their bytes. */
  list(environment: EnvironmentUid, after: string, limit: number): Promise<Organization[]>;
  /**
   * Returns up to `limit` organizations whose ids begin with the prefix and come after the given text, in order of their
   * bytes; with `ids` only those.
   */
  listSummaries(
    environment: EnvironmentUid,
    page: {
      readonly after: string;
      readonly limit: number;
      readonly prefix: string;
      readonly ids?: readonly OrganizationId[] | undefined;
    },
  ): Promise<OrganizationSummary[]>;
  /** Returns up to `limit` ids of organizations of a user that come after the given text, in order of their bytes. */
  listOfUser(environment: EnvironmentUid, userId: UserId, after: string, limit: number): Promise<OrganizationId[]>;
  /** Like `listOfUser` in the opposite order: the ids that come before the given text, or the last ones without it. */
  listOfUserBackwards(
    environment: EnvironmentUid,
    userId: UserId,
    before: string | undefined,
    limit: number,
  ): Promise<OrganizationId[]>;
  /**
   * Returns those of the organizations that have a member, or a group that is mapped to a role that is not among
   * `without`, in no order.
   */
  withMembersOrGroups(
    environment: EnvironmentUid,
    uids: readonly OrganizationUid[],
    without: readonly RoleId[],
  ): Promise<OrganizationUid[]>;
  /**
   * Locks the organizations that have a row against other writes to them until the transaction ends, and raises their
   * revisions by one. Returns them in order of their ids' bytes. Callers pass ids in that order, so that they never
   * wait for each other in a circle. If one of the others gets its row meanwhile, the whole transaction runs again.
   */
  lock(environment: EnvironmentUid, ids: readonly OrganizationId[]): Promise<Organization[]>;
  /**
   * Adds rows at revision 1 that inherit, and locks them like `lock`. Of several transactions that add the same
   * organization one succeeds, and the others run again. Does not wait for writes to the environment.
   */
  insert(environment: EnvironmentUid, organizations: readonly Pick<Organization, "id" | "uid">[]): Promise<void>;
  /** Sets the revision of a row that this transaction has added. */
  setRevision(environment: EnvironmentUid, id: OrganizationId, revision: number): Promise<void>;
  /**
   * Replaces the own configuration; undefined: the organization inherits again. The caller has locked the organization.
   */
  saveOwn(environment: EnvironmentUid, id: OrganizationId, own: OwnConfig | undefined): Promise<void>;
  /** Returns the number of organizations whose own default is one of the roles. */
  countByDefault(environment: EnvironmentUid, defaultRoleIds: readonly RoleId[]): Promise<number>;
  /** Returns up to `limit` organizations whose own default is one of the roles, in order of their ids' bytes. */
  listByDefault(
    environment: EnvironmentUid,
    defaultRoleIds: readonly RoleId[],
    limit: number,
  ): Promise<OrganizationId[]>;
  /** Returns the number of organizations that have a row. */
  count(environment: EnvironmentUid): Promise<number>;
  /**
   * Removes the organization with its members and groups in constant time. The garbage collector removes their rows.
   * Custom roles stay. The caller has locked the organization.
   */
  remove(environment: EnvironmentUid, organization: Pick<Organization, "id" | "uid">, time: number): Promise<void>;
}

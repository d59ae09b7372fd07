import type { EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import type { Organization, OwnConfig } from "../../domain/organization";
import type { OrganizationId } from "../../domain/values";

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

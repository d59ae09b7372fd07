import type { Environment } from "../../domain/environment";
import type { EnvironmentUid } from "../../domain/ids";
import type { MemberKey, Membership } from "../../domain/membership";
import type { Organization } from "../../domain/organization";
import type { EnvironmentId, OrganizationId } from "../../domain/values";

/** A query for the current state: revisions, and the rows of members. */
export interface RevisionQuery {
  readonly environmentId: EnvironmentId;
  /** The uid of the environment in the caller's cache. Organizations and members are looked for under it. */
  readonly environmentUid: EnvironmentUid;
  readonly organizationIds: readonly OrganizationId[];
  readonly members: readonly MemberKey[];
}

/**
 * The result of queries. Every method returns undefined for what was not queried or does not exist. `organization` and
 * `member` mean something only if `environment` returns the uid of the query: another one has replaced it otherwise.
 */
export interface CurrentRevisions {
  environment(id: EnvironmentId): Pick<Environment, "uid" | "revision"> | undefined;
  organization(environment: EnvironmentUid, id: OrganizationId): Pick<Organization, "uid" | "revision"> | undefined;
  member(environment: EnvironmentUid, key: MemberKey): Membership | undefined;
}

export interface RevisionStore {
  /**
   * Returns what all queries select from one consistent state, in one statement that locks nothing. Returns undefined
   * if the members have far more roles than one result should have: query fewer of them at once.
   */
  find(queries: readonly RevisionQuery[]): Promise<CurrentRevisions | undefined>;
}

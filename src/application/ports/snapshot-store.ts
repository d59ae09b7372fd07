import type { EnvironmentUid, PermissionId, RoleId } from "../../domain/ids";
import type { OrganizationState } from "../../domain/organization";
import type { OrganizationId, UserId } from "../../domain/values";
import type { CurrentRevisions, RevisionQuery } from "./revision-store";

/** A query for the contents of organizations. */
export interface ContentQuery extends RevisionQuery {
  /** Members of organizations of the query whose uids are not known. */
  readonly users: readonly { readonly organizationId: OrganizationId; readonly userId: UserId }[];
}

/** The configuration of an organization, its custom roles, and their permissions. */
export interface OrganizationContent {
  readonly state: OrganizationState;
  /** The permissions of each custom role, deleted ones among them. A role without any is absent. */
  readonly grants: ReadonlyMap<RoleId, readonly PermissionId[]>;
}

/** Revisions and members, with the contents of organizations. */
export interface CurrentContents extends CurrentRevisions {
  content(environment: EnvironmentUid, id: OrganizationId): OrganizationContent | undefined;
}

export interface SnapshotStore {
  /**
   * Returns what the queries ask for, and the contents of their organizations, in one statement from one consistent state.
   * Returns undefined if the members have far more roles than one response should contain.
   */
  find(queries: readonly ContentQuery[]): Promise<CurrentContents | undefined>;
}

import type { EnvironmentUid, PermissionId, RoleId } from "../../domain/ids";
import type { OrganizationState } from "../../domain/organization";
import type { OrganizationId } from "../../domain/values";
import type { CurrentRevisions, RevisionQuery } from "./revision-store";

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
  find(queries: readonly RevisionQuery[]): Promise<CurrentContents | undefined>;
}

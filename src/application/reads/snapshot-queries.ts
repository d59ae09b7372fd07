import { refuse } from "../../domain/errors";
import type { OrganizationUid } from "../../domain/ids";
import type { MemberKey } from "../../domain/membership";
import type { Organization } from "../../domain/organization";
import type { OrganizationId, UserId } from "../../domain/values";
import type { CurrentRevisions, RevisionQuery } from "../ports/revision-store";
import type { ContentQuery } from "../ports/snapshot-store";
import type { KnownMembers } from "./known-members";
import type { EnvironmentSnapshot, OrganizationSnapshot } from "./read-snapshot";

/** A member, or only an organization, that a read is about. */
export interface Subject {
  readonly organizationId: OrganizationId;
  readonly userId?: UserId;
}

export type Organizations = Map<OrganizationId, OrganizationSnapshot | undefined>;

export const isSame = ({ state }: OrganizationSnapshot, row: Pick<Organization, "uid" | "revision">): boolean =>
  state.uid === row.uid && state.revision === row.revision;

/** Returns whether an environment is at the database's revision. Throws if it was deleted. */
export function isCurrent({ state: { environment } }: EnvironmentSnapshot, current: CurrentRevisions): boolean {
  const row = current.environment(environment.id);
  if (!row) throw refuse.environmentNotFound(environment.id);
  return row.uid === environment.uid && row.revision === environment.revision;
}

/** Returns the keys of the members among the subjects whose organizations have a uid. */
export function memberKeys(
  subjects: readonly Subject[],
  uidOf: (id: OrganizationId) => OrganizationUid | undefined,
): MemberKey[] {
  const keys: MemberKey[] = [];
  for (const { organizationId, userId } of subjects) {
    const organizationUid = userId && uidOf(organizationId);
    if (organizationUid) keys.push({ organizationUid, userId });
  }
  return keys;
}

/**
 * Returns the query for the revisions of all organizations, and for the members of those that are in memory, but for known
 * members.
 */
export function queryOf(
  { state: { environment } }: EnvironmentSnapshot,
  organizations: Organizations,
  subjects: readonly Subject[],
  known: KnownMembers,
): RevisionQuery {
  return {
    environmentId: environment.id,
    environmentUid: environment.uid,
    organizationIds: [...organizations.keys()],
    members: memberKeys(subjects, (id) => organizations.get(id)?.state.uid).filter((key) => !known.has(key)),
  };
}

/** Returns the query for the contents and the members of organizations that are to be loaded. */
export function contentQueryOf(
  { state: { environment } }: EnvironmentSnapshot,
  stale: readonly Pick<Organization, "id" | "uid">[],
  subjects: readonly Subject[],
): ContentQuery {
  const uids = new Map(stale.map(({ id, uid }) => [id, uid]));
  return {
    environmentId: environment.id,
    environmentUid: environment.uid,
    organizationIds: [...uids.keys()],
    members: memberKeys(subjects, (id) => uids.get(id)),
    users: [],
  };
}

/** Returns the query for everything about organizations of which nothing is in memory. */
export function unknownQueryOf(
  { state: { environment } }: EnvironmentSnapshot,
  organizations: Organizations,
  subjects: readonly Subject[],
): ContentQuery {
  return {
    environmentId: environment.id,
    environmentUid: environment.uid,
    organizationIds: [...organizations.keys()],
    members: [],
    users: subjects.flatMap(({ organizationId, userId }) => (userId ? [{ organizationId, userId }] : [])),
  };
}

/** Returns the organizations that are not in memory, or not at the database's revision, as the database has them. */
export function staleOf(
  { state: { environment }, table }: EnvironmentSnapshot,
  organizations: Organizations,
  current: CurrentRevisions,
): Pick<Organization, "id" | "uid">[] {
  const stale: Pick<Organization, "id" | "uid">[] = [];
  for (const [id, snapshot] of organizations) {
    const row = current.organization(environment.uid, id);
    if (row && !(snapshot?.lineage === table.lineage && isSame(snapshot, row))) stale.push({ id, uid: row.uid });
  }
  return stale;
}

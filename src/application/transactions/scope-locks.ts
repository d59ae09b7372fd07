import type { EnvironmentUid, OrganizationUid } from "../../domain/ids";
import type { Organization } from "../../domain/organization";
import type { OrganizationId } from "../../domain/values";
import type { Stores } from "../ports/unit-of-work";

/*
 * Every lock of the service is taken here. Each of them writes a row, which is the only lock that also excludes the
 * writers of other nodes of a cluster. A transaction takes its locks in this order:
 *
 * 1. its scope: the row of the environment, or the rows of organizations, in the order of their ids. It is the first
 *    statement of the transaction. Environment-level and organization-level writes do not exclude each other by it;
 * 2. the roles of all members of the environment, where the write affects all of them at once, or changes what such a
 *    write means in one organization;
 * 3. the creation of organizations in the environment.
 */

/** Locks the roles of all members of an environment. Does nothing where they are locked, or are not to be. */
export type LockMemberRoles = () => Promise<void>;

/** Locks an environment against other environment-level writes. Returns false if it has been deleted. */
export function lockEnvironment(stores: Stores, uid: EnvironmentUid): Promise<boolean> {
  return stores.environments.touch(uid);
}

/** Locks organizations against other writes to them. Returns those that have a row. */
export function lockOrganizations(
  stores: Stores,
  uid: EnvironmentUid,
  ids: readonly OrganizationId[],
): Promise<Organization[]> {
  return stores.organizations.lock(uid, ids.toSorted());
}

/**
 * Creates and thereby locks those organizations that have no row. Returns all of them. The revision of one that had a
 * row before begins above that of its last event, so that the revisions of an id order its events.
 */
export async function createMissing(
  stores: Stores,
  uid: EnvironmentUid,
  locked: readonly Organization[],
  wanted: ReadonlyMap<OrganizationId, OrganizationUid>,
): Promise<Organization[]> {
  const present = new Set(locked.map(({ id }) => id));
  const missing = [...wanted].flatMap(([id, organizationUid]) => (present.has(id) ? [] : { id, uid: organizationUid }));
  await stores.organizations.insert(uid, missing);
  const ids = missing.map(({ id }) => id);
  const latest = await stores.events.latestRevisions(uid, ids);
  for (const [id, revision] of latest) await stores.organizations.setRevision(uid, id, revision + 1);
  const created = missing.map((one) => ({ ...one, revision: (latest.get(one.id) ?? 0) + 1, isNew: true as const }));
  return [...locked, ...created];
}

/**
 * Excludes two kinds of writes from each other: those that affect all members at once (the deletion of a role, the end
 * of multiple roles, the rewriting of references) and those that change what the former mean in one organization (its
 * default, its order, its custom roles). Protects the stored roles of members, and the defaults and orders of
 * organizations: to be called before they are read. Only DeleteEnvironmentRole counts organizations before, so that their
 * writers do not wait for that count.
 */
export function lockMemberRoles(stores: Stores, uid: EnvironmentUid): Promise<void> {
  return stores.environments.lockMemberRoles(uid);
}

/** Waits for organizations that are being created, and excludes the creation of others. Conflicts if there is one. */
export function lockOrganizationCreation(stores: Stores, uid: EnvironmentUid): Promise<void> {
  return stores.environments.closeToNewOrganizations(uid);
}

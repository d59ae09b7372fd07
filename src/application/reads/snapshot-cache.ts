import { environmentRoles, organizationRoles } from "../../domain/effective-roles";
import type { Environment, EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import type { EnvironmentUid } from "../../domain/ids";
import { type MemberKey, byKey } from "../../domain/membership";
import type { Organization, OrganizationState } from "../../domain/organization";
import { PermissionTable } from "../../domain/permission-set";
import { environmentOwner } from "../../domain/role";
import type { EnvironmentId, OrganizationId, UserId } from "../../domain/values";
import { mapInSlices } from "../../event-loop/time-slices";
import type { Cache, Caches } from "../ports/cache";
import type { CurrentRevisions, RevisionQuery } from "../ports/revision-store";
import type { Stores, UnitOfWork } from "../ports/unit-of-work";
import type { ParsedScope } from "../request/scope";
import { type ScopeState, loadEnvironment, loadOrganizations } from "../transactions/load-state";
import type { StateCache } from "../transactions/state-cache";
import {
  type CachedScope,
  type EnvironmentSnapshot,
  type Grants,
  type OrganizationSnapshot,
  accessInOrganization,
  combineGrants,
  ReadSnapshot,
  resolveGrant,
  snapshotIfCurrent,
} from "./read-snapshot";
import { RequestBatcher } from "./request-batcher";

/** A member, or only an organization, that a read is about. */
interface Subject {
  readonly organizationId: OrganizationId;
  readonly userId?: UserId;
}

/**
 * Reads at the cost of one shared round trip, for the revisions and the rows of members. A cached snapshot is used if its
 * revision is that of the database, else loaded in one consistent transaction. Every read is therefore as new as the
 * database was when the call arrived.
 */
export class SnapshotCache implements StateCache {
  private readonly environments: Cache<EnvironmentSnapshot>;
  private readonly organizations: Cache<OrganizationSnapshot>;
  private readonly warmed = new Map<EnvironmentId, number>();
  private readonly batcher: RequestBatcher<RevisionQuery, CurrentRevisions | undefined>;
  private hits = 0;
  private misses = 0;

  constructor(
    private readonly units: UnitOfWork,
    caches: Caches,
  ) {
    this.environments = caches();
    this.organizations = caches();
    const find = (queries: readonly RevisionQuery[]) => units.lookup((stores) => stores.revisions.find(queries));
    this.batcher = new RequestBatcher(find, { weight: 256, roundTrips: 2 }, weightOf);
  }

  /** Returns one consistent state of an environment and of some of its organizations and members. */
  async read(environmentId: EnvironmentId, subjects: readonly Subject[]): Promise<ReadSnapshot> {
    const cached = this.findCached(environmentId, subjects);
    if (cached) {
      const current = await this.batcher.request(cached.query);
      const snapshot = current && snapshotIfCurrent(cached, current);
      if (snapshot) {
        this.hits += 1;
        return snapshot;
      }
    }
    this.misses += 1;
    return this.load(environmentId, subjects);
  }

  /** Returns how many reads the cache could serve, how many had to load, and the size of the cache. */
  statistics(): { readonly hits: number; readonly misses: number; readonly bytes: number } {
    const bytes = this.environments.bytes() + this.organizations.bytes();
    return { hits: this.hits, misses: this.misses, bytes };
  }

  /** Clears the cache after the database was away: another one in its place may use the same revisions differently. */
  clear(): void {
    this.environments.clear();
    this.warmed.clear();
    this.organizations.clear();
  }

  async readScope(stores: Stores, { environmentId, organizationId }: ParsedScope): Promise<ScopeState> {
    const row = await stores.environments.find(environmentId);
    if (!row) throw refuse.environmentNotFound(environmentId);
    const environment = await this.loadEnvironment(stores, row);
    const { state } = environment;
    if (!organizationId) return { state, organization: undefined, effective: environment.environmentAccess.effective };
    const found = await stores.organizations.find(row.uid, [organizationId]);
    const organization = (await this.loadOrganizations(stores, row.uid, found)).get(organizationId);
    return {
      state,
      organization: organization?.state,
      effective: accessInOrganization(environment, organization).effective,
    };
  }

  getEnvironment(row: Environment): EnvironmentState | undefined {
    return this.environmentAt(row)?.state;
  }

  /** Reads each revision only one time: it may be too large for the cache. */
  warmEnvironment({ id, revision }: Environment): void {
    if (this.warmed.get(id) === revision) return;
    this.warmed.set(id, revision);
    this.read(id, []).catch(() => this.warmed.delete(id)); // a caller that needs it reads it too, and gets the error
  }

  getOrganizationBeforeLock(uid: EnvironmentUid, row: Organization): OrganizationState | undefined {
    const before = this.organizationAt(uid, { ...row, revision: row.revision - 1 });
    return before && { ...before.state, revision: row.revision };
  }

  /** Returns the cached snapshots of the subjects, undefined if the environment is not cached. */
  private findCached(environmentId: EnvironmentId, subjects: readonly Subject[]): CachedScope | undefined {
    const environment = this.environments.get(environmentId);
    if (!environment) return undefined;
    const { uid } = environment.state.environment;
    const organizations = new Map<OrganizationId, OrganizationSnapshot | undefined>();
    const organizationIds: OrganizationId[] = [];
    const members: MemberKey[] = [];
    for (const { organizationId, userId } of subjects) {
      let organization = organizations.get(organizationId);
      if (!organization && !organizations.has(organizationId)) {
        organization = this.organizations.get(keyOf(uid, organizationId));
        organizations.set(organizationId, organization);
        organizationIds.push(organizationId);
      }
      if (userId && organization) members.push({ organizationUid: organization.state.uid, userId });
    }
    return { environment, organizations, query: { environmentId, environmentUid: uid, organizationIds, members } };
  }

  private environmentAt({ id, uid, revision }: Environment): EnvironmentSnapshot | undefined {
    const cached = this.environments.get(id);
    return cached?.state.environment.uid === uid && cached.state.environment.revision === revision ? cached : undefined;
  }

  private organizationAt(environment: EnvironmentUid, row: Organization): OrganizationSnapshot | undefined {
    const cached = this.organizations.get(keyOf(environment, row.id));
    return cached?.state.uid === row.uid && cached.state.revision === row.revision ? cached : undefined;
  }

  private load(environmentId: EnvironmentId, subjects: readonly Subject[]): Promise<ReadSnapshot> {
    return this.units.read(async (stores) => {
      const row = await stores.environments.find(environmentId);
      if (!row) throw refuse.environmentNotFound(environmentId);
      const environment = await this.loadEnvironment(stores, row);
      const ids = [...new Set(subjects.map(({ organizationId }) => organizationId))];
      const found = await stores.organizations.find(row.uid, ids);
      const organizations = await this.loadOrganizations(stores, row.uid, found);
      const keys = subjects.flatMap(({ organizationId, userId }) => {
        const organization = organizations.get(organizationId);
        return userId && organization ? [{ organizationUid: organization.state.uid, userId }] : [];
      });
      return new ReadSnapshot(environment, organizations, byKey(await stores.memberships.find(row.uid, keys)));
    });
  }

  private async loadEnvironment(stores: Stores, row: Environment): Promise<EnvironmentSnapshot> {
    const cached = this.environmentAt(row);
    if (cached) return cached;
    const state = await loadEnvironment(stores, row);
    const table = new PermissionTable(await stores.permissions.slugs(row.uid));
    const grants = await stores.roles.grants(row.uid, [environmentOwner]);
    const resolved = await mapInSlices([...grants], (one) => resolveGrant(table, one));
    const granted = { table, ...combineGrants(resolved) };
    const snapshot: EnvironmentSnapshot = {
      state,
      table,
      environmentAccess: { effective: environmentRoles(state), ...granted },
      inheritedAccess: { effective: organizationRoles(state, undefined), ...granted },
    };
    this.environments.set(row.id, snapshot, estimateBytes(state.roles.size, grants) + table.size * 200);
    return snapshot;
  }

  private async loadOrganizations(
    stores: Stores,
    uid: EnvironmentUid,
    rows: readonly Organization[],
  ): Promise<Map<OrganizationId, OrganizationSnapshot>> {
    const snapshots = new Map<OrganizationId, OrganizationSnapshot>();
    const missing: Organization[] = [];
    for (const row of rows) {
      const cached = this.organizationAt(uid, row);
      if (cached) snapshots.set(row.id, cached);
      else missing.push(row);
    }
    if (!missing.length) return snapshots;
    const states = await loadOrganizations(stores, uid, missing);
    const owners = [...states.values()].flatMap(({ id, customRoles }) => (customRoles.length ? id : []));
    const allGrants = await stores.roles.grants(uid, owners);
    for (const state of states.values()) {
      const grants = new Map(state.customRoles.map(({ id }) => [id, allGrants.get(id) ?? []]));
      const snapshot: OrganizationSnapshot = { state, grants };
      snapshots.set(state.id, snapshot);
      this.organizations.set(
        keyOf(uid, state.id),
        snapshot,
        estimateBytes(state.own ? state.own.order.length : 0, grants),
      );
    }
    return snapshots;
  }
}

const weightOf = ({ members }: RevisionQuery) => 1 + Math.floor(members.length / 8);

const keyOf = (uid: EnvironmentUid, id: OrganizationId) => `${uid} ${id}`;

/** Estimates the size of a snapshot, with the responses made from it. */
function estimateBytes(roles: number, grants: Grants): number {
  let granted = 0;
  for (const ids of grants.values()) granted += ids.length;
  return 1000 + roles * 2000 + granted * 100;
}

import { type EffectiveAccess, accessInEnvironment, inheritedAccess } from "../../domain/effective-access";
import type { Environment, EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import type { EnvironmentUid, OrganizationUid } from "../../domain/ids";
import { type MemberKey, byKey } from "../../domain/membership";
import type { Organization, OrganizationState } from "../../domain/organization";
import { PermissionTable } from "../../domain/permission-set";
import { environmentOwner } from "../../domain/role";
import type { EnvironmentId, OrganizationId } from "../../domain/values";
import { mapInSlices } from "../../event-loop/time-slices";
import type { Cache, Caches } from "../ports/cache";
import type { CurrentRevisions, RevisionQuery } from "../ports/revision-store";
import type { ContentQuery, CurrentContents, OrganizationContent } from "../ports/snapshot-store";
import type { Stores, UnitOfWork } from "../ports/unit-of-work";
import type { ParsedScope } from "../request/scope";
import { type ScopeState, loadEnvironment, loadOrganizations } from "../transactions/load-state";
import type { StateCache } from "../transactions/state-cache";
import { KnownMembers } from "./known-members";
import { MemberCache } from "./member-cache";
import {
  type AccessOf,
  type EnvironmentSnapshot,
  type OrganizationSnapshot,
  createAccess,
  ReadSnapshot,
  toSnapshot,
} from "./read-snapshot";
import { RequestBatcher } from "./request-batcher";
import {
  type Organizations,
  type Subject,
  contentQueryOf,
  isCurrent,
  isSame,
  memberKeys,
  queryOf,
  staleOf,
  unknownQueryOf,
} from "./snapshot-queries";
import { accessBytes, environmentBytes, organizationBytes } from "./snapshot-size";

/** Access in an organization, with the snapshots that it was made from. */
interface CachedAccess {
  readonly access: EffectiveAccess;
  readonly environment: EnvironmentSnapshot;
  readonly organization: OrganizationSnapshot;
}

/** The organizations whose contents one statement returns: on SQLite a statement keeps the event loop. */
const contentsAtOnce = 250;

/** How often a read looks again because its environment has changed meanwhile, before it reads in a transaction. */
const mostRounds = 4;

/** Knows nobody, for a read whose members were all read again. */
const nobody = new KnownMembers();

/**
 * Answers reads from memory if the database confirms it. One shared statement returns the revisions, and the rows of members
 * that are not in memory. Organizations of which nothing is in memory take one shared statement, too, which returns
 * everything about them; for those at another revision it is the second one. A changed environment is loaded once for all
 * reads that wait for it. Every response is therefore as new as the database was when the call arrived.
 */
export class SnapshotCache implements StateCache {
  private readonly environments: Cache<EnvironmentSnapshot>;
  private readonly organizations: Cache<OrganizationSnapshot>;
  private readonly accesses: Cache<CachedAccess>;
  private readonly members: MemberCache;
  /** Organizations that had no row, for which the smaller statement is enough. */
  private readonly absent: Cache<typeof noRow>;
  private readonly loading = new Map<EnvironmentId, Promise<EnvironmentSnapshot>>();
  private readonly warmed = new Map<EnvironmentId, number>();
  private readonly revisions: RequestBatcher<RevisionQuery, CurrentRevisions | undefined>;
  private readonly contents: RequestBatcher<ContentQuery, CurrentContents | undefined>;
  private hits = 0;
  private misses = 0;

  constructor(
    private readonly units: UnitOfWork,
    caches: Caches,
  ) {
    this.environments = caches(1 / 4);
    this.organizations = caches(5 / 16);
    this.absent = caches(1 / 16);
    this.accesses = caches(3 / 16);
    this.members = new MemberCache(caches(3 / 16));
    const limits = { weight: 256, roundTrips: 2 };
    this.revisions = new RequestBatcher<RevisionQuery, CurrentRevisions | undefined>(
      (queries) => units.lookup((stores) => stores.revisions.find(queries)),
      limits,
      weightOf,
    );
    this.contents = new RequestBatcher<ContentQuery, CurrentContents | undefined>(
      (queries) => units.lookup((stores) => stores.snapshots.find(queries)),
      { ...limits, weight: 64 },
      contentWeightOf,
    );
  }

  /** Returns one consistent state of an environment and of some of its organizations and members. */
  async read(environmentId: EnvironmentId, subjects: readonly Subject[]): Promise<ReadSnapshot> {
    let environment = this.environments.get(environmentId);
    let isHit = environment !== undefined;
    environment ??= await this.loadOnce(environmentId);
    const organizations = this.findOrganizations(environment, subjects);
    for (let rounds = 0; rounds < mostRounds; rounds += 1) {
      if (this.areUnknown(environment, organizations)) {
        const contents = await this.contents.request(unknownQueryOf(environment, organizations, subjects));
        isHit = false;
        if (!contents) break;
        if (isCurrent(environment, contents)) {
          this.keep(environment, [...organizations.keys()], contents, organizations);
          this.count(isHit);
          return this.snapshotOf(environment, organizations, subjects, contents, nobody);
        }
        environment = await this.loadOnce(environmentId);
        continue;
      }
      const known = this.members.find(organizations, subjects);
      const current = await this.revisions.request(queryOf(environment, organizations, subjects, known));
      if (!current) break; // members have too many roles for one response
      if (!isCurrent(environment, current)) {
        isHit = false;
        environment = await this.loadOnce(environmentId);
        continue;
      }
      const stale = staleOf(environment, organizations, current);
      if (!stale.length) {
        this.count(isHit);
        return this.snapshotOf(environment, organizations, subjects, current, known);
      }
      isHit = false;
      let contents: CurrentContents | undefined;
      for (let start = 0; start < stale.length; start += contentsAtOnce) {
        const portion = stale.slice(start, start + contentsAtOnce);
        contents = await this.contents.request(contentQueryOf(environment, portion, subjects));
        if (!contents || !isCurrent(environment, contents)) break;
        const ids = portion.map(({ id }) => id);
        this.keep(environment, ids, contents, organizations);
      }
      if (!contents) break;
      const isWhole = stale.length === organizations.size && stale.length <= contentsAtOnce;
      const isUnreplaced = stale.every(({ id, uid }) => (organizations.get(id)?.state.uid ?? uid) === uid);
      if (!isWhole || !isUnreplaced || !isCurrent(environment, contents)) continue;
      this.count(isHit);
      return this.snapshotOf(environment, organizations, subjects, contents, nobody);
    }
    this.count(false);
    return this.load(environmentId, subjects);
  }

  /** Returns whether nothing is in memory of the organizations of a read, not even that they had no row. */
  private areUnknown({ state: { environment } }: EnvironmentSnapshot, organizations: Organizations): boolean {
    if (!organizations.size || organizations.size > unknownAtOnce) return false;
    for (const [id, snapshot] of organizations)
      if (snapshot || this.absent.get(keyOf(environment.uid, id))) return false;
    return true;
  }

  private count(isHit: boolean): void {
    if (isHit) this.hits += 1;
    else this.misses += 1;
  }

  /** Returns the reads that memory answered and those that had to load something, and the bytes in memory. */
  statistics(): { readonly hits: number; readonly misses: number; readonly bytes: number } {
    const caches = [this.environments, this.organizations, this.absent, this.accesses, this.members];
    const bytes = caches.reduce((sum, cache) => sum + cache.bytes(), 0);
    return { hits: this.hits, misses: this.misses, bytes };
  }

  /** Clears everything. A database that was unavailable may have been replaced by one with the same revisions. */
  clear(): void {
    this.environments.clear();
    this.warmed.clear();
    this.organizations.clear();
    this.absent.clear();
    this.accesses.clear();
    this.members.clear();
  }

  async readScope(stores: Stores, { environmentId, organizationId }: ParsedScope): Promise<ScopeState> {
    const environment = await this.findEnvironment(stores, environmentId);
    const { state } = environment;
    if (!organizationId) return { state, organization: undefined, effective: environment.environmentAccess.effective };
    const found = await stores.organizations.find(state.environment.uid, [organizationId]);
    const organization = (await this.loadOrganizations(stores, environment, found)).get(organizationId);
    const { effective } = organization?.state.own
      ? this.accessOf(environment, organization)
      : environment.inheritedAccess;
    return { state, organization: organization?.state, effective };
  }

  async readOrganizations(
    stores: Stores,
    { environment }: EnvironmentState,
    rows: readonly Organization[],
  ): Promise<Map<OrganizationUid, OrganizationState>> {
    const snapshot = await this.loadEnvironment(stores, environment);
    const states = new Map<OrganizationUid, OrganizationState>();
    for (let start = 0; start < rows.length; start += contentsAtOnce) {
      const portion = await this.loadOrganizations(stores, snapshot, rows.slice(start, start + contentsAtOnce));
      for (const { state } of portion.values()) states.set(state.uid, state);
    }
    return states;
  }

  getEnvironment(row: Environment): EnvironmentState | undefined {
    return this.environmentAt(row)?.state;
  }

  /** Loads an environment apart, once for each revision. It may be too large to be kept. */
  warmEnvironment({ id, revision }: Environment): void {
    if (this.warmed.get(id) === revision) return;
    this.warmed.set(id, revision);
    this.read(id, []).catch(() => this.warmed.delete(id)); // whoever needs it reads it, and reports the failure
  }

  getOrganizationBeforeLock(uid: EnvironmentUid, row: Organization): OrganizationState | undefined {
    const before = this.organizations.get(keyOf(uid, row.id));
    if (before?.state.uid !== row.uid || before.state.revision !== row.revision - 1) return undefined;
    return { ...before.state, revision: row.revision };
  }

  private findOrganizations(environment: EnvironmentSnapshot, subjects: readonly Subject[]): Organizations {
    const { uid } = environment.state.environment;
    const organizations: Organizations = new Map();
    for (const { organizationId } of subjects)
      if (!organizations.has(organizationId))
        organizations.set(organizationId, this.find(environment, uid, organizationId));
    return organizations;
  }

  private find(
    { table }: EnvironmentSnapshot,
    uid: EnvironmentUid,
    id: OrganizationId,
  ): OrganizationSnapshot | undefined {
    const cached = this.organizations.get(keyOf(uid, id));
    return cached?.lineage === table.lineage ? cached : undefined;
  }

  /**
   * Puts the contents of organizations into the cache, and into the organizations of a read. They must be of the revision of
   * the environment: a later one may have permissions for which its table has no bits.
   */
  private keep(
    environment: EnvironmentSnapshot,
    ids: readonly OrganizationId[],
    contents: CurrentContents,
    organizations: Organizations,
  ): void {
    const { uid } = environment.state.environment;
    for (const id of ids) {
      const content = contents.content(uid, id);
      organizations.set(id, content && this.keepOrganization(environment, content));
    }
  }

  private keepOrganization(environment: EnvironmentSnapshot, content: OrganizationContent): OrganizationSnapshot {
    const snapshot = toSnapshot(environment, content);
    const { id } = content.state;
    const bytes = organizationBytes(snapshot, environment.table);
    this.organizations.set(keyOf(environment.state.environment.uid, id), snapshot, bytes);
    return snapshot;
  }

  private snapshotOf(
    environment: EnvironmentSnapshot,
    organizations: Organizations,
    subjects: readonly Subject[],
    current: CurrentRevisions,
    known: KnownMembers,
  ): ReadSnapshot {
    const { uid } = environment.state.environment;
    for (const id of organizations.keys()) {
      if (current.organization(uid, id)) continue;
      organizations.set(id, undefined);
      this.absent.set(keyOf(uid, id), noRow, absentBytes);
    }
    const find = (key: MemberKey) => current.member(uid, key);
    this.members.keep(environment, organizations, subjects, known, find);
    return new ReadSnapshot(environment, organizations, (key) => known.get(key, find), this.accessOf);
  }

  /** Returns the access of an organization. Caches few of them, because lists and responses stay in memory with each. */
  private readonly accessOf: AccessOf = (environment, organization) => {
    const { uid } = organization.state; // unique among all environments
    const cached = this.accesses.get(uid);
    if (cached?.environment === environment && cached.organization === organization) return cached.access;
    const access = createAccess(environment, organization);
    this.accesses.set(uid, { access, environment, organization }, accessBytes(organization, environment.state));
    return access;
  };

  private environmentAt({ id, uid, revision }: Environment): EnvironmentSnapshot | undefined {
    const cached = this.environments.get(id);
    return cached?.state.environment.uid === uid && cached.state.environment.revision === revision ? cached : undefined;
  }

  /** Loads an environment, once for all who wait for it. */
  private loadOnce(id: EnvironmentId): Promise<EnvironmentSnapshot> {
    const loading = this.loading.get(id);
    if (loading) return loading;
    const loaded = this.units.read((stores) => this.findEnvironment(stores, id)).finally(() => this.loading.delete(id));
    this.loading.set(id, loaded);
    return loaded;
  }

  /** Loads everything that a read is about in one transaction. */
  private load(environmentId: EnvironmentId, subjects: readonly Subject[]): Promise<ReadSnapshot> {
    return this.units.read(async (stores) => {
      const environment = await this.findEnvironment(stores, environmentId);
      const { uid } = environment.state.environment;
      const ids = [...new Set(subjects.map(({ organizationId }) => organizationId))];
      const organizations = await this.loadOrganizations(
        stores,
        environment,
        await stores.organizations.find(uid, ids),
      );
      const keys = memberKeys(subjects, (id) => organizations.get(id)?.state.uid);
      const members = byKey(await stores.memberships.find(uid, keys));
      return new ReadSnapshot(environment, organizations, members, this.accessOf);
    });
  }

  private async findEnvironment(stores: Stores, id: EnvironmentId): Promise<EnvironmentSnapshot> {
    const row = await stores.environments.find(id);
    if (!row) throw refuse.environmentNotFound(id);
    return this.loadEnvironment(stores, row);
  }

  private async loadEnvironment(stores: Stores, row: Environment): Promise<EnvironmentSnapshot> {
    const cached = this.environmentAt(row);
    if (cached) return cached;
    const state = await loadEnvironment(stores, row);
    const before = this.environments.get(row.id);
    const previous = before?.state.environment.uid === row.uid ? before.table : undefined;
    const table = new PermissionTable(await stores.permissions.slugs(row.uid), previous);
    const grants = [...(await stores.roles.grants(row.uid, [environmentOwner]))];
    const sets = new Map(await mapInSlices(grants, ([id, permissionIds]) => [id, table.setOf(permissionIds)] as const));
    const snapshot: EnvironmentSnapshot = {
      state,
      table,
      environmentAccess: accessInEnvironment(state, table, sets),
      inheritedAccess: inheritedAccess(state, table, sets),
    };
    this.environments.set(row.id, snapshot, environmentBytes(state, table));
    this.accesses.clear(); // each of them keeps the environment that it was made of
    return snapshot;
  }

  private async loadOrganizations(
    stores: Stores,
    environment: EnvironmentSnapshot,
    rows: readonly Organization[],
  ): Promise<Map<OrganizationId, OrganizationSnapshot>> {
    const { uid } = environment.state.environment;
    const snapshots = new Map<OrganizationId, OrganizationSnapshot>();
    const missing: Organization[] = [];
    for (const row of rows) {
      const cached = this.find(environment, uid, row.id);
      if (cached && isSame(cached, row)) snapshots.set(row.id, cached);
      else missing.push(row);
    }
    if (!missing.length) return snapshots;
    const states = await loadOrganizations(stores, uid, missing);
    const owners = [...states.values()].flatMap(({ id, customRoles }) => (customRoles.length ? id : []));
    const grants = await stores.roles.grants(uid, owners);
    for (const state of states.values()) snapshots.set(state.id, this.keepOrganization(environment, { state, grants }));
    return snapshots;
  }
}

/** The organizations of a read of which one statement returns everything. */
const unknownAtOnce = 32;

const noRow = {};
/** Bytes of memory of knowing that an organization has no row. */
const absentBytes = 200;

/** Returns how much of a round trip a query takes. */
const weightOf = ({ members, organizationIds }: Pick<RevisionQuery, "members" | "organizationIds">) =>
  1 + Math.floor((members.length + organizationIds.length) / 8);

const contentWeightOf = ({ users, ...query }: ContentQuery) => weightOf(query) + Math.floor(users.length / 8);

const keyOf = (uid: EnvironmentUid, id: OrganizationId) => `${uid} ${id}`;

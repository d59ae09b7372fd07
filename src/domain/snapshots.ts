import { refuse } from "./errors";
import type { EnvironmentId, OrganizationId, PermissionSlug, UserId } from "./fields";
import type { EnvironmentUid, PermissionId, RoleId } from "./ids";
import { type View, loadEnvironment, loadOrganizations } from "./loading";
import { byKey } from "./membership";
import { type PermissionSet, PermissionTable } from "./permission-sets";
import { type Context, environmentContext, organizationContext } from "./role-config";
import { mapInSlices } from "./slices";
import { Rounds } from "./rounds";
import type { ParsedScope } from "./scope";
import type { Environment, EnvironmentState, MemberKey, Membership, Organization, OrganizationState } from "./state";
import type { Current, Question, Stores, UnitOfWork } from "./stores";
import type { Known } from "./transactions";

/** What holds in an environment or an organization, as long as their revisions are those it was made from. */
export interface Holding {
  readonly context: Context;
  /** Of each role, sorted. */
  readonly permissions: ReadonlyMap<RoleId, readonly PermissionSlug[]>;
  /** The same, as sets of what the table has. */
  readonly sets: ReadonlyMap<RoleId, PermissionSet>;
  readonly table: PermissionTable;
}

interface EnvironmentSnapshot {
  readonly state: EnvironmentState;
  readonly table: PermissionTable;
  readonly own: Holding;
  /** Of organizations without anything of their own. */
  readonly inherited: Holding;
}

interface OrganizationSnapshot {
  readonly state: OrganizationState;
  readonly grants: Grants;
  /** What it holds together with the environment's snapshot that was used last. */
  last?: { readonly environment: EnvironmentSnapshot; readonly holding: Holding };
}

interface Recalled {
  readonly environment: EnvironmentSnapshot;
  /** Undefined: not in memory. */
  readonly organizations: ReadonlyMap<OrganizationId, OrganizationSnapshot | undefined>;
  readonly question: Question;
}

type Grants = ReadonlyMap<RoleId, readonly PermissionId[]>;

/** Keeps what was used last, within some memory. */
export interface Cache<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value, bytes: number): void;
  clear(): void;
  /** What all values take. */
  bytes(): number;
}

export interface Caches {
  <Value extends object>(): Cache<Value>;
}

interface Asked {
  readonly organizationId: OrganizationId;
  readonly userId?: UserId;
}

/**
 * Reads that cost one shared round trip: the revisions, and the rows of members. What is in memory is used as it is
 * where its revision is the database's, and loaded in one consistent transaction where it is not. So every answer is as
 * new as the database was when the call arrived.
 */
export class Snapshots implements Known {
  private readonly environments: Cache<EnvironmentSnapshot>;
  private readonly organizations: Cache<OrganizationSnapshot>;
  private readonly remembered = new Map<EnvironmentId, number>();
  private readonly rounds: Rounds<Question, Current | undefined>;
  private answered = 0;
  private loaded = 0;

  constructor(
    private readonly units: UnitOfWork,
    caches: Caches,
  ) {
    this.environments = caches();
    this.organizations = caches();
    const ask = (questions: readonly Question[]) => units.lookup((stores) => stores.current.find(questions));
    this.rounds = new Rounds(
      ask,
      { questions: 256, roundTrips: 2 },
      ({ members }) => 1 + Math.floor(members.length / 8),
    );
  }

  async moment(environmentId: EnvironmentId, asked: readonly Asked[]): Promise<Moment> {
    const remembered = this.recall(environmentId, asked);
    if (remembered) {
      const current = await this.rounds.answer(remembered.question);
      const moment = current && momentAt(remembered, current);
      if (moment) {
        this.answered += 1;
        return moment;
      }
    }
    this.loaded += 1;
    return this.load(environmentId, asked);
  }

  /** Reads so far that memory answered, and that had to be loaded; and the bytes in memory. */
  use(): { readonly hits: number; readonly misses: number; readonly bytes: number } {
    const bytes = this.environments.bytes() + this.organizations.bytes();
    return { hits: this.answered, misses: this.loaded, bytes };
  }

  /** For a database that was away: what took its place may use the same revisions for something else. */
  forget(): void {
    this.environments.clear();
    this.remembered.clear();
    this.organizations.clear();
  }

  async view(stores: Stores, { environmentId, organizationId }: ParsedScope): Promise<View> {
    const row = await stores.environments.find(environmentId);
    if (!row) throw refuse.environmentNotFound(environmentId);
    const environment = await this.loadEnvironment(stores, row);
    const { state } = environment;
    if (!organizationId) return { state, organization: undefined, context: environment.own.context };
    const found = await stores.organizations.find(row.uid, [organizationId]);
    const organization = (await this.loadOrganizations(stores, row.uid, found)).get(organizationId);
    return { state, organization: organization?.state, context: holdingOf(environment, organization).context };
  }

  known(row: Environment): EnvironmentState | undefined {
    return this.environmentAt(row)?.state;
  }

  /** Apart, and once for a revision: it may be too large to be kept. */
  remember({ id, revision }: Environment): void {
    if (this.remembered.get(id) === revision) return;
    this.remembered.set(id, revision);
    this.moment(id, []).catch(() => this.remembered.delete(id)); // who needs it will read it, and say what is wrong
  }

  knownBeforeLock(uid: EnvironmentUid, row: Organization): OrganizationState | undefined {
    const before = this.organizationAt(uid, { ...row, revision: row.revision - 1 });
    return before && { ...before.state, revision: row.revision };
  }

  /** What is in memory of what is asked about, and the question whether it still holds. */
  private recall(environmentId: EnvironmentId, asked: readonly Asked[]): Recalled | undefined {
    const environment = this.environments.get(environmentId);
    if (!environment) return undefined;
    const { uid } = environment.state.environment;
    const organizations = new Map<OrganizationId, OrganizationSnapshot | undefined>();
    const organizationIds: OrganizationId[] = [];
    const members: MemberKey[] = [];
    for (const { organizationId, userId } of asked) {
      let organization = organizations.get(organizationId);
      if (!organization && !organizations.has(organizationId)) {
        organization = this.organizations.get(keyOf(uid, organizationId));
        organizations.set(organizationId, organization);
        organizationIds.push(organizationId);
      }
      if (userId && organization) members.push({ organizationUid: organization.state.uid, userId });
    }
    return { environment, organizations, question: { environmentId, environmentUid: uid, organizationIds, members } };
  }

  private environmentAt({ id, uid, revision }: Environment): EnvironmentSnapshot | undefined {
    const cached = this.environments.get(id);
    return cached?.state.environment.uid === uid && cached.state.environment.revision === revision ? cached : undefined;
  }

  private organizationAt(environment: EnvironmentUid, row: Organization): OrganizationSnapshot | undefined {
    const cached = this.organizations.get(keyOf(environment, row.id));
    return cached?.state.uid === row.uid && cached.state.revision === row.revision ? cached : undefined;
  }

  private load(environmentId: EnvironmentId, asked: readonly Asked[]): Promise<Moment> {
    return this.units.read(async (stores) => {
      const row = await stores.environments.find(environmentId);
      if (!row) throw refuse.environmentNotFound(environmentId);
      const environment = await this.loadEnvironment(stores, row);
      const ids = [...new Set(asked.map(({ organizationId }) => organizationId))];
      const found = await stores.organizations.find(row.uid, ids);
      const organizations = await this.loadOrganizations(stores, row.uid, found);
      const keys = asked.flatMap(({ organizationId, userId }) => {
        const organization = organizations.get(organizationId);
        return userId && organization ? [{ organizationUid: organization.state.uid, userId }] : [];
      });
      return new Moment(environment, organizations, byKey(await stores.memberships.find(row.uid, keys)));
    });
  }

  private async loadEnvironment(stores: Stores, row: Environment): Promise<EnvironmentSnapshot> {
    const cached = this.environmentAt(row);
    if (cached) return cached;
    const state = await loadEnvironment(stores, row);
    const table = new PermissionTable(await stores.permissions.slugs(row.uid));
    const grants = await stores.roles.grants(row.uid, [""]);
    const granted = { table, ...together(await mapInSlices([...grants], (one) => grantedBy(table, one))) };
    const snapshot: EnvironmentSnapshot = {
      state,
      table,
      own: { context: environmentContext(state), ...granted },
      inherited: { context: organizationContext(state, undefined), ...granted },
    };
    this.environments.set(row.id, snapshot, bytesOf(state.roles.size, grants) + table.size * 200);
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
    const all = await stores.roles.grants(uid, owners);
    for (const state of states.values()) {
      const grants = new Map(state.customRoles.map(({ id }) => [id, all.get(id) ?? []]));
      const snapshot: OrganizationSnapshot = { state, grants };
      snapshots.set(state.id, snapshot);
      this.organizations.set(keyOf(uid, state.id), snapshot, bytesOf(state.own ? state.own.order.length : 0, grants));
    }
    return snapshots;
  }
}

const keyOf = (uid: EnvironmentUid, id: OrganizationId) => `${uid} ${id}`;

/** About what a snapshot and the answers made from it take. */
function bytesOf(roles: number, grants: Grants): number {
  let granted = 0;
  for (const ids of grants.values()) granted += ids.length;
  return 1000 + roles * 2000 + granted * 100;
}

type Granted = Pick<Holding, "permissions" | "sets">;

const grantedBy = (table: PermissionTable, [id, permissionIds]: readonly [RoleId, readonly PermissionId[]]) => {
  const set = table.setOf(permissionIds);
  return { id, set, slugs: table.slugsIn(set) };
};

/** What roles grant, with the roles that were there before. */
function together(granted: readonly ReturnType<typeof grantedBy>[], before?: Granted): Granted {
  const sets = new Map(before?.sets);
  const permissions = new Map(before?.permissions);
  for (const { id, set, slugs } of granted) {
    sets.set(id, set);
    permissions.set(id, slugs);
  }
  return { sets, permissions };
}

/** One consistent state of an environment, some of its organizations and some of their members. */
export class Moment {
  constructor(
    private readonly snapshot: EnvironmentSnapshot,
    /** Those that have no data may be absent. */
    private readonly organizations: ReadonlyMap<OrganizationId, OrganizationSnapshot | undefined>,
    private readonly members: (key: MemberKey) => Membership | undefined,
  ) {}

  get state(): EnvironmentState {
    return this.snapshot.state;
  }

  get environment(): Holding {
    return this.snapshot.own;
  }

  organization(id: OrganizationId): { readonly state: OrganizationState | undefined; readonly holding: Holding } {
    const organization = this.organizations.get(id);
    return { state: organization?.state, holding: holdingOf(this.snapshot, organization) };
  }

  member(organizationId: OrganizationId, userId: UserId): Membership | undefined {
    const organization = this.organizations.get(organizationId);
    return organization && this.members({ organizationUid: organization.state.uid, userId });
  }
}

/** Undefined: something of it is not as the database has it. */
function momentAt({ environment, organizations, question }: Recalled, current: Current): Moment | undefined {
  const { uid, revision } = environment.state.environment;
  const present = current.environment(question.environmentId);
  if (!present) throw refuse.environmentNotFound(question.environmentId);
  if (present.uid !== uid || present.revision !== revision) return undefined;
  const gone: OrganizationId[] = [];
  for (const [id, snapshot] of organizations) {
    const row = current.organization(uid, id);
    if (row && (snapshot?.state.uid !== row.uid || snapshot.state.revision !== row.revision)) return undefined;
    if (!row && snapshot) gone.push(id); // its data has been deleted
  }
  const used = gone.length ? without(organizations, gone) : organizations;
  return new Moment(environment, used, (key) => current.member(uid, key));
}

function without<Key, Value>(map: ReadonlyMap<Key, Value>, keys: readonly Key[]): Map<Key, Value> {
  const rest = new Map(map);
  for (const key of keys) rest.delete(key);
  return rest;
}

function holdingOf(environment: EnvironmentSnapshot, organization: OrganizationSnapshot | undefined): Holding {
  if (!organization?.state.own) return environment.inherited;
  if (organization.last?.environment !== environment) {
    const { table, own } = environment;
    const granted = [...organization.grants].map((one) => grantedBy(table, one));
    const context = organizationContext(environment.state, organization.state);
    const holding = { context, table, ...together(granted, own) };
    organization.last = { environment, holding };
  }
  return organization.last.holding;
}

import { environmentRoles, organizationRoles } from "../../domain/effective-roles";
import type { Environment, EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import { Fault } from "../../domain/fault";
import type { Clock, EnvironmentUid, Ids, OrganizationUid } from "../../domain/ids";
import type { OrganizationState } from "../../domain/organization";
import type { EnvironmentId, OrganizationId } from "../../domain/values";
import type { CallSignal } from "../ports/cancellation";
import type { Stores, UnitOfWork } from "../ports/unit-of-work";
import { type WriteContext, ownAuthor } from "../request/idempotency";
import type { ParsedOrganizationScope, ParsedScope } from "../request/scope";
import { type ChangeRecord, EventWriter } from "./change-record";
import { refuseForActingUser, runGuarded } from "./escalation-guard";
import { IdempotencyRecords } from "./idempotency-records";
import { type ScopeState, loadEnvironment } from "./load-state";
import { ReadTransactions } from "./read-transactions";
import { requireMaterialized, withMaterializedMembers } from "./materialize-members";
import {
  type LockMemberRoles,
  createMissing,
  lockEnvironment,
  lockMemberRoles,
  lockOrganizations,
} from "./scope-locks";
import { ScopeStates } from "./scope-states";
import type { StateCache } from "./state-cache";

/** Locks nothing: the roles of all members are locked already, or nothing is to be locked. */
const lockNothing: LockMemberRoles = async () => {};

/** How often a change counts without locks, before it counts under its locks because others change what was counted. */
const mostCounts = 3;

type OrganizationWork<T> = (
  stores: Stores,
  changes: ChangeRecord,
  state: EnvironmentState,
  organization: OrganizationState,
) => Promise<T>;

type ScopeWork<T> = (
  stores: Stores,
  changes: ChangeRecord,
  scopeState: ScopeState,
  lockAllMembers: LockMemberRoles,
) => Promise<T>;

/** Rolls a change back whose counts others have made wrong. */
class CountsOutdated extends Error {
  constructor() {
    super("what was counted has changed");
    this.name = "CountsOutdated";
  }
}

/**
 * The transactions of use cases: each locks its scope, replays a repeated request, and reads the state that the work
 * needs. An `upsert` creates an organization's row where there is none; an `update` changes only rows that are there.
 * Every method throws ENVIRONMENT_NOT_FOUND.
 */
export class Transactions extends ReadTransactions {
  private readonly idempotency: IdempotencyRecords;
  private readonly events: EventWriter;
  private readonly states: ScopeStates;

  constructor(
    units: UnitOfWork,
    clock: Clock,
    private readonly ids: Pick<Ids, "organization" | "event">,
    cache: StateCache,
    /** Called after each commit, with the environment. */
    private readonly onCommit: (environment: EnvironmentUid) => void = () => undefined,
  ) {
    super(units, cache);
    this.idempotency = new IdempotencyRecords(units, clock);
    this.events = new EventWriter(clock, ids);
    this.states = new ScopeStates(cache);
  }

  /**
   * Inserts an environment, whose row is the lock. Throws KeyTaken("environment") where another one has its id, and
   * replays a request that has created it before, also if the environment has been deleted since.
   */
  async createEnvironment<T>(
    environment: Environment,
    context: WriteContext,
    work: (stores: Stores, changes: ChangeRecord) => Promise<T>,
  ): Promise<T> {
    const { id } = environment;
    return this.idempotency.replayOnFailure(id, context, () =>
      this.write(environment.uid, context, async (stores) => {
        await stores.environments.insert(environment);
        return this.idempotency.rollBackOrRun(stores, id, context, () =>
          this.events.run(stores, context, (changes) => work(stores, changes)),
        );
      }),
    );
  }

  /** Locks the environment. `work` locks the roles of all members itself where it affects them. */
  async updateEnvironment<T>(
    id: EnvironmentId,
    context: WriteContext,
    work: (
      stores: Stores,
      changes: ChangeRecord,
      state: EnvironmentState,
      lockAllMembers: LockMemberRoles,
    ) => Promise<T>,
  ): Promise<T> {
    const { uid } = await this.getEnvironment(id);
    return this.write(uid, context, async (stores) => {
      if (!(await lockEnvironment(stores, uid))) throw refuse.environmentNotFound(id);
      return this.replayOrRun(stores, id, context, async (changes) => {
        const environment = await stores.environments.get(uid);
        if (!environment) throw refuse.environmentNotFound(id);
        refuseForActingUser(environment, context);
        const state = await loadEnvironment(stores, environment);
        return work(stores, changes, state, () => lockMemberRoles(stores, uid));
      });
    });
  }

  /**
   * Locks the environment and deletes it by `work`, which locks the creation of organizations where there must be none.
   * Replays a repeated request although the environment has been deleted.
   */
  async deleteEnvironment<T>(
    id: EnvironmentId,
    context: WriteContext,
    work: (stores: Stores, changes: ChangeRecord, environment: Environment) => Promise<T>,
  ): Promise<T> {
    return this.idempotency.replayOnFailure(id, context, () =>
      this.updateEnvironment(id, context, (stores, changes, { environment }) => work(stores, changes, environment)),
    );
  }

  /** Locks the organization, and creates its row where there is none. */
  async upsertOrganization<T>(
    { environmentId, organizationId }: ParsedOrganizationScope,
    context: WriteContext,
    work: OrganizationWork<T>,
  ): Promise<T> {
    return this.upsertOrganizations(
      environmentId,
      [organizationId],
      context,
      (stores, changes, state, organizationOf) => work(stores, changes, state, organizationOf(organizationId)),
    );
  }

  /** Locks several organizations, and creates the rows of those that have none. All of them change, or none. */
  async upsertOrganizations<T>(
    id: EnvironmentId,
    organizationIds: readonly OrganizationId[],
    context: WriteContext,
    work: (
      stores: Stores,
      changes: ChangeRecord,
      state: EnvironmentState,
      organizationOf: (id: OrganizationId) => OrganizationState,
    ) => Promise<T>,
  ): Promise<T> {
    const { uid } = await this.getEnvironment(id);
    const wanted = new Map([...new Set(organizationIds)].map((one) => [one, this.ids.organization()]));
    return this.write(uid, context, async (stores) => {
      let locked = await lockOrganizations(stores, uid, [...wanted.keys()]);
      if (locked.length < wanted.size) {
        const replay = await this.idempotency.findReplay<T>(stores, id, context);
        if (replay) return replay.response;
        locked = await createMissing(stores, uid, locked, wanted);
      }
      return this.replayOrRun(stores, id, context, async (changes) => {
        const state = await this.states.environment(stores, uid, id);
        const organizations = byId(await this.states.organizations(stores, uid, locked));
        const organizationOf = (organizationId: OrganizationId) => {
          const organization = organizations.get(organizationId);
          if (!organization) throw new Fault("a locked organization is missing");
          return organization;
        };
        const guarded = { state, organizations: [...organizations.values()] };
        return runGuarded(stores, context, guarded, changes, () => work(stores, changes, state, organizationOf));
      });
    });
  }

  /**
   * Locks the organization, creates its row where there is none, and gives it its own configuration by `work`. Where it
   * has none yet, locks the roles of all members too and materializes its pending members before.
   */
  async upsertMaterializedOrganization<T>(
    scope: ParsedOrganizationScope,
    context: WriteContext,
    work: OrganizationWork<T>,
  ): Promise<T> {
    const upsert = () =>
      this.upsertOrganization(scope, context, async (stores, changes, state, organization) => {
        if (organization.own || organization.isNew) return work(stores, changes, state, organization);
        const { uid } = state.environment;
        await lockMemberRoles(stores, uid);
        const stateUnderLock = await this.states.environment(stores, uid, scope.environmentId);
        await requireMaterialized(stores, stateUnderLock, organization);
        return work(stores, changes, stateUnderLock, organization);
      });
    return withMaterializedMembers(upsert, (materialize) => this.materialize(scope, context.signal, materialize));
  }

  /** Locks the scope: the organization where it names one, else the environment. */
  async updateScope<T>(
    scope: ParsedScope,
    context: WriteContext,
    work: (stores: Stores, changes: ChangeRecord, scopeState: ScopeState) => Promise<T>,
  ): Promise<T> {
    return namesOrganization(scope)
      ? this.updateOrganization(scope, context, async () => {}, work)
      : this.updateEnvironmentScope(scope, context, work);
  }

  /**
   * Locks the scope for a change of its default, its order or its custom roles. In an organization, locks the roles of
   * all members too and materializes its pending members before, more than 500 of them in transactions of their own.
   * In an environment, `work` locks the roles of all members itself where it affects them.
   */
  async updateMaterializedScope<T>(scope: ParsedScope, context: WriteContext, work: ScopeWork<T>): Promise<T> {
    if (!namesOrganization(scope)) return this.updateEnvironmentScope(scope, context, work);
    const update = () =>
      this.updateOrganization(scope, context, lockMemberRoles, async (stores, changes, scopeState) => {
        const { state, organization } = scopeState;
        if (organization) await requireMaterialized(stores, state, organization);
        return work(stores, changes, scopeState, lockNothing);
      });
    return withMaterializedMembers(update, (materialize) => this.materialize(scope, context.signal, materialize));
  }

  /**
   * Counts what a change affects, on one consistent state and without any lock, however long that takes, and applies the
   * change with the locks of `updateMaterializedScope`. If others have changed meanwhile what was counted, `apply` returns
   * "outdated", and everything is counted again: after the third time under the locks, where nobody can change it. With
   * `validateOnly` only counts. Replays a repeated request.
   */
  async countAndApply<Counts, T>(
    scope: ParsedScope,
    { validateOnly, context }: { readonly validateOnly: boolean; readonly context: WriteContext },
    {
      count,
      apply,
      respond,
    }: {
      readonly count: (stores: Stores, scopeState: ScopeState) => Promise<Counts>;
      readonly apply: (
        stores: Stores,
        changes: ChangeRecord,
        scopeState: ScopeState,
        counts: Counts,
        lockAllMembers: LockMemberRoles,
      ) => Promise<"done" | "outdated">;
      readonly respond: (counts: Counts) => T;
    },
  ): Promise<T> {
    const { environmentId } = scope;
    const countNow = () =>
      this.read(scope, context.signal, (stores, scopeState) => {
        if (!namesOrganization(scope)) refuseForActingUser(scopeState.state.environment, context);
        return count(stores, scopeState);
      });
    if (validateOnly) return respond(await countNow());
    return this.idempotency.replayOnFailure(environmentId, context, async () => {
      for (let tries = 0; tries < mostCounts; tries += 1) {
        const counts = await countNow();
        try {
          return await this.updateMaterializedScope(scope, context, async (stores, changes, scopeState, lockAll) => {
            if ((await apply(stores, changes, scopeState, counts, lockAll)) === "outdated") throw new CountsOutdated();
            return respond(counts);
          });
        } catch (error) {
          if (!(error instanceof CountsOutdated)) throw error;
        }
      }
      return this.updateMaterializedScope(scope, context, async (stores, changes, scopeState, lockAll) => {
        const counts = await count(stores, scopeState);
        await apply(stores, changes, scopeState, counts, lockAll);
        return respond(counts);
      });
    });
  }

  /**
   * Does work that consists of several transactions, and stores its response when all of it is done: a request that is
   * repeated before that goes on with what is left. Replays a request that is done.
   */
  async runInParts<T>(id: EnvironmentId, context: WriteContext, work: () => Promise<T>): Promise<T> {
    await this.getEnvironment(id);
    const replay = await this.units.lookup((stores) => this.idempotency.findReplay<T>(stores, id, context));
    if (replay) return replay.response;
    const response = await work();
    if (context.idempotencyKey)
      await this.units.write(
        (stores) => this.idempotency.replayOrRun(stores, id, context, async () => response),
        context.signal,
      );
    return response;
  }

  /** Locks the organizations that have a row, for one of several parts of a request. */
  async updateOrganizations<T>(
    id: EnvironmentId,
    organizationIds: readonly OrganizationId[],
    context: WriteContext,
    work: (
      stores: Stores,
      changes: ChangeRecord,
      state: EnvironmentState,
      organizations: ReadonlyMap<OrganizationUid, OrganizationState>,
    ) => Promise<T>,
  ): Promise<T> {
    const { uid } = await this.getEnvironment(id);
    return this.write(uid, context, async (stores) => {
      const locked = await lockOrganizations(stores, uid, organizationIds);
      return this.events.run(stores, context, async (changes) => {
        const state = await this.states.environment(stores, uid, id);
        return work(stores, changes, state, await this.states.organizations(stores, uid, locked));
      });
    });
  }

  private updateEnvironmentScope<T>(
    { environmentId }: ParsedScope,
    context: WriteContext,
    work: ScopeWork<T>,
  ): Promise<T> {
    return this.updateEnvironment(environmentId, context, (stores, changes, state, lockAllMembers) =>
      work(stores, changes, { state, organization: undefined, effective: environmentRoles(state) }, lockAllMembers),
    );
  }

  /** Locks the organization, if it has a row, and then what `lockMore` locks, before anything is read. */
  private async updateOrganization<T>(
    { environmentId, organizationId }: ParsedOrganizationScope,
    context: WriteContext,
    lockMore: (stores: Stores, uid: EnvironmentUid) => Promise<void>,
    work: (stores: Stores, changes: ChangeRecord, scopeState: ScopeState) => Promise<T>,
  ): Promise<T> {
    const { uid } = await this.getEnvironment(environmentId);
    return this.write(uid, context, async (stores) => {
      const locked = await lockOrganizations(stores, uid, [organizationId]);
      await lockMore(stores, uid);
      return this.replayOrRun(stores, environmentId, context, async (changes) => {
        const state = await this.states.environment(stores, uid, environmentId);
        const [organization] = (await this.states.organizations(stores, uid, locked)).values();
        const effective = organizationRoles(state, organization);
        const guarded = { state, organizations: organization ? [organization] : [] };
        return runGuarded(stores, context, guarded, changes, () =>
          work(stores, changes, { state, organization, effective }),
        );
      });
    });
  }

  /** Runs one step of materializing in a transaction of its own. */
  private materialize(
    scope: ParsedOrganizationScope,
    signal: CallSignal,
    step: (stores: Stores, scopeState: ScopeState) => Promise<boolean>,
  ): Promise<boolean> {
    const context = { signal, idempotencyKey: undefined, author: ownAuthor };
    return this.updateOrganization(scope, context, lockMemberRoles, (stores, _, scopeState) =>
      step(stores, scopeState),
    );
  }

  private async write<T>(
    uid: EnvironmentUid,
    { signal }: WriteContext,
    work: (stores: Stores) => Promise<T>,
  ): Promise<T> {
    const response = await this.units.write(work, signal);
    this.onCommit(uid);
    return response;
  }

  /** Replays a repeated request, else does the work and writes its events. */
  private replayOrRun<T>(
    stores: Stores,
    id: EnvironmentId,
    context: WriteContext,
    work: (changes: ChangeRecord) => Promise<T>,
  ): Promise<T> {
    return this.idempotency.replayOrRun(stores, id, context, () => this.events.run(stores, context, work));
  }
}

const namesOrganization = (scope: ParsedScope): scope is ParsedOrganizationScope => scope.organizationId !== undefined;

function byId(organizations: ReadonlyMap<OrganizationUid, OrganizationState>): Map<OrganizationId, OrganizationState> {
  return new Map([...organizations.values()].map((organization) => [organization.id, organization]));
}

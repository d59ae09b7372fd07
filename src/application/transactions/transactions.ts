import { environmentRoles, organizationRoles } from "../../domain/effective-roles";
import type { Environment, EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import { Fault } from "../../domain/fault";
import type { Clock, EnvironmentUid, Ids, OrganizationUid } from "../../domain/ids";
import type { Organization, OrganizationState } from "../../domain/organization";
import type { EnvironmentId, OrganizationId } from "../../domain/values";
import type { CallSignal } from "../ports/cancellation";
import type { Stores, UnitOfWork } from "../ports/unit-of-work";
import { type WriteContext, IdempotencyRecords } from "../request/idempotency";
import type { ParsedScope } from "../request/scope";
import { type ScopeState, loadEnvironment, loadOrganizations } from "./load-state";
import { materializeMembers } from "./materialize-members";
import type { StateCache } from "./state-cache";

/** More members of an organization are unsettled than one transaction rewrites; nothing was changed. */
class TooManyPendingMembers extends Error {}

/** The environment was created before by the same request: rolls back the second one, and the first response is replayed. */
class RepeatedCreation extends Error {}

type OrganizationOf = ParsedScope & { readonly organizationId: OrganizationId };

/** How use cases reach the stores: each scope's lock, state and repeated requests in one place. */
export class Transactions {
  private readonly idempotency: IdempotencyRecords;

  constructor(
    private readonly units: UnitOfWork,
    clock: Clock,
    private readonly ids: Pick<Ids, "organization">,
    private readonly cache: StateCache,
  ) {
    this.idempotency = new IdempotencyRecords(clock);
  }

  /** An environment-level write. The environment cannot change meanwhile; organizations can. */
  async updateEnvironment<T>(
    id: EnvironmentId,
    context: WriteContext,
    work: (stores: Stores, state: EnvironmentState) => Promise<T>,
  ): Promise<T> {
    const { uid } = await this.getEnvironment(id);
    return this.units.write(async (stores) => {
      if (!(await stores.environments.touch(uid))) throw refuse.environmentNotFound(id);
      return this.idempotency.replayOrRun(stores, id, context, async () => {
        const environment = await stores.environments.get(uid);
        if (!environment) throw refuse.environmentNotFound(id);
        return work(stores, await loadEnvironment(stores, environment));
      });
    }, context.signal);
  }

  /** An organization-level write that may be the organization's first. The organization cannot change meanwhile. */
  async upsertOrganization<T>(
    id: EnvironmentId,
    organizationId: OrganizationId,
    context: WriteContext,
    work: (stores: Stores, state: EnvironmentState, organization: OrganizationState) => Promise<T>,
  ): Promise<T> {
    return this.upsertOrganizations(id, [organizationId], context, (stores, state, organizationOf) =>
      work(stores, state, organizationOf(organizationId)),
    );
  }

  /** The same for several organizations at once: all of them change, or none. */
  async upsertOrganizations<T>(
    id: EnvironmentId,
    organizationIds: readonly OrganizationId[],
    context: WriteContext,
    work: (
      stores: Stores,
      state: EnvironmentState,
      organizationOf: (id: OrganizationId) => OrganizationState,
    ) => Promise<T>,
  ): Promise<T> {
    const { uid } = await this.getEnvironment(id);
    const wanted = [...new Set(organizationIds)].sort();
    const uids = new Map(wanted.map((organizationId) => [organizationId, this.ids.organization()]));
    return this.units.write(async (stores) => {
      let found = await stores.organizations.lock(uid, wanted);
      if (found.length < wanted.length) {
        const earlier = await this.idempotency.findReplay<T>(stores, id, context);
        if (earlier) return earlier.answer;
        const present = new Set(found.map((organization) => organization.id));
        const missing = [...uids].flatMap(([organizationId, organizationUid]) =>
          present.has(organizationId) ? [] : { id: organizationId, uid: organizationUid },
        );
        await stores.organizations.insert(uid, missing);
        found = [...found, ...missing.map((organization) => ({ revision: 1, ...organization }))];
      }
      return this.idempotency.replayOrRun(stores, id, context, async () => {
        const state = await this.environmentState(stores, uid, id);
        const organizations = byId(await this.organizationStates(stores, uid, found));
        return work(stores, state, (organizationId) => {
          const organization = organizations.get(organizationId);
          if (!organization) throw new Fault("an organization went away under its lock");
          return organization;
        });
      });
    }, context.signal);
  }

  /** A new environment. Its row is the lock: of several with the same id one is created, the others get KeyTaken. */
  async createEnvironment<T>(
    environment: Environment,
    context: WriteContext,
    work: (stores: Stores) => Promise<T>,
  ): Promise<T> {
    const { id } = environment;
    return this.replayOnFailure(id, context, () =>
      this.units.write(async (stores) => {
        await stores.environments.insert(environment);
        if (await this.idempotency.findReplay(stores, id, context)) throw new RepeatedCreation();
        return this.idempotency.replayOrRun(stores, id, context, () => work(stores));
      }, context.signal),
    );
  }

  /** The end of an environment. Repeating the request finds its answer although the environment is gone. */
  async deleteEnvironment<T>(
    id: EnvironmentId,
    context: WriteContext,
    work: (stores: Stores, environment: Environment) => Promise<T>,
  ): Promise<T> {
    return this.replayOnFailure(id, context, () =>
      this.updateEnvironment(id, context, (stores, { environment }) => work(stores, environment)),
    );
  }

  /** A write to what is there already, under the lock of the scope: the organization where one is named. */
  async updateScope<T>(
    scope: ParsedScope,
    context: WriteContext,
    work: (stores: Stores, view: ScopeState) => Promise<T>,
  ): Promise<T> {
    const { environmentId, organizationId } = scope;
    if (organizationId)
      return this.updateOrganization({ environmentId, organizationId }, context, async () => {}, work);
    return this.updateEnvironment(environmentId, context, (stores, state) =>
      work(stores, { state, organization: undefined, effective: environmentRoles(state) }),
    );
  }

  /**
   * The same for a write that changes what deletions mean to the organization's members: its default, its order, its
   * custom roles. The members are settled first, in transactions of bounded size.
   */
  async updateMaterializedScope<T>(
    scope: ParsedScope,
    context: WriteContext,
    work: (stores: Stores, view: ScopeState) => Promise<T>,
  ): Promise<T> {
    const { environmentId, organizationId } = scope;
    if (!organizationId) return this.updateScope(scope, context, work);
    const organizationScope = { environmentId, organizationId };
    return this.withMaterializedMembers(organizationScope, context.signal, () =>
      this.updateOrganization(
        organizationScope,
        context,
        (stores, uid) => stores.environments.lockMemberRoles(uid),
        async (stores, view) => {
          await this.checkMaterialized(stores, view);
          return work(stores, view);
        },
      ),
    );
  }

  /** The first custom role: the organization's members are settled before it gets its own configuration. */
  async upsertMaterializedOrganization<T>(
    id: EnvironmentId,
    organizationId: OrganizationId,
    context: WriteContext,
    work: (stores: Stores, state: EnvironmentState, organization: OrganizationState) => Promise<T>,
  ): Promise<T> {
    return this.withMaterializedMembers({ environmentId: id, organizationId }, context.signal, () =>
      this.upsertOrganization(id, organizationId, context, async (stores, state, organization) => {
        if (organization.own || organization.revision === 1) return work(stores, state, organization);
        await stores.environments.lockMemberRoles(state.environment.uid);
        const fresh = await this.environmentState(stores, state.environment.uid, id);
        await this.checkMaterialized(stores, { state: fresh, organization });
        return work(stores, fresh, organization);
      }),
    );
  }

  private async checkMaterialized(
    stores: Stores,
    { state, organization }: Pick<ScopeState, "state" | "organization">,
  ): Promise<void> {
    if (organization && !(await materializeMembers(stores, state, new Map([[organization.uid, organization]]))))
      throw new TooManyPendingMembers();
  }

  /** An attempt that finds too many unsettled members leaves no trace: they are settled apart, then it is made again. */
  private async withMaterializedMembers<T>(
    scope: OrganizationOf,
    signal: CallSignal,
    write: () => Promise<T>,
  ): Promise<T> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (!(error instanceof TooManyPendingMembers)) throw error;
      }
      for (let settled = false; !settled; )
        settled = await this.updateOrganization(
          scope,
          { signal, idempotencyKey: undefined },
          (stores, uid) => stores.environments.lockMemberRoles(uid),
          async (stores, { state, organization }) =>
            !organization || materializeMembers(stores, state, new Map([[organization.uid, organization]])),
        );
    }
  }

  /** `lock` takes what else is to be locked, before anything is read. */
  private async updateOrganization<T>(
    { environmentId, organizationId }: OrganizationOf,
    context: WriteContext,
    lock: (stores: Stores, uid: EnvironmentUid) => Promise<void>,
    work: (stores: Stores, view: ScopeState) => Promise<T>,
  ): Promise<T> {
    const { uid } = await this.getEnvironment(environmentId);
    return this.units.write(async (stores) => {
      const [found] = await stores.organizations.lock(uid, [organizationId]);
      await lock(stores, uid);
      return this.idempotency.replayOrRun(stores, environmentId, context, async () => {
        const state = await this.environmentState(stores, uid, environmentId);
        const [organization] = (await this.organizationStates(stores, uid, found ? [found] : [])).values();
        return work(stores, { state, organization, effective: organizationRoles(state, organization) });
      });
    }, context.signal);
  }

  /**
   * A write that is decided first and applied then. With `validateOnly` it is only decided, on a consistent state and
   * without any lock, and nothing changes.
   */
  async previewOrApply<T>(
    scope: ParsedScope,
    { validateOnly, context }: { readonly validateOnly: boolean; readonly context: WriteContext },
    decide: (stores: Stores, view: ScopeState) => Promise<{ answer: T; apply: () => Promise<void> }>,
  ): Promise<T> {
    if (validateOnly)
      return this.read(scope, context.signal, async (stores, view) => (await decide(stores, view)).answer);
    return this.updateMaterializedScope(scope, context, async (stores, view) => {
      const { answer, apply } = await decide(stores, view);
      await apply();
      return answer;
    });
  }

  /** Reads one consistent state of an environment, or of an organization in it. */
  async read<T>(
    scope: ParsedScope,
    signal: CallSignal,
    work: (stores: Stores, view: ScopeState) => Promise<T>,
  ): Promise<T> {
    return this.units.read(async (stores) => work(stores, await this.cache.readScope(stores, scope)), signal);
  }

  /** Reads one consistent state of what an environment holds besides roles. */
  async readEnvironment<T>(
    id: EnvironmentId,
    signal: CallSignal,
    work: (stores: Stores, environment: Environment) => Promise<T>,
  ): Promise<T> {
    return this.units.read(async (stores) => {
      const environment = await stores.environments.find(id);
      if (!environment) throw refuse.environmentNotFound(id);
      return work(stores, environment);
    }, signal);
  }

  async getEnvironment(id: EnvironmentId): Promise<Environment> {
    const environment = await this.units.lookup((stores) => stores.environments.find(id));
    if (!environment) throw refuse.environmentNotFound(id);
    return environment;
  }

  async listEnvironments(after: string, limit: number): Promise<Environment[]> {
    return this.units.lookup((stores) => stores.environments.list(after, limit));
  }

  /** The state of an environment that this transaction has not locked, in memory or read now. */
  private async environmentState(stores: Stores, uid: EnvironmentUid, id: EnvironmentId): Promise<EnvironmentState> {
    const environment = await stores.environments.get(uid);
    if (!environment) throw refuse.environmentNotFound(id);
    const known = this.cache.getEnvironment(environment);
    if (known) return known;
    this.cache.warmEnvironment(environment);
    return loadEnvironment(stores, environment);
  }

  /** The states of organizations that this transaction has locked, and not changed yet. */
  private async organizationStates(
    stores: Stores,
    uid: EnvironmentUid,
    organizations: readonly Organization[],
  ): Promise<Map<OrganizationUid, OrganizationState>> {
    const known = organizations.flatMap(
      (organization) => this.cache.getOrganizationBeforeLock(uid, organization) ?? [],
    );
    const uids = new Set(known.map((state) => state.uid));
    const loaded = await loadOrganizations(
      stores,
      uid,
      organizations.filter((organization) => !uids.has(organization.uid)),
    );
    for (const state of known) loaded.set(state.uid, state);
    return loaded;
  }

  /** For writes that fail when they are repeated, because the first one has been done. */
  private async replayOnFailure<T>(id: EnvironmentId, context: WriteContext, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      const earlier = await this.units.lookup((stores) => this.idempotency.findReplay<T>(stores, id, context));
      if (earlier) return earlier.answer;
      throw error;
    }
  }
}

function byId(organizations: ReadonlyMap<OrganizationUid, OrganizationState>): Map<OrganizationId, OrganizationState> {
  return new Map([...organizations.values()].map((organization) => [organization.id, organization]));
}

import { refuse } from "./errors";
import { Fault } from "./fault";
import type { EnvironmentId, OrganizationId } from "./fields";
import type { Clock, EnvironmentUid, Ids, OrganizationUid } from "./ids";
import { type View, loadEnvironment, loadOrganizations, loadView } from "./loading";
import { Answers, type Attempt } from "./attempt";
import { environmentContext, organizationContext } from "./role-config";
import type { ParsedScope } from "./scope";
import { settleMembers } from "./settlement";
import type { Environment, EnvironmentState, Organization, OrganizationState } from "./state";
import { type CallSignal, KeyTaken, type Stores, type UnitOfWork } from "./stores";

/** What is known of scopes without reading all of it. */
export interface Known {
  /** What holds in a scope, for a transaction that reads one consistent state. */
  view(stores: Stores, scope: ParsedScope): Promise<View>;
  /** The state that goes with an environment that this transaction has not changed. */
  known(environment: Environment): EnvironmentState | undefined;
  /** Has an environment read for those who will ask what is `known` of it; they do without until then. */
  remember(environment: Environment): void;
  /** The state of an organization with the revision that its lock gave it: nothing else of it has changed. */
  knownBeforeLock(environment: EnvironmentUid, organization: Organization): OrganizationState | undefined;
}

/** For a transaction that sees what nobody else does yet. */
export const nothingKnown: Known = {
  view: loadView,
  known: () => undefined,
  remember: () => undefined,
  knownBeforeLock: () => undefined,
};

/** More members of an organization are unsettled than one transaction rewrites; nothing was changed. */
class TooManyUnsettled extends Error {}

type OrganizationOf = ParsedScope & { readonly organizationId: OrganizationId };

/** How use cases reach the stores: each scope's lock, state and repeated requests in one place. */
export class Transactions {
  private readonly answers: Answers;

  constructor(
    private readonly units: UnitOfWork,
    clock: Clock,
    private readonly ids: Pick<Ids, "organization">,
    private readonly snapshots: Known,
  ) {
    this.answers = new Answers(clock);
  }

  /** An environment-level write. The environment cannot change meanwhile; organizations can. */
  async inEnvironment<T>(
    id: EnvironmentId,
    attempt: Attempt,
    work: (stores: Stores, state: EnvironmentState) => Promise<T>,
  ): Promise<T> {
    const { uid } = await this.environment(id);
    return this.units.write(async (stores) => {
      if (!(await stores.environments.touch(uid))) throw refuse.environmentNotFound(id);
      return this.answers.once(stores, id, attempt, async () => {
        const environment = await stores.environments.get(uid);
        if (!environment) throw refuse.environmentNotFound(id);
        return work(stores, await loadEnvironment(stores, environment));
      });
    }, attempt.signal);
  }

  /** An organization-level write that may be the organization's first. The organization cannot change meanwhile. */
  async inOrganization<T>(
    id: EnvironmentId,
    organizationId: OrganizationId,
    attempt: Attempt,
    work: (stores: Stores, state: EnvironmentState, organization: OrganizationState) => Promise<T>,
  ): Promise<T> {
    return this.inOrganizations(id, [organizationId], attempt, (stores, state, organizationOf) =>
      work(stores, state, organizationOf(organizationId)),
    );
  }

  /** The same for several organizations at once: all of them change, or none. */
  async inOrganizations<T>(
    id: EnvironmentId,
    organizationIds: readonly OrganizationId[],
    attempt: Attempt,
    work: (
      stores: Stores,
      state: EnvironmentState,
      organizationOf: (id: OrganizationId) => OrganizationState,
    ) => Promise<T>,
  ): Promise<T> {
    const { uid } = await this.environment(id);
    const wanted = [...new Set(organizationIds)].sort();
    const uids = new Map(wanted.map((organizationId) => [organizationId, this.ids.organization()]));
    return this.units.write(async (stores) => {
      let found = await stores.organizations.lock(uid, wanted);
      if (found.length < wanted.length) {
        const earlier = await this.answers.earlier<T>(stores, id, attempt);
        if (earlier) return earlier.answer;
        const present = new Set(found.map((organization) => organization.id));
        const missing = [...uids].flatMap(([organizationId, organizationUid]) =>
          present.has(organizationId) ? [] : { id: organizationId, uid: organizationUid },
        );
        await stores.organizations.insert(uid, missing);
        found = [...found, ...missing.map((organization) => ({ revision: 1, ...organization }))];
      }
      return this.answers.once(stores, id, attempt, async () => {
        const state = await this.state(stores, uid, id);
        const organizations = byId(await this.locked(stores, uid, found));
        return work(stores, state, (organizationId) => {
          const organization = organizations.get(organizationId);
          if (!organization) throw new Fault("an organization went away under its lock");
          return organization;
        });
      });
    }, attempt.signal);
  }

  /** A new environment. Its row is the lock: of several with the same id one is created, the others get KeyTaken. */
  async creatingEnvironment<T>(
    environment: Environment,
    attempt: Attempt,
    work: (stores: Stores) => Promise<T>,
  ): Promise<T> {
    const { id } = environment;
    return this.orEarlierAnswer(id, attempt, () =>
      this.units.write(async (stores) => {
        await stores.environments.insert(environment);
        if (await this.answers.earlier(stores, id, attempt)) throw new KeyTaken("environment");
        return this.answers.once(stores, id, attempt, () => work(stores));
      }, attempt.signal),
    );
  }

  /** The end of an environment. Repeating the request finds its answer although the environment is gone. */
  async removingEnvironment<T>(
    id: EnvironmentId,
    attempt: Attempt,
    work: (stores: Stores, environment: Environment) => Promise<T>,
  ): Promise<T> {
    return this.orEarlierAnswer(id, attempt, () =>
      this.inEnvironment(id, attempt, (stores, { environment }) => work(stores, environment)),
    );
  }

  /** A write to what is there already, under the lock of the scope: the organization where one is named. */
  async inScope<T>(scope: ParsedScope, attempt: Attempt, work: (stores: Stores, view: View) => Promise<T>): Promise<T> {
    const { environmentId, organizationId } = scope;
    if (organizationId) return this.underOrganization({ environmentId, organizationId }, attempt, async () => {}, work);
    return this.inEnvironment(environmentId, attempt, (stores, state) =>
      work(stores, { state, organization: undefined, context: environmentContext(state) }),
    );
  }

  /**
   * The same for a write that changes what deletions mean to the organization's members: its default, its order, its
   * custom roles. The members are settled first, in transactions of bounded size.
   */
  async inSettledScope<T>(
    scope: ParsedScope,
    attempt: Attempt,
    work: (stores: Stores, view: View) => Promise<T>,
  ): Promise<T> {
    const { environmentId, organizationId } = scope;
    if (!organizationId) return this.inScope(scope, attempt, work);
    const organizationScope = { environmentId, organizationId };
    return this.settling(organizationScope, attempt.signal, () =>
      this.underOrganization(
        organizationScope,
        attempt,
        (stores, uid) => stores.environments.lockSuccession(uid),
        async (stores, view) => {
          await this.checkSettled(stores, view);
          return work(stores, view);
        },
      ),
    );
  }

  /** The first custom role: the organization's members are settled before it gets its own configuration. */
  async inSettledOrganization<T>(
    id: EnvironmentId,
    organizationId: OrganizationId,
    attempt: Attempt,
    work: (stores: Stores, state: EnvironmentState, organization: OrganizationState) => Promise<T>,
  ): Promise<T> {
    return this.settling({ environmentId: id, organizationId }, attempt.signal, () =>
      this.inOrganization(id, organizationId, attempt, async (stores, state, organization) => {
        if (organization.own || organization.revision === 1) return work(stores, state, organization);
        await stores.environments.lockSuccession(state.environment.uid);
        const fresh = await this.state(stores, state.environment.uid, id);
        await this.checkSettled(stores, { state: fresh, organization });
        return work(stores, fresh, organization);
      }),
    );
  }

  private async checkSettled(stores: Stores, { state, organization }: Omit<View, "context">): Promise<void> {
    if (organization && !(await settleMembers(stores, state, new Map([[organization.uid, organization]]))))
      throw new TooManyUnsettled();
  }

  /** An attempt that finds too many unsettled members leaves no trace: they are settled apart, then it is made again. */
  private async settling<T>(scope: OrganizationOf, signal: CallSignal, write: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (!(error instanceof TooManyUnsettled)) throw error;
      }
      for (let settled = false; !settled; )
        settled = await this.underOrganization(
          scope,
          { signal, identified: undefined },
          (stores, uid) => stores.environments.lockSuccession(uid),
          async (stores, { state, organization }) =>
            !organization || settleMembers(stores, state, new Map([[organization.uid, organization]])),
        );
    }
  }

  /** `lock` takes what else is to be locked, before anything is read. */
  private async underOrganization<T>(
    { environmentId, organizationId }: OrganizationOf,
    attempt: Attempt,
    lock: (stores: Stores, uid: EnvironmentUid) => Promise<void>,
    work: (stores: Stores, view: View) => Promise<T>,
  ): Promise<T> {
    const { uid } = await this.environment(environmentId);
    return this.units.write(async (stores) => {
      const [found] = await stores.organizations.lock(uid, [organizationId]);
      await lock(stores, uid);
      return this.answers.once(stores, environmentId, attempt, async () => {
        const state = await this.state(stores, uid, environmentId);
        const [organization] = (await this.locked(stores, uid, found ? [found] : [])).values();
        return work(stores, { state, organization, context: organizationContext(state, organization) });
      });
    }, attempt.signal);
  }

  /**
   * A write that is decided first and applied then. With `validateOnly` it is only decided, on a consistent state and
   * without any lock, and nothing changes.
   */
  async decided<T>(
    scope: ParsedScope,
    { validateOnly, attempt }: { readonly validateOnly: boolean; readonly attempt: Attempt },
    decide: (stores: Stores, view: View) => Promise<{ answer: T; apply: () => Promise<void> }>,
  ): Promise<T> {
    if (validateOnly)
      return this.read(scope, attempt.signal, async (stores, view) => (await decide(stores, view)).answer);
    return this.inSettledScope(scope, attempt, async (stores, view) => {
      const { answer, apply } = await decide(stores, view);
      await apply();
      return answer;
    });
  }

  /** Reads one consistent state of an environment, or of an organization in it. */
  async read<T>(scope: ParsedScope, signal: CallSignal, work: (stores: Stores, view: View) => Promise<T>): Promise<T> {
    return this.units.read(async (stores) => work(stores, await this.snapshots.view(stores, scope)), signal);
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

  async environment(id: EnvironmentId): Promise<Environment> {
    const environment = await this.units.lookup((stores) => stores.environments.find(id));
    if (!environment) throw refuse.environmentNotFound(id);
    return environment;
  }

  async environments(after: string, limit: number): Promise<Environment[]> {
    return this.units.lookup((stores) => stores.environments.list(after, limit));
  }

  /** The state of an environment that this transaction has not locked, in memory or read now. */
  private async state(stores: Stores, uid: EnvironmentUid, id: EnvironmentId): Promise<EnvironmentState> {
    const environment = await stores.environments.get(uid);
    if (!environment) throw refuse.environmentNotFound(id);
    const known = this.snapshots.known(environment);
    if (known) return known;
    this.snapshots.remember(environment);
    return loadEnvironment(stores, environment);
  }

  /** The states of organizations that this transaction has locked, and not changed yet. */
  private async locked(
    stores: Stores,
    uid: EnvironmentUid,
    organizations: readonly Organization[],
  ): Promise<Map<OrganizationUid, OrganizationState>> {
    const known = organizations.flatMap((organization) => this.snapshots.knownBeforeLock(uid, organization) ?? []);
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
  private async orEarlierAnswer<T>(id: EnvironmentId, attempt: Attempt, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      const earlier = await this.units.lookup((stores) => this.answers.earlier<T>(stores, id, attempt));
      if (earlier) return earlier.answer;
      throw error;
    }
  }
}

function byId(organizations: ReadonlyMap<OrganizationUid, OrganizationState>): Map<OrganizationId, OrganizationState> {
  return new Map([...organizations.values()].map((organization) => [organization.id, organization]));
}

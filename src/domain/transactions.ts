import { refuse } from "./errors";
import { type EnvironmentId, type Fields, type OrganizationId, type RequestId, parseRequestId } from "./fields";
import type { Clock, EnvironmentUid, Ids, OrganizationUid } from "./ids";
import { limits } from "./limits";
import { type View, loadEnvironment, loadEnvironmentByUid, loadOrganizations, loadView } from "./loading";
import { environmentContext } from "./role-config";
import type { ParsedScope } from "./scope";
import { settleMembers } from "./settlement";
import type { Environment, EnvironmentState, OrganizationState } from "./state";
import { KeyTaken, type Stores, type UnitOfWork } from "./stores";

/** What the transport knows of a call. */
export interface Call {
  /** A digest of method and request: two calls with one request id must have the same. */
  fingerprint(): string;
}

/** A request id and the request it stands for; without one every call is a new request. */
export interface Once {
  readonly requestId: RequestId;
  readonly fingerprint: string;
}

export function parseOnce(fields: Fields, requestId: string | undefined, call: Call): Once | undefined {
  const parsed = fields.optional("request_id", requestId, parseRequestId);
  return parsed && { requestId: parsed, fingerprint: call.fingerprint() };
}

/** More members of an organization are unsettled than one transaction rewrites; nothing was changed. */
class TooManyUnsettled extends Error {}

type OrganizationOf = ParsedScope & { readonly organizationId: OrganizationId };

/** How use cases reach the stores: each scope's lock, state and repeated requests in one place. */
export class Transactions {
  constructor(
    private readonly units: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: Pick<Ids, "organization">,
  ) {}

  /** An environment-level write. The environment cannot change meanwhile; organizations can. */
  async inEnvironment<T>(
    id: EnvironmentId,
    once: Once | undefined,
    work: (stores: Stores, state: EnvironmentState) => Promise<T>,
  ): Promise<T> {
    const { uid } = await this.environment(id);
    return this.units.write(async (stores) => {
      if (!(await stores.environments.touch(uid))) throw refuse.environmentNotFound(id);
      return this.once(stores, id, once, async () => work(stores, await loadEnvironmentByUid(stores, uid, id)));
    });
  }

  /** An organization-level write that may be the organization's first. The organization cannot change meanwhile. */
  async inOrganization<T>(
    id: EnvironmentId,
    organizationId: OrganizationId,
    once: Once | undefined,
    work: (stores: Stores, state: EnvironmentState, organization: OrganizationState) => Promise<T>,
  ): Promise<T> {
    return this.inOrganizations(id, [organizationId], once, (stores, state, organizationOf) =>
      work(stores, state, organizationOf(organizationId)),
    );
  }

  /** The same for several organizations at once: all of them change, or none. */
  async inOrganizations<T>(
    id: EnvironmentId,
    organizationIds: readonly OrganizationId[],
    once: Once | undefined,
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
        const earlier = once && (await this.earlierAnswer<T>(stores, id, once));
        if (earlier) return earlier.answer;
        const present = new Set(found.map((organization) => organization.id));
        const missing = [...uids].flatMap(([organizationId, organizationUid]) =>
          present.has(organizationId) ? [] : { id: organizationId, uid: organizationUid },
        );
        await stores.organizations.insert(uid, missing);
        found = [...found, ...missing.map((organization) => ({ ...organization, revision: 1 }))];
      }
      return this.once(stores, id, once, async () => {
        const state = await loadEnvironmentByUid(stores, uid, id);
        const organizations = byId(await loadOrganizations(stores, uid, found));
        return work(stores, state, (organizationId) => {
          const organization = organizations.get(organizationId);
          if (!organization) throw new Error(`organization ${organizationId} went away under its lock`);
          return organization;
        });
      });
    });
  }

  /** A new environment. Its row is the lock: of several with the same id one is created, the others get KeyTaken. */
  async creatingEnvironment<T>(
    environment: Environment,
    once: Once | undefined,
    work: (stores: Stores) => Promise<T>,
  ): Promise<T> {
    const { id } = environment;
    return this.orEarlierAnswer(id, once, () =>
      this.units.write(async (stores) => {
        await stores.environments.insert(environment);
        if (once && (await this.earlierAnswer(stores, id, once))) throw new KeyTaken("environment");
        return this.once(stores, id, once, () => work(stores));
      }),
    );
  }

  /** The end of an environment. Repeating the request finds its answer although the environment is gone. */
  async removingEnvironment<T>(
    id: EnvironmentId,
    once: Once | undefined,
    work: (stores: Stores, environment: Environment) => Promise<T>,
  ): Promise<T> {
    return this.orEarlierAnswer(id, once, () =>
      this.inEnvironment(id, once, (stores, { environment }) => work(stores, environment)),
    );
  }

  /** A write to what is there already, under the lock of the scope: the organization where one is named. */
  async inScope<T>(
    scope: ParsedScope,
    once: Once | undefined,
    work: (stores: Stores, view: View) => Promise<T>,
  ): Promise<T> {
    const { environmentId, organizationId } = scope;
    if (organizationId) return this.underOrganization({ environmentId, organizationId }, once, async () => {}, work);
    return this.inEnvironment(environmentId, once, (stores, state) =>
      work(stores, { state, organization: undefined, context: environmentContext(state) }),
    );
  }

  /**
   * The same for a write that changes what deletions mean to the organization's members: its default, its order, its
   * custom roles. The members are settled first, in transactions of bounded size.
   */
  async inSettledScope<T>(
    scope: ParsedScope,
    once: Once | undefined,
    work: (stores: Stores, view: View) => Promise<T>,
  ): Promise<T> {
    const { environmentId, organizationId } = scope;
    if (!organizationId) return this.inScope(scope, once, work);
    const organizationScope = { environmentId, organizationId };
    return this.settling(organizationScope, () =>
      this.underOrganization(
        organizationScope,
        once,
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
    once: Once | undefined,
    work: (stores: Stores, state: EnvironmentState, organization: OrganizationState) => Promise<T>,
  ): Promise<T> {
    return this.settling({ environmentId: id, organizationId }, () =>
      this.inOrganization(id, organizationId, once, async (stores, state, organization) => {
        if (organization.own || organization.revision === 1) return work(stores, state, organization);
        await stores.environments.lockSuccession(state.environment.uid);
        const fresh = await loadEnvironmentByUid(stores, state.environment.uid, id);
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
  private async settling<T>(scope: OrganizationOf, attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof TooManyUnsettled)) throw error;
      }
      for (let settled = false; !settled; )
        settled = await this.underOrganization(
          scope,
          undefined,
          async () => {},
          async (stores, { state, organization }) =>
            !organization || settleMembers(stores, state, new Map([[organization.uid, organization]])),
        );
    }
  }

  /** `lock` takes what else is to be locked, before anything is read. */
  private async underOrganization<T>(
    { environmentId, organizationId }: OrganizationOf,
    once: Once | undefined,
    lock: (stores: Stores, uid: EnvironmentUid) => Promise<void>,
    work: (stores: Stores, view: View) => Promise<T>,
  ): Promise<T> {
    const { uid } = await this.environment(environmentId);
    return this.units.write(async (stores) => {
      const [found] = await stores.organizations.lock(uid, [organizationId]);
      await lock(stores, uid);
      return this.once(stores, environmentId, once, async () => {
        const state = await loadEnvironmentByUid(stores, uid, environmentId);
        return work(stores, await loadView(stores, state, found));
      });
    });
  }

  /** Background work under the lock of an environment; none if the environment is gone. */
  async inEnvironmentByUid(
    uid: EnvironmentUid,
    work: (stores: Stores, state: EnvironmentState) => Promise<void>,
  ): Promise<void> {
    await this.units.write(async (stores) => {
      await stores.environments.touch(uid);
      const environment = await stores.environments.get(uid);
      if (environment) await work(stores, await loadEnvironment(stores, environment));
    });
  }

  /** Background work under the locks of organizations; those that are gone are absent. */
  async inOrganizationsByUid<T>(
    environmentUid: EnvironmentUid,
    uids: readonly OrganizationUid[],
    work: (
      stores: Stores,
      state: EnvironmentState,
      organizations: ReadonlyMap<OrganizationUid, OrganizationState>,
    ) => Promise<T>,
  ): Promise<T | undefined> {
    const named = await this.units.lookup((stores) => stores.organizations.findByUid(environmentUid, uids));
    const ids = named.map(({ id }) => id).sort();
    return this.units.write(async (stores) => {
      const locked = await stores.organizations.lock(environmentUid, ids);
      const environment = await stores.environments.get(environmentUid);
      if (!environment) return undefined;
      const state = await loadEnvironment(stores, environment);
      return work(stores, state, await loadOrganizations(stores, environmentUid, locked));
    });
  }

  /**
   * A write that is decided first and applied then. With `validateOnly` it is only decided, on a consistent state and
   * without any lock, and nothing changes.
   */
  async decided<T>(
    scope: ParsedScope,
    options: { readonly validateOnly: boolean; readonly once: Once | undefined },
    decide: (stores: Stores, view: View) => Promise<{ answer: T; apply: () => Promise<void> }>,
  ): Promise<T> {
    if (options.validateOnly) return this.read(scope, async (stores, view) => (await decide(stores, view)).answer);
    return this.inSettledScope(scope, options.once, async (stores, view) => {
      const { answer, apply } = await decide(stores, view);
      await apply();
      return answer;
    });
  }

  /** Reads one consistent state of an environment, or of an organization in it. */
  async read<T>(
    { environmentId, organizationId }: ParsedScope,
    work: (stores: Stores, view: View) => Promise<T>,
  ): Promise<T> {
    return this.units.read(async (stores) => {
      const environment = await stores.environments.find(environmentId);
      if (!environment) throw refuse.environmentNotFound(environmentId);
      const state = await loadEnvironment(stores, environment);
      if (!organizationId) return work(stores, { state, organization: undefined, context: environmentContext(state) });
      const [found] = await stores.organizations.find(environment.uid, [organizationId]);
      return work(stores, await loadView(stores, state, found));
    });
  }

  /** Reads one consistent state of several organizations; those without data are absent. */
  async readOrganizations<T>(
    id: EnvironmentId,
    organizationIds: readonly OrganizationId[],
    work: (
      stores: Stores,
      state: EnvironmentState,
      organizations: ReadonlyMap<OrganizationId, OrganizationState>,
    ) => Promise<T>,
  ): Promise<T> {
    return this.readEnvironment(id, async (stores, environment) => {
      const state = await loadEnvironment(stores, environment);
      const found = await stores.organizations.find(environment.uid, [...new Set(organizationIds)]);
      const organizations = await loadOrganizations(stores, environment.uid, found);
      return work(stores, state, byId(organizations));
    });
  }

  /** Reads one consistent state of what an environment holds besides roles. */
  async readEnvironment<T>(
    id: EnvironmentId,
    work: (stores: Stores, environment: Environment) => Promise<T>,
  ): Promise<T> {
    return this.units.read(async (stores) => {
      const environment = await stores.environments.find(id);
      if (!environment) throw refuse.environmentNotFound(id);
      return work(stores, environment);
    });
  }

  /** Reads outside of any transaction: each statement sees what is committed then. */
  lookup<T>(work: (stores: Stores) => Promise<T>): Promise<T> {
    return this.units.lookup(work);
  }

  async environment(id: EnvironmentId): Promise<Environment> {
    const environment = await this.units.lookup((stores) => stores.environments.find(id));
    if (!environment) throw refuse.environmentNotFound(id);
    return environment;
  }

  async environments(after: string, limit: number): Promise<Environment[]> {
    return this.units.lookup((stores) => stores.environments.list(after, limit));
  }

  /** Answers a request id that was answered before, else does the work and stores its answer with it. */
  private async once<T>(stores: Stores, id: EnvironmentId, once: Once | undefined, work: () => Promise<T>): Promise<T> {
    if (!once) return work();
    const earlier = await this.earlierAnswer<T>(stores, id, once);
    if (earlier) return earlier.answer;
    const answer = await work();
    const stored = { ...once, answer: JSON.stringify(answer), createTime: this.clock() };
    await stores.answers.save(id, stored, stored.createTime - limits.requestIdLifetime);
    return answer;
  }

  private async earlierAnswer<T>(stores: Stores, id: EnvironmentId, once: Once): Promise<{ answer: T } | undefined> {
    const earlier = await stores.answers.find(id, once.requestId, this.clock() - limits.requestIdLifetime);
    if (!earlier) return undefined;
    if (earlier.fingerprint !== once.fingerprint) throw refuse.requestIdReused(once.requestId);
    return { answer: JSON.parse(earlier.answer) as T };
  }

  /** For writes that fail when they are repeated, because the first one has been done. */
  private async orEarlierAnswer<T>(id: EnvironmentId, once: Once | undefined, attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } catch (error) {
      const earlier = once && (await this.units.lookup((stores) => this.earlierAnswer<T>(stores, id, once)));
      if (earlier) return earlier.answer;
      throw error;
    }
  }
}

function byId(organizations: ReadonlyMap<OrganizationUid, OrganizationState>): Map<OrganizationId, OrganizationState> {
  return new Map([...organizations.values()].map((organization) => [organization.id, organization]));
}

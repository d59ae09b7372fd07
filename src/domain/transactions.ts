import { refuse } from "./errors";
import { type EnvironmentId, type Fields, type OrganizationId, type RequestId, parseRequestId } from "./fields";
import type { Clock, EnvironmentUid, RoleId } from "./ids";
import { limits } from "./limits";
import type { EnvironmentRole } from "./role";
import {
  type Context,
  type Environment,
  type EnvironmentState,
  type OrganizationState,
  environmentContext,
  organizationContext,
} from "./role-config";
import type { ParsedScope } from "./scope";
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

/** One consistent view of a scope: what is stored, and what holds there. */
export interface View {
  readonly state: EnvironmentState;
  /** Absent in the environment's own scope, and for an organization that was never written to. */
  readonly organization: OrganizationState | undefined;
  readonly context: Context;
}

/** How use cases reach the stores: each scope's lock, state and repeated requests in one place. */
export class Transactions {
  constructor(
    private readonly units: UnitOfWork,
    private readonly clock: Clock,
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
      return this.once(stores, id, once, async () => work(stores, await this.stateByUid(stores, uid, id)));
    });
  }

  /** An organization-level write that may be the organization's first. The organization cannot change meanwhile. */
  async inOrganization<T>(
    id: EnvironmentId,
    organizationId: OrganizationId,
    once: Once | undefined,
    work: (stores: Stores, state: EnvironmentState, organization: OrganizationState) => Promise<T>,
  ): Promise<T> {
    const { uid } = await this.environment(id);
    return this.units.write(async (stores) => {
      if (!(await stores.organizations.touch(uid, organizationId))) {
        const earlier = once && (await this.earlierAnswer<T>(stores, id, once));
        if (earlier) return earlier.answer;
        await stores.organizations.insert(uid, organizationId);
      }
      return this.once(stores, id, once, async () => {
        const state = await this.stateByUid(stores, uid, id);
        const organization = await this.organizationState(stores, uid, organizationId);
        if (!organization) throw new Error(`organization ${organizationId} went away under its lock`);
        return work(stores, state, organization);
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
    { environmentId, organizationId }: ParsedScope,
    once: Once | undefined,
    work: (stores: Stores, view: View) => Promise<T>,
  ): Promise<T> {
    if (!organizationId)
      return this.inEnvironment(environmentId, once, (stores, state) =>
        work(stores, { state, organization: undefined, context: environmentContext(state) }),
      );
    const { uid } = await this.environment(environmentId);
    return this.units.write(async (stores) => {
      await stores.organizations.touch(uid, organizationId);
      return this.once(stores, environmentId, once, async () => {
        const state = await this.stateByUid(stores, uid, environmentId);
        return work(stores, await this.view(stores, state, organizationId));
      });
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
    return this.inScope(scope, options.once, async (stores, view) => {
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
      return work(stores, await this.view(stores, await this.state(stores, environment), organizationId));
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

  private async stateByUid(stores: Stores, uid: EnvironmentUid, id: EnvironmentId): Promise<EnvironmentState> {
    const environment = await stores.environments.get(uid);
    if (!environment) throw refuse.environmentNotFound(id);
    return this.state(stores, environment);
  }

  /** The environment is read before its roles, so that whatever it names is among them, at least as a tombstone. */
  private async state(stores: Stores, environment: Environment): Promise<EnvironmentState> {
    const roles = await stores.roles.ofEnvironment(environment.uid);
    return { environment, roles: new Map<RoleId, EnvironmentRole>(roles.map((role) => [role.id, role])) };
  }

  private async view(stores: Stores, state: EnvironmentState, id: OrganizationId | undefined): Promise<View> {
    if (!id) return { state, organization: undefined, context: environmentContext(state) };
    const organization = await this.organizationState(stores, state.environment.uid, id);
    return { state, organization, context: organizationContext(state, organization) };
  }

  private async organizationState(
    stores: Stores,
    uid: EnvironmentUid,
    id: OrganizationId,
  ): Promise<OrganizationState | undefined> {
    const organization = await stores.organizations.get(uid, id);
    return organization && { ...organization, customRoles: await stores.roles.ofOrganization(uid, id) };
  }
}

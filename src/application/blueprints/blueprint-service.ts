import type { Environment } from "../../domain/environment";
import { Refusal, refuse } from "../../domain/errors";
import { limits } from "../../domain/limits";
import type { EnvironmentId, OrganizationId, UserId } from "../../domain/values";
import type { Stores, UnitOfWork } from "../ports/unit-of-work";
import type { UseCases } from "../use-cases";
import { type Blueprint, type MembersBlueprint, BlueprintRefusal } from "./blueprint";
import type { Change } from "./changes";
import { type Options, changes } from "./compare-blueprint";
import { readEnvironment, readOrganizations } from "./read-blueprint";
import { loadMemberScope, rolesOf } from "./read-members";

/** How many organizations one transaction reads for an export. */
const organizationsAtOnce = 100;

/** The stores of a transaction that is under way: what would begin one becomes part of it. */
const within = (stores: Stores): UnitOfWork => ({
  write: (work) => work(stores),
  read: (work) => work(stores),
  lookup: (work) => work(stores),
});

/**
 * Tells what environments and organizations hold, as blueprints, and makes them hold what blueprints say: each
 * blueprint in one transaction, by the use cases that callers have too.
 */
export class BlueprintService {
  constructor(
    private readonly units: UnitOfWork,
    /** All use cases, on the given way to the stores and without a memory of their own. */
    private readonly useCasesOn: (units: UnitOfWork) => UseCases,
  ) {}

  /**
   * The environment, then its organizations that hold something of their own, in order of their ids, each followed by
   * its members where they are asked for. What one blueprint says was so at one moment.
   */
  async *read(
    id: EnvironmentId,
    { members, only }: { readonly members: boolean; readonly only?: readonly OrganizationId[] | undefined },
  ): AsyncGenerator<Blueprint> {
    yield await this.units.read(async (stores) => readEnvironment(stores, await find(stores, id)));
    for (let after = ""; ; ) {
      const page = await this.units.read(async (stores) => {
        const environment = await find(stores, id);
        const rows = only
          ? await stores.organizations.find(environment.uid, only)
          : await stores.organizations.list(environment.uid, after, organizationsAtOnce);
        return readOrganizations(stores, environment, rows);
      });
      for (const organization of page) {
        if (!organization.inheritsEnvironment) yield organization;
        else if (organization.groups.size)
          yield { ...organization, roles: undefined, defaultRole: undefined, priority: undefined };
        if (members) yield* this.readMembers(id, organization.organizationId as OrganizationId);
      }
      const last = page.at(-1);
      if (!last || only) return;
      after = last.organizationId;
    }
  }

  private async *readMembers(id: EnvironmentId, organizationId: OrganizationId): AsyncGenerator<MembersBlueprint> {
    for (let after = ""; ; ) {
      const members = await this.units.read(async (stores) => {
        const environment = await find(stores, id);
        const home = await loadMemberScope(stores, environment, organizationId);
        if (!home.organization) return new Map<UserId, string[]>();
        const page = { after, limit: limits.batchItems };
        return rolesOf(home, await stores.memberships.list(environment.uid, home.organization.uid, page));
      });
      if (!members.size) return;
      yield { kind: "members", organizationId, members };
      after = [...members.keys()].at(-1) ?? "";
    }
  }

  /** What applying the blueprint would change now. Refuses one that names what will not be there. */
  compare(id: EnvironmentId, blueprint: Blueprint, options: Options): Promise<Change[]> {
    return this.units.read((stores) => changes(stores, id, blueprint, options));
  }

  /** Changes what has to be changed, all of it or nothing, and answers what that was. */
  async apply(id: EnvironmentId, blueprint: Blueprint, options: Options): Promise<Change[]> {
    if (!(await this.compare(id, blueprint, options)).length) return [];
    return this.units.write(async (stores) => {
      await lock(stores, id, blueprint);
      const steps = await changes(stores, id, blueprint, options);
      const useCases = this.useCasesOn(within(stores));
      for (const step of steps) await takeStep(step, useCases);
      return steps;
    });
  }

  /** Returns those organizations that have no data in the environment. */
  organizationsWithoutData(id: EnvironmentId, organizationIds: readonly OrganizationId[]): Promise<OrganizationId[]> {
    return this.units.read(async (stores) => {
      const environment = await find(stores, id);
      const found = new Set((await stores.organizations.find(environment.uid, organizationIds)).map((one) => one.id));
      return organizationIds.filter((one) => !found.has(one));
    });
  }
}

/** Takes a step. Throws a refusal with the part of the blueprint that asked for it. */
async function takeStep(step: Change, useCases: UseCases): Promise<void> {
  try {
    await step.make(useCases);
  } catch (error) {
    throw error instanceof Refusal ? new BlueprintRefusal(error, step.path) : error;
  }
}

async function find(stores: Stores, id: EnvironmentId): Promise<Environment> {
  const environment = await stores.environments.find(id);
  if (!environment) throw refuse.environmentNotFound(id);
  return environment;
}

/** What is compared in a transaction may not change in it, but for what the transaction does itself. */
async function lock(stores: Stores, id: EnvironmentId, blueprint: Blueprint): Promise<void> {
  const environment = await stores.environments.find(id);
  if (!environment) return;
  if (blueprint.kind === "environment") await stores.environments.touch(environment.uid);
  else await stores.organizations.lock(environment.uid, [blueprint.organizationId as OrganizationId]);
}

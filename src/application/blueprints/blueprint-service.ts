import type { Environment } from "../../domain/environment";
import { Refusal, refuse } from "../../domain/errors";
import { limits } from "../../domain/limits";
import type { EnvironmentId, OrganizationId, UserId } from "../../domain/values";
import type { Stores, UnitOfWork } from "../ports/unit-of-work";
import type { ParsedScope } from "../request/scope";
import { MaintenanceTransactions } from "../transactions/maintenance-transactions";
import { type Call, applyCall } from "../request/idempotency";
import type { UseCases } from "../use-cases";
import { type Blueprint, type MembersBlueprint, BlueprintRefusal } from "./blueprint";
import type { Change } from "./change";
import { type Options, compareBlueprint } from "./compare-blueprint";
import { readEnvironment, readOrganizations } from "./read-blueprint";
import { loadMemberScope, rolesOf } from "./read-members";

/** How many organizations one transaction reads for an export. */
const organizationsPerRead = 100;

/** Makes transactions that would begin parts of one that is under way. */
const within = (stores: Stores): UnitOfWork => ({
  write: (work) => work(stores),
  read: (work) => work(stores),
  lookup: (work) => work(stores),
});

/**
 * Reads environments and organizations as blueprints, and changes them to what blueprints say: each blueprint in one
 * transaction, by the use cases that callers have too.
 */
export class BlueprintService {
  private readonly transactions: MaintenanceTransactions;

  constructor(
    private readonly units: UnitOfWork,
    /** Returns all use cases on a unit of work, without a cache. */
    private readonly useCasesOn: (units: UnitOfWork) => UseCases,
  ) {
    this.transactions = new MaintenanceTransactions(units);
  }

  /**
   * Yields the environment, then its organizations with own data, in order of their ids, each followed by its members
   * if `members` is set. Each blueprint is read from one consistent state.
   */
  async *read(
    id: EnvironmentId,
    { members, only }: { readonly members: boolean; readonly only?: readonly OrganizationId[] | undefined },
  ): AsyncGenerator<Blueprint> {
    yield await this.units.read(async (stores) => readEnvironment(stores, await getEnvironment(stores, id)));
    for (let after = ""; ; ) {
      const page = await this.units.read(async (stores) => {
        const environment = await getEnvironment(stores, id);
        const rows = only
          ? await stores.organizations.find(environment.uid, only)
          : await stores.organizations.list(environment.uid, after, organizationsPerRead);
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
        const environment = await getEnvironment(stores, id);
        const memberScope = await loadMemberScope(stores, environment, organizationId);
        const { organization } = memberScope;
        if (!organization) return new Map<UserId, string[]>();
        const page = { after, limit: limits.batchItems };
        return rolesOf(memberScope, await stores.memberships.list(environment.uid, organization.uid, page));
      });
      if (!members.size) return;
      yield { kind: "members", organizationId, members };
      after = [...members.keys()].at(-1) ?? "";
    }
  }

  /** Returns what applying the blueprint would change now. Throws a BlueprintRefusal for names that will not exist. */
  compare(id: EnvironmentId, blueprint: Blueprint, options: Options): Promise<Change[]> {
    return this.units.read((stores) => compareBlueprint(stores, id, blueprint, options));
  }

  /**
   * Applies all changes of a blueprint, or none, and returns them. Locks the blueprint's environment or organization
   * before it compares them; each change then locks what its use case locks.
   */
  async apply(
    id: EnvironmentId,
    blueprint: Blueprint,
    { call = applyCall, ...options }: Options & { readonly call?: Call },
  ): Promise<Change[]> {
    if (!(await this.compare(id, blueprint, options)).length) return [];
    return this.transactions.updateAnyScope(scopeOf(id, blueprint), async (stores) => {
      const changes = await compareBlueprint(stores, id, blueprint, options);
      const useCases = this.useCasesOn(within(stores));
      for (const change of changes) await applyChange(change, useCases, call);
      return changes;
    });
  }

  /** Returns those organizations that have no data in the environment. */
  organizationsWithoutData(id: EnvironmentId, organizationIds: readonly OrganizationId[]): Promise<OrganizationId[]> {
    return this.units.read(async (stores) => {
      const environment = await getEnvironment(stores, id);
      const found = new Set((await stores.organizations.find(environment.uid, organizationIds)).map((one) => one.id));
      return organizationIds.filter((one) => !found.has(one));
    });
  }
}

function scopeOf(environmentId: EnvironmentId, blueprint: Blueprint): ParsedScope {
  const organizationId = blueprint.kind === "environment" ? undefined : (blueprint.organizationId as OrganizationId);
  return { environmentId, organizationId };
}

/** Throws a BlueprintRefusal, with the part of the blueprint that requires the change. */
async function applyChange(change: Change, useCases: UseCases, call: Call): Promise<void> {
  try {
    await change.apply(useCases, call);
  } catch (error) {
    throw error instanceof Refusal ? new BlueprintRefusal(error, change.path) : error;
  }
}

async function getEnvironment(stores: Stores, id: EnvironmentId): Promise<Environment> {
  const environment = await stores.environments.find(id);
  if (!environment) throw refuse.environmentNotFound(id);
  return environment;
}

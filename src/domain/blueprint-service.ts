import {
  type Blueprint,
  BlueprintRefusal,
  type EnvironmentBlueprint,
  type MembersBlueprint,
  type Present,
  type PresentOrganization,
  type RoleBlueprint,
} from "./blueprint";
import {
  type Change,
  type UseCases,
  environmentChanges,
  memberChanges,
  newEnvironment,
  newOrganization,
  organizationChanges,
} from "./blueprint-changes";
import { type Names, checkNames, checkRoleCounts } from "./blueprint-names";
import { Refusal, refuse } from "./errors";
import type { EnvironmentId, OrganizationId, PermissionSlug, UserId } from "./fields";
import type { RoleId } from "./ids";
import { limits } from "./limits";
import { loadEnvironment, loadOrganizations } from "./loading";
import { rolesInOrder } from "./membership";
import type { Permission, Role } from "./role";
import { environmentContext, organizationContext, slugsOf } from "./role-config";
import type { Environment, EnvironmentState, GroupRole, Membership, Organization, OrganizationState } from "./state";
import type { Stores, UnitOfWork } from "./stores";
import { heldRoles, mappedRole, unmappedRoles } from "./succession";

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
        const home = await homeOf(stores, environment, organizationId);
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

export interface Options {
  /** Whether roles, permissions and groups that a blueprint's lists do not have are deleted. */
  readonly prune: boolean;
  readonly expected?: Expected | undefined;
}

/** What will have been applied before a blueprint and is not there yet. */
export interface Expected {
  readonly environment: EnvironmentBlueprint | undefined;
  /** The slugs of the organization's own roles. */
  readonly roles: readonly string[];
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

async function changes(stores: Stores, id: EnvironmentId, blueprint: Blueprint, options: Options): Promise<Change[]> {
  const environment = await stores.environments.find(id);
  if (blueprint.kind === "environment") {
    const present = environment && (await readEnvironment(stores, environment));
    checkNames(blueprint, namesIn([present ?? newEnvironment(id), blueprint]));
    return environmentChanges(id, present, blueprint, options);
  }
  const organizationId = blueprint.organizationId as OrganizationId;
  const { expected } = options;
  const upper = [environment ? undefined : newEnvironment(id), expected?.environment].filter((one) => !!one);
  const named = namesIn([...upper, blueprint]);
  const coming = { ...named, roles: new Set([...named.roles, ...(expected?.roles ?? [])]) };
  if (blueprint.kind === "members") {
    const home = environment && (await homeOf(stores, environment, organizationId));
    const roles = home ? slugsOf(organizationContext(home.state, home.organization).roles) : [];
    checkNames(blueprint, { ...coming, roles: new Set([...coming.roles, ...roles]) });
    if (!(expected?.environment?.multipleRolesEnabled ?? environment?.multipleRolesEnabled))
      checkRoleCounts(id, blueprint);
    return memberChanges(id, blueprint, home ? await presentMembers(stores, home, blueprint) : new Map());
  }
  const present = environment
    ? await readOrganization(stores, environment, organizationId)
    : newOrganization(organizationId, expected?.environment);
  const granted = new Set((blueprint.roles ?? []).flatMap(({ permissions }) => permissions as PermissionSlug[]));
  const found = environment ? [...(await stores.permissions.idsOf(environment.uid, [...granted])).keys()] : [];
  checkNames(blueprint, {
    permissions: new Set([...coming.permissions, ...found]),
    roles: new Set([...coming.roles, ...present.priority]),
  });
  return organizationChanges(id, present, blueprint, options);
}

/** What blueprints make. */
function namesIn(blueprints: readonly Blueprint[]): Names {
  const permissions = blueprints.flatMap((one) => (one.kind === "environment" ? (one.permissions ?? []) : []));
  const roles = blueprints.flatMap((one) => (one.kind === "members" ? [] : (one.roles ?? [])));
  return {
    permissions: new Set(permissions.map(({ slug }) => slug)),
    roles: new Set(roles.map(({ slug }) => slug)),
  };
}

async function readEnvironment(stores: Stores, environment: Environment): Promise<Present<EnvironmentBlueprint>> {
  const context = environmentContext(await loadEnvironment(stores, environment));
  const granted = await stores.roles.permissionsOf(environment.uid, [""]);
  const permissions: Permission[] = [];
  for (let page; !page || page.length === limits.maxPageSize; permissions.push(...page))
    page = await stores.permissions.list(environment.uid, permissions.at(-1)?.slug ?? "", limits.maxPageSize);
  return {
    kind: "environment",
    displayName: environment.displayName,
    multipleRolesEnabled: environment.multipleRolesEnabled,
    permissions: permissions.map(({ slug, name, description }) => ({ slug, name, description })),
    roles: context.roles.map((role) => drawn(role, granted)),
    defaultRole: context.defaultRole.slug,
  };
}

async function readOrganizations(
  stores: Stores,
  environment: Environment,
  rows: readonly Organization[],
): Promise<PresentOrganization[]> {
  const state = await loadEnvironment(stores, environment);
  const organizations = await loadOrganizations(stores, environment.uid, rows);
  const owners = [...organizations.values()].flatMap(({ id, customRoles }) => (customRoles.length ? [id] : []));
  const granted = owners.length ? await stores.roles.permissionsOf(environment.uid, owners) : new Map();
  const read: PresentOrganization[] = [];
  for (const organization of organizations.values())
    read.push(draw(organization.id, state, organization, granted, await groupsOf(stores, state, organization)));
  return read;
}

async function readOrganization(
  stores: Stores,
  environment: Environment,
  id: OrganizationId,
): Promise<PresentOrganization> {
  const [found] = await readOrganizations(stores, environment, await stores.organizations.find(environment.uid, [id]));
  return found ?? draw(id, await loadEnvironment(stores, environment), undefined, new Map(), new Map());
}

function draw(
  organizationId: OrganizationId,
  state: EnvironmentState,
  organization: OrganizationState | undefined,
  granted: ReadonlyMap<RoleId, readonly PermissionSlug[]>,
  groups: ReadonlyMap<string, string>,
): PresentOrganization {
  const context = organizationContext(state, organization);
  return {
    kind: "organization",
    organizationId,
    inheritsEnvironment: context.inheritsEnvironment,
    roles: context.roles.filter((role) => role.organizationId !== "").map((role) => drawn(role, granted)),
    defaultRole: context.defaultRole.slug,
    priority: slugsOf(context.roles),
    groups,
  };
}

const drawn = (
  { id, slug, name, description }: Role,
  granted: ReadonlyMap<RoleId, readonly PermissionSlug[]>,
): RoleBlueprint => ({ slug, name, description, permissions: granted.get(id) ?? [] });

async function groupsOf(
  stores: Stores,
  state: EnvironmentState,
  organization: OrganizationState,
): Promise<Map<string, string>> {
  const slugs = new Map(organizationContext(state, organization).roles.map(({ id, slug }) => [id, slug]));
  const without = unmappedRoles(state, organization);
  const groups = new Map<string, string>();
  for (let after: string | undefined = ""; after !== undefined; ) {
    const page: GroupRole[] = await stores.groupRoles.list(state.environment.uid, organization.uid, {
      after,
      limit: limits.maxPageSize,
      without,
    });
    for (const { groupId, roleId } of page) {
      const slug = slugs.get(mappedRole(state, organization, roleId) ?? roleId);
      if (slug) groups.set(groupId, slug);
    }
    after = page.length === limits.maxPageSize ? page.at(-1)?.groupId : undefined;
  }
  return groups;
}

/** An organization, where it has data, and the environment, which tell what its members' roles mean. */
interface Home {
  readonly state: EnvironmentState;
  readonly organization: OrganizationState | undefined;
}

async function homeOf(stores: Stores, environment: Environment, id: OrganizationId): Promise<Home> {
  const rows = await stores.organizations.find(environment.uid, [id]);
  const [organization] = (await loadOrganizations(stores, environment.uid, rows)).values();
  return { state: await loadEnvironment(stores, environment), organization };
}

async function presentMembers(stores: Stores, home: Home, { members }: MembersBlueprint) {
  if (!home.organization) return new Map<UserId, string[]>();
  const { uid: organizationUid } = home.organization;
  const keys = [...members.keys()].map((userId) => ({ organizationUid, userId: userId as UserId }));
  return rolesOf(home, await stores.memberships.find(home.state.environment.uid, keys));
}

function rolesOf({ state, organization }: Home, members: readonly Membership[]): Map<UserId, string[]> {
  if (!organization) return new Map();
  const context = organizationContext(state, organization);
  return new Map(
    members.map((member) => [
      member.userId,
      rolesInOrder(context, heldRoles(state, organization, member)).map(({ slug }) => slug),
    ]),
  );
}

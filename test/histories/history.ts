import * as fc from "fast-check";
import { deepEqual, equal } from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { pino } from "pino";
import { createServices } from "../../src/app/services";
import { ownCall } from "../../src/application/request/idempotency";
import { Refusal } from "../../src/domain/errors";
import { defaultQuotas } from "../../src/domain/limits";
import type { Database } from "../../src/persistence/connection/database";
import { parseDatabaseUrl } from "../../src/persistence/connection/database-url";
import { createDatabase } from "../../src/persistence/connection/open-database";
import { EagerEnvironment, Refused } from "./model";

const organizations = ["acme", "globex"];
const users = ["ann", "bob", "cyd"];
const groups = ["g1", "g2"];
const environmentSlugs = ["member", "admin", "viewer", "editor"];
const customSlugs = ["org-a", "org-b"];
const permissions = ["p:1", "p:2", "p:3"];
const day = 24 * 60 * 60 * 1000;

/** One step, before it is known what there is: numbers choose among what the step finds. */
export interface Step {
  readonly action: string;
  readonly environment: number;
  readonly organization: number;
  readonly one: number;
  readonly other: number;
  readonly many: readonly number[];
}

const weights: Record<string, number> = {
  createEnvironmentRole: 12,
  createCustomRole: 6,
  deleteEnvironmentRole: 12,
  deleteOrgRole: 5,
  setMember: 22,
  batchSet: 5,
  deleteMember: 2,
  setGroup: 5,
  deleteGroup: 1,
  sync: 6,
  setPriority: 6,
  setDefault: 10,
  reset: 4,
  deleteOrganization: 1,
  multiple: 5,
  permission: 3,
  changePermissions: 3,
  sweep: 5,
};

export const steps = (count: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      action: fc.oneof(
        ...Object.entries(weights).map(([action, weight]) => ({ weight, arbitrary: fc.constant(action) })),
      ),
      environment: fc.nat(1),
      organization: fc.nat(99),
      one: fc.nat(99),
      other: fc.nat(99),
      many: fc.array(fc.nat(99), { maxLength: 3 }),
    }),
    { minLength: count, maxLength: count },
  );

export async function openDatabase(url: string): Promise<Database> {
  const parsed = parseDatabaseUrl(url);
  if (!("value" in parsed)) throw new Error(parsed.rule);
  const available = new EventEmitter();
  const database = createDatabase(parsed.value, {
    poolSize: 4,
    timeout: 10_000,
    migrate: true,
    log: pino({ level: "silent" }),
    onAvailable: async () => void available.emit("available"),
    onLost: () => undefined,
  });
  const opened = once(available, "available");
  await database.start();
  await opened;
  return database;
}

const of = <T>(values: readonly T[], number: number): T => values[number % values.length] as T;
interface Scope {
  readonly environmentId: string;
  readonly organizationId: string;
}

const wholePage = { pageSize: 0, pageToken: "" };

const call = ownCall;

/**
 * A history of the service beside the same history of the model, in two environments with the same organizations and
 * users. Every answer is compared, every refusal too, and what can be read besides.
 */
export class History {
  private now = Date.now();
  private readonly services;
  private readonly models = [new EagerEnvironment(), new EagerEnvironment()];
  private readonly ids = [`e1-${randomUUID()}`, `e2-${randomUUID()}`];

  constructor(database: Database) {
    this.services = createServices(database, defaultQuotas, () => this.now);
  }

  async run(all: readonly Step[]): Promise<void> {
    for (const environmentId of this.ids)
      await this.services.environments.createEnvironment({ environmentId, displayName: "" }, call);
    for (const step of all) {
      this.now += 1000;
      await this.take(step);
      await this.compare(step.environment, of(organizations, step.organization), step.other);
    }
    for (const environment of this.ids.keys())
      for (const organization of organizations)
        for (const other of [0, 1, 2, 3]) await this.compare(environment, organization, other);
  }

  private async take(step: Step): Promise<void> {
    const environmentId = this.ids[step.environment] as string;
    const model = this.models[step.environment] as EagerEnvironment;
    const { roles, environments, memberships, groupRoles } = this.services;
    const organizationId = of(organizations, step.organization);
    const scope = { environmentId, organizationId };
    const isOwn = model.organization(organizationId).own !== undefined;
    const order = model.orderOf(organizationId);
    const userId = of(users, step.one);
    const groupId = of(groups, step.one);
    const someSlugs = [...new Set(step.many.map((number) => of([...order, ...order, "unknown"], number)))];
    const granted = [...new Set(step.many.map((number) => of([...model.permissions], number)).filter(Boolean))];
    const replacement = step.many.length ? of([...order, ...order, "unknown"], step.other) : undefined;
    const shuffled = (slugs: readonly string[]) =>
      slugs.toSorted(
        (a, b) =>
          (((a.charCodeAt(0) * 31 + a.length) * (step.one + 1)) % 17) -
          (((b.charCodeAt(0) * 31 + b.length) * (step.one + 1)) % 17),
      );

    switch (step.action) {
      case "createEnvironmentRole": {
        const slug = of(environmentSlugs, step.one);
        return this.same(
          () => roles.createRole({ environmentId, slug, name: slug, description: "", permissions: granted }, call),
          () => model.createRole(undefined, slug, granted),
        );
      }
      case "createCustomRole": {
        const slug = of(customSlugs, step.one);
        return this.same(
          () => roles.createRole({ ...scope, slug, name: slug, description: "", permissions: granted }, call),
          () => model.createRole(organizationId, slug, granted),
        );
      }
      case "deleteEnvironmentRole": {
        const slug = of(model.order, step.one);
        const request = { environmentId, slug, replacementDefaultRoleSlug: replacement };
        if (step.other % 3 === 0)
          await this.preview(model, (validateOnly) => roles.deleteEnvironmentRole({ ...request, validateOnly }, call));
        return this.same(
          () => roles.deleteEnvironmentRole({ ...request, validateOnly: false }, call),
          () => model.deleteEnvironmentRole(slug, replacement),
        );
      }
      case "deleteOrgRole": {
        const slug = of([...customSlugs, ...order], step.one);
        const request = { ...scope, slug, replacementRoleSlug: replacement, validateOnly: false };
        return this.same(
          () => roles.deleteOrgRole(request, call),
          () => model.deleteOrgRole(organizationId, slug, replacement),
        );
      }
      case "setMember":
        return this.same(
          () => memberships.setMemberRoles({ ...scope, userId, roleSlugs: someSlugs }, call),
          () => model.setMember(organizationId, userId, someSlugs),
        );
      case "batchSet": {
        const wanted = organizations.map((id, index) => ({
          organizationId: id,
          userId: of(users, step.one + index),
          roleSlugs: [of(model.orderOf(id), step.other + index)],
        }));
        return this.same(
          () => memberships.batchSetMemberRoles({ environmentId, memberships: wanted }, call),
          () => wanted.forEach((one) => model.setMember(one.organizationId, one.userId, one.roleSlugs)),
        );
      }
      case "deleteMember":
        return this.same(
          () => memberships.deleteMembership({ ...scope, userId }, call),
          () => model.deleteMember(organizationId, userId),
        );
      case "setGroup": {
        const roleSlug = of([...order, ...order, "unknown"], step.other);
        return this.same(
          () => groupRoles.setGroupRole({ ...scope, groupId, roleSlug }, call),
          () => model.setGroup(organizationId, groupId, roleSlug),
        );
      }
      case "deleteGroup":
        return this.same(
          () => groupRoles.deleteGroupRole({ ...scope, groupId }, call),
          () => model.deleteGroup(organizationId, groupId),
        );
      case "sync": {
        const groupIds = step.many.map((number) => of(groups, number));
        return this.same(
          async () => (await groupRoles.syncMemberGroups({ ...scope, userId, groupIds }, call)).membership,
          () => model.syncMember(organizationId, userId, groupIds),
        );
      }
      case "setPriority": {
        const inEnvironment = step.many.length === 0;
        const slugs = shuffled(inEnvironment ? model.order : order);
        return this.same(
          () => roles.setPriority({ ...(inEnvironment ? { environmentId } : scope), slugs }, call),
          () => model.setPriority(inEnvironment ? undefined : organizationId, slugs),
        );
      }
      case "setDefault": {
        const inEnvironment = !isOwn || step.many.length === 0;
        const slug = of(inEnvironment ? model.order : order, step.one);
        return this.same(
          () => roles.setDefaultRole({ ...(inEnvironment ? { environmentId } : scope), slug }, call),
          () => model.setDefault(inEnvironment ? undefined : organizationId, slug),
        );
      }
      case "reset":
        return this.same(
          () => roles.resetOrgRoleConfig(scope, call),
          () => model.reset(organizationId),
        );
      case "deleteOrganization":
        return this.same(
          () => environments.deleteOrganizationData(scope, call),
          () => model.deleteOrganization(organizationId),
        );
      case "multiple": {
        const environment = { displayName: "", multipleRolesEnabled: !model.multiple };
        const updateMask = ["multiple_roles_enabled"];
        return this.same(
          () => environments.updateEnvironment({ environmentId, environment, updateMask }, call),
          () => model.setMultiple(!model.multiple),
        );
      }
      case "permission": {
        const slug = of(permissions, step.one);
        if (step.many.length)
          return this.same(
            () =>
              this.services.permissions.createPermission({ environmentId, slug, name: slug, description: "" }, call),
            () => model.createPermission(slug),
          );
        return this.same(
          () => this.services.permissions.deletePermission({ environmentId, slug }, call),
          () => model.deletePermission(slug),
        );
      }
      case "changePermissions": {
        const slug = of(model.order, step.one);
        const request = {
          environmentId,
          slug,
          role: { name: "", description: "", permissions: granted },
          updateMask: ["permissions"],
        };
        return this.same(
          () => roles.updateRole(request, call),
          () => void model.grants.set(slug, new Set(granted)),
        );
      }
      case "sweep":
        return this.sweep(step);
      default:
        throw new Error(`unknown action ${step.action}`);
    }
  }

  /** Some steps of the sweep, sometimes when everything old may be forgotten: no read may show a difference. */
  private async sweep(step: Step): Promise<void> {
    if (step.other % 3 === 0) this.now += 2 * day;
    const before = await this.everything(step.environment);
    const requested = await this.services.rewriter.listRequests();
    for (let left = 1 + (step.one % 5); left > 0; left -= 1)
      for (const { uid } of requested) await this.services.rewriter.step(uid);
    deepEqual(await this.everything(step.environment), before);
  }

  private async preview(model: EagerEnvironment, attempt: (validateOnly: boolean) => Promise<unknown>): Promise<void> {
    const copy = { order: [...model.order], default: model.default };
    await attempt(true).catch((error: unknown) => {
      if (!(error instanceof Refusal)) throw error;
    });
    deepEqual({ order: model.order, default: model.default }, copy);
  }

  /** The service and the model answer alike, or refuse for the same reason. */
  private async same(ask: () => Promise<unknown>, tell: () => unknown): Promise<void> {
    const expected = await outcome(async () => tell());
    const got = await outcome(ask);
    equal(got.reason, expected.reason);
    if (expected.answer !== undefined) matches(got.answer, expected.answer);
  }

  private async everything(environment: number) {
    const { roles, memberships, groupRoles } = this.services;
    const environmentId = this.ids[environment] as string;
    return Promise.all(
      organizations.map(async (organizationId) => [
        await roles.listOrgRoles({ environmentId, organizationId, ...wholePage }),
        await memberships.listMemberships({ environmentId, organizationId, ...wholePage }, call),
        await groupRoles.listGroupRoles({ environmentId, organizationId, ...wholePage }, call),
      ]),
    );
  }

  /** The members of an organization, and one of the other reads: together they cover all of them in time. */
  private async compare(environment: number, organizationId: string, number: number): Promise<void> {
    const model = this.models[environment] as EagerEnvironment;
    const scope = { environmentId: this.ids[environment] as string, organizationId };
    await this.compareMembers(model, scope, undefined, 0);
    switch (number % 4) {
      case 0:
        return this.compareRoles(model, scope);
      case 1:
        return this.compareMembers(model, scope, of(model.orderOf(organizationId), number), 1 + (number % 3));
      case 2:
        return this.compareGroups(model, scope);
      default:
        return this.compareAccess(model, scope, of(users, number));
    }
  }

  private async compareRoles(model: EagerEnvironment, scope: Scope): Promise<void> {
    const { organizationId } = scope;
    const order = model.orderOf(organizationId);
    const defaultRoleSlug = model.defaultOf(organizationId);
    const listed = await this.services.roles.listOrgRoles({ ...scope, ...wholePage });
    deepEqual(
      listed.items.map((role) => [role.slug, role.isDefault, role.permissions]),
      order.map((slug) => [slug, slug === defaultRoleSlug, model.grantsOf(organizationId, slug)]),
    );
    const inheritsEnvironment = model.organization(organizationId).own === undefined;
    matches(listed.config, { defaultRoleSlug, priorityOrder: order, inheritsEnvironment });
  }

  private async compareMembers(
    model: EagerEnvironment,
    scope: Scope,
    roleSlug: string | undefined,
    pageSize: number,
  ): Promise<void> {
    const { organizationId } = scope;
    const expected = [...model.organization(organizationId).members]
      .map(([userId, held]) => [userId, model.inOrder(organizationId, held)] as const)
      .filter(([, slugs]) => roleSlug === undefined || slugs.includes(roleSlug))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const members: unknown[] = [];
    for (let pageToken: string | undefined = ""; pageToken !== undefined; ) {
      const page = await this.services.memberships.listMemberships({ ...scope, roleSlug, pageSize, pageToken }, call);
      members.push(...page.items.map((member) => [member.userId, member.roleSlugs]));
      pageToken = page.nextPageToken || undefined;
    }
    deepEqual(members, expected);
  }

  private async compareGroups(model: EagerEnvironment, scope: Scope): Promise<void> {
    const { items } = await this.services.groupRoles.listGroupRoles({ ...scope, ...wholePage }, call);
    deepEqual(
      items.map((groupRole) => [groupRole.groupId, groupRole.roleSlug]),
      [...model.organization(scope.organizationId).groups].sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  private async compareAccess(model: EagerEnvironment, scope: Scope, userId: string): Promise<void> {
    const { organizationId } = scope;
    const { access } = this.services;
    const grantsOf = (slug: string) => model.grantsOf(organizationId, slug);
    const held = model.inOrder(organizationId, model.organization(organizationId).members.get(userId) ?? new Set());
    const union = [...new Set(held.flatMap(grantsOf))].sort();
    deepEqual(
      await outcome(() => access.getAccess({ ...scope, userId })),
      held.length ? { answer: { role: held[0], roles: held, permissions: union } } : { reason: "MEMBERSHIP_NOT_FOUND" },
    );
    const checks = permissions.map((permission) => ({ organizationId, userId, permission }));
    const results = await access.batchCheckPermissions({ environmentId: scope.environmentId, checks });
    deepEqual(
      results.map((result) => "allowed" in result && [result.allowed, result.grantedBy, result.reason]),
      permissions.map((permission) => {
        if (!model.permissions.has(permission)) return [false, [], "PERMISSION_UNKNOWN"];
        const by = held.filter((slug) => grantsOf(slug).includes(permission));
        return [by.length > 0, by, by.length ? "" : held.length ? "PERMISSION_NOT_GRANTED" : "MEMBERSHIP_NOT_FOUND"];
      }),
    );
  }
}

/** Every field that is expected is there and equal. */
function matches(got: unknown, expected: unknown): void {
  const fields = Object.keys(expected as object);
  deepEqual(Object.fromEntries(fields.map((field) => [field, (got as Record<string, unknown>)[field]])), expected);
}

async function outcome(work: () => Promise<unknown>): Promise<{ answer?: unknown; reason?: string }> {
  try {
    return { answer: await work() };
  } catch (error) {
    if (error instanceof Refusal || error instanceof Refused) return { reason: error.reason };
    throw error;
  }
}

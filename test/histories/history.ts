import { deepEqual } from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServices } from "../../src/app/services";
import { applyCallFor, ownCall } from "../../src/application/request/idempotency";
import { Refusal } from "../../src/domain/errors";
import type { UserId } from "../../src/domain/values";
import { defaultQuotas } from "../../src/domain/limits";
import type { Database } from "../../src/persistence/connection/database";
import { compareOutcomes, compareReads, readsToCompare, wholePage } from "./comparison";
import { type Concerned, EagerEnvironment } from "./model";
import { compareReplicas, readEvents } from "./replay";
import { type Step, customSlugs, environmentSlugs, groups, of, organizations, permissions, users } from "./steps";

const day = 24 * 60 * 60 * 1000;

/**
 * Runs a history of the service beside the same history of the model, in two environments with the same organizations
 * and users. Every answer is compared, every refusal too, and what can be read besides.
 */
export class History {
  private now = Date.now();
  private readonly services;
  private readonly models = [new EagerEnvironment(), new EagerEnvironment()];
  /** The events that somebody has read in the middle of the history. */
  private readonly early = new Map<string, string[]>();
  private readonly ids = [`e1-${randomUUID()}`, `e2-${randomUUID()}`];

  constructor(database: Database) {
    this.services = createServices(database, defaultQuotas, () => this.now);
  }

  async run(all: readonly Step[]): Promise<void> {
    for (const environmentId of this.ids)
      await this.services.environments.createEnvironment({ environmentId, displayName: "" }, ownCall);
    for (const step of all) {
      this.now += 1000;
      await this.take(step);
      await this.compare(step.environment, of(organizations, step.organization), step.other);
    }
    for (const environment of this.ids.keys())
      for (const organization of organizations)
        for (const other of readsToCompare.keys()) await this.compare(environment, organization, other);
    for (const environmentId of this.ids)
      await compareReplicas(this.services, environmentId, this.early.get(environmentId));
  }

  private async take(step: Step): Promise<void> {
    const environmentId = this.ids[step.environment] as string;
    const actingUserId = users[step.actor] as UserId | undefined;
    const call = actingUserId ? applyCallFor(actingUserId) : ownCall;
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

    const attempt = (concerned: Concerned, ask: () => Promise<unknown>, tell: () => unknown) =>
      compareOutcomes(ask, () => model.makeFor(actingUserId, concerned, tell));

    switch (step.action) {
      case "createEnvironmentRole": {
        const slug = of(environmentSlugs, step.one);
        return attempt(
          "environment",
          () => roles.createRole({ environmentId, slug, name: slug, description: "", permissions: granted }, call),
          () => model.createRole(undefined, slug, granted),
        );
      }
      case "createCustomRole": {
        const slug = of(customSlugs, step.one);
        return attempt(
          "organizations",
          () => roles.createRole({ ...scope, slug, name: slug, description: "", permissions: granted }, call),
          () => model.createRole(organizationId, slug, granted),
        );
      }
      case "deleteEnvironmentRole": {
        const slug = of(model.order, step.one);
        const request = { environmentId, slug, replacementDefaultRoleSlug: replacement };
        if (step.other % 3 === 0)
          await this.preview(model, (validateOnly) => roles.deleteEnvironmentRole({ ...request, validateOnly }, call));
        return attempt(
          "environment",
          () => roles.deleteEnvironmentRole({ ...request, validateOnly: false }, call),
          () => model.deleteEnvironmentRole(slug, replacement),
        );
      }
      case "deleteOrgRole": {
        const slug = of([...customSlugs, ...order], step.one);
        const request = { ...scope, slug, replacementRoleSlug: replacement, validateOnly: false };
        return attempt(
          replacement === undefined ? "organizations" : { id: organizationId, replacement },
          () => roles.deleteOrgRole(request, call),
          () => model.deleteOrgRole(organizationId, slug, replacement),
        );
      }
      case "setMember":
        return attempt(
          "organizations",
          () => memberships.setMemberRoles({ ...scope, userId, roleSlugs: someSlugs }, call),
          () => model.setMember(organizationId, userId, someSlugs),
        );
      case "batchSet": {
        const wanted = organizations.map((id, index) => ({
          organizationId: id,
          userId: of(users, step.one + index),
          roleSlugs: [of(model.orderOf(id), step.other + index)],
        }));
        return attempt(
          "organizations",
          () => memberships.batchSetMemberRoles({ environmentId, memberships: wanted }, call),
          () => wanted.forEach((one) => model.setMember(one.organizationId, one.userId, one.roleSlugs)),
        );
      }
      case "deleteMember":
        return attempt(
          "organizations",
          () => memberships.deleteMembership({ ...scope, userId }, call),
          () => model.deleteMember(organizationId, userId),
        );
      case "deleteUser":
        return compareOutcomes(
          () => memberships.deleteUserMemberships({ environmentId, userId }, call),
          () => model.deleteUser(userId),
        );
      case "setGroup": {
        const roleSlug = of([...order, ...order, "unknown"], step.other);
        return attempt(
          "organizations",
          () => groupRoles.setGroupRole({ ...scope, groupId, roleSlug }, call),
          () => model.setGroup(organizationId, groupId, roleSlug),
        );
      }
      case "deleteGroup":
        return attempt(
          "organizations",
          () => groupRoles.deleteGroupRole({ ...scope, groupId }, call),
          () => model.deleteGroup(organizationId, groupId),
        );
      case "sync": {
        const groupIds = step.many.map((number) => of(groups, number));
        return attempt(
          "organizations",
          async () => (await groupRoles.syncMemberGroups({ ...scope, userId, groupIds }, call)).membership,
          () => model.syncMember(organizationId, userId, groupIds),
        );
      }
      case "setPriority": {
        const inEnvironment = step.many.length === 0;
        const slugs = shuffled(inEnvironment ? model.order : order);
        return attempt(
          inEnvironment ? "environment" : "organizations",
          () => roles.setPriority({ ...(inEnvironment ? { environmentId } : scope), slugs }, call),
          () => model.setPriority(inEnvironment ? undefined : organizationId, slugs),
        );
      }
      case "setDefault": {
        const inEnvironment = !isOwn || step.many.length === 0;
        const slug = of(inEnvironment ? model.order : order, step.one);
        return attempt(
          inEnvironment ? "environment" : "organizations",
          () => roles.setDefaultRole({ ...(inEnvironment ? { environmentId } : scope), slug }, call),
          () => model.setDefault(inEnvironment ? undefined : organizationId, slug),
        );
      }
      case "reset":
        return attempt(
          "organizations",
          () => roles.resetOrgRoleConfig(scope, call),
          () => model.reset(organizationId),
        );
      case "deleteOrganization":
        await compareOutcomes(
          () => environments.deleteOrganizationData({ ...scope, validateOnly: true }, ownCall),
          () => model.countOrganization(organizationId),
        );
        return attempt(
          "environment",
          () => environments.deleteOrganizationData(scope, call),
          () => model.deleteOrganization(organizationId),
        );
      case "multiple": {
        const environment = { displayName: "", multipleRolesEnabled: !model.multiple };
        const updateMask = ["multiple_roles_enabled"];
        return attempt(
          "environment",
          () => environments.updateEnvironment({ environmentId, environment, updateMask }, call),
          () => model.setMultiple(!model.multiple),
        );
      }
      case "permission": {
        const slug = of(permissions, step.one);
        if (step.many.length)
          return attempt(
            "environment",
            () =>
              this.services.permissions.createPermission({ environmentId, slug, name: slug, description: "" }, call),
            () => model.createPermission(slug),
          );
        await this.preview(model, (validateOnly) =>
          this.services.permissions.deletePermission({ environmentId, slug, validateOnly }, call),
        );
        return attempt(
          "environment",
          () => this.services.permissions.deletePermission({ environmentId, slug }, call),
          () => model.deletePermission(slug),
        );
      }
      case "changePermissions": {
        const { custom } = model.organization(organizationId);
        const inEnvironment = !custom.size || step.other % 2 === 0;
        const slug = of(inEnvironment ? model.order : [...custom], step.one);
        const request = {
          ...(inEnvironment ? { environmentId } : scope),
          slug,
          role: { name: "", description: "", permissions: granted },
          updateMask: ["permissions"],
        };
        return attempt(
          inEnvironment ? "environment" : "organizations",
          () => roles.updateRole(request, call),
          () => model.setGrants(inEnvironment ? undefined : organizationId, slug, granted),
        );
      }
      case "guard": {
        const environment = { displayName: "", multipleRolesEnabled: false, escalationGuardEnabled: !model.guard };
        const updateMask = ["escalation_guard_enabled"];
        return compareOutcomes(
          () => environments.updateEnvironment({ environmentId, environment, updateMask }, ownCall),
          () => void (model.guard = !model.guard),
        );
      }
      case "sweep":
        return this.sweep(step);
      default:
        throw new Error(`unknown action ${step.action}`);
    }
  }

  /** Takes some steps of the sweep, sometimes when everything old may be forgotten: no read may show a difference. */
  private async sweep(step: Step): Promise<void> {
    if (step.other % 3 === 0) this.now += 2 * day;
    const environmentId = this.ids[step.environment] as string;
    this.early.set(
      environmentId,
      (await readEvents(this.services, environmentId)).map(({ id }) => id),
    );
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

  private compare(environment: number, organizationId: string, number: number): Promise<void> {
    const scope = { environmentId: this.ids[environment] as string, organizationId };
    return compareReads(this.services, this.models[environment] as EagerEnvironment, scope, number);
  }

  private async everything(environment: number) {
    const { roles, memberships, groupRoles, environments } = this.services;
    const environmentId = this.ids[environment] as string;
    const model = this.models[environment] as EagerEnvironment;
    return Promise.all([
      environments.listOrganizations({ environmentId, ...wholePage }, ownCall),
      ...users.map((userId) => memberships.listUserMemberships({ environmentId, userId, ...wholePage }, ownCall)),
      ...model.order.map((roleSlug) =>
        memberships.listRoleMemberships({ environmentId, roleSlug, ...wholePage }, ownCall),
      ),
      ...organizations.map(async (organizationId) => [
        await roles.listOrgRoles({ environmentId, organizationId, ...wholePage }),
        await memberships.listMemberships({ environmentId, organizationId, ...wholePage }, ownCall),
        await groupRoles.listGroupRoles({ environmentId, organizationId, ...wholePage }, ownCall),
      ]),
    ]);
  }
}

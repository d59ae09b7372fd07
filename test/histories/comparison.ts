import { deepEqual, equal } from "node:assert/strict";
import type { createServices } from "../../src/app/services";
import { ownCall } from "../../src/application/request/idempotency";
import type { Page } from "../../src/application/request/page";
import { Refusal } from "../../src/domain/errors";
import type { MembershipView } from "../../src/domain/membership-view";
import { type EagerEnvironment, Refused } from "./model";
import { of, permissions, users } from "./steps";

type Services = ReturnType<typeof createServices>;
interface Scope {
  readonly environmentId: string;
  readonly organizationId: string;
}

export const wholePage = { pageSize: 0, pageToken: "" };

/** Throws unless the service and the model return the same, or refuse for the same reason. */
export async function compareOutcomes(ask: () => Promise<unknown>, tell: () => unknown): Promise<void> {
  const expected = await outcome(async () => tell());
  const got = await outcome(ask);
  equal(got.reason, expected.reason);
  if (expected.answer !== undefined) matches(got.answer, expected.answer);
}

type Compare = (services: Services, model: EagerEnvironment, scope: Scope, number: number) => Promise<void>;

/** The reads that are compared in turn. */
export const readsToCompare: readonly Compare[] = [
  compareRoles,
  (services, model, scope, number) =>
    compareMembers(services, model, scope, of(model.orderOf(scope.organizationId), number), 1 + (number % 3)),
  compareGroups,
  (services, model, scope, number) => compareAccess(services, model, scope, of(users, number)),
  compareOrganizations,
  (services, model, scope, number) => compareUser(services, model, scope, of(users, number), number % 3),
  (services, model, scope, number) => compareHolders(services, model, scope, of(model.order, number), number % 3),
];

/** Compares the members of an organization, and one of the other reads: together they cover all of them in time. */
export async function compareReads(
  services: Services,
  model: EagerEnvironment,
  scope: Scope,
  number: number,
): Promise<void> {
  await compareMembers(services, model, scope, undefined, 0);
  await of(readsToCompare, number)(services, model, scope, number);
}

/** Reads all pages of a list. */
async function readPages<Item>(
  pageSize: number,
  read: (page: { pageSize: number; pageToken: string }) => Promise<Page<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  for (let pageToken: string | undefined = ""; pageToken !== undefined; ) {
    const page: Page<Item> = await read({ pageSize, pageToken });
    items.push(...page.items);
    pageToken = page.nextPageToken || undefined;
  }
  return items;
}

async function compareOrganizations(
  { environments }: Services,
  model: EagerEnvironment,
  { environmentId, organizationId }: Scope,
  number: number,
): Promise<void> {
  const listed = await readPages(number % 3, (page) =>
    environments.listOrganizations({ environmentId, ...page }, ownCall),
  );
  const viewOf = (id: string) => {
    const { own, custom } = model.organization(id);
    return { environmentId, organizationId: id, inheritsEnvironment: !own, customRoleCount: custom.size };
  };
  deepEqual(listed, model.withData().map(viewOf));
  const { members, groups } = model.organization(organizationId);
  deepEqual(await environments.getOrganization({ environmentId, organizationId }, ownCall), {
    organization: viewOf(organizationId),
    membershipCount: members.size,
    groupRoleCount: groups.size,
  });
}

const placesOf = (memberships: readonly MembershipView[]) =>
  memberships.map((one) => [one.organizationId, one.userId, one.roleSlugs]);

async function compareUser(
  { memberships }: Services,
  model: EagerEnvironment,
  { environmentId }: Scope,
  userId: string,
  pageSize: number,
): Promise<void> {
  const listed = await readPages(pageSize, (page) =>
    memberships.listUserMemberships({ environmentId, userId, ...page }, ownCall),
  );
  deepEqual(
    placesOf(listed),
    model.memberships((user) => user === userId),
  );
}

/** Compares who has a role of the environment. The organizations come in any order, each of them once. */
async function compareHolders(
  { memberships }: Services,
  model: EagerEnvironment,
  { environmentId }: Scope,
  roleSlug: string,
  pageSize: number,
): Promise<void> {
  const listed = await readPages(pageSize, (page) =>
    memberships.listRoleMemberships({ environmentId, roleSlug, ...page }, ownCall),
  );
  const organizations = [...new Set(listed.map((one) => one.organizationId))];
  const expected = model.memberships((_, roles) => roles.has(roleSlug));
  equal(organizations.length, new Set(expected.map(([id]) => id)).size);
  deepEqual(
    placesOf(listed),
    organizations.flatMap((id) => expected.filter(([other]) => other === id)),
  );
}

async function compareRoles(services: Services, model: EagerEnvironment, scope: Scope): Promise<void> {
  const { organizationId } = scope;
  const order = model.orderOf(organizationId);
  const defaultRoleSlug = model.defaultOf(organizationId);
  const listed = await services.roles.listOrgRoles({ ...scope, ...wholePage });
  deepEqual(
    listed.items.map((role) => [role.slug, role.isDefault, role.permissions]),
    order.map((slug) => [slug, slug === defaultRoleSlug, model.grantsOf(organizationId, slug)]),
  );
  const inheritsEnvironment = model.organization(organizationId).own === undefined;
  matches(listed.config, { defaultRoleSlug, priorityOrder: order, inheritsEnvironment });
}

async function compareMembers(
  services: Services,
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
  const members = await readPages(pageSize, (page) =>
    services.memberships.listMemberships({ ...scope, roleSlug, ...page }, ownCall),
  );
  deepEqual(
    members.map((member) => [member.userId, member.roleSlugs]),
    expected,
  );
}

async function compareGroups(services: Services, model: EagerEnvironment, scope: Scope): Promise<void> {
  const { items } = await services.groupRoles.listGroupRoles({ ...scope, ...wholePage }, ownCall);
  deepEqual(
    items.map((groupRole) => [groupRole.groupId, groupRole.roleSlug]),
    [...model.organization(scope.organizationId).groups].sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

async function compareAccess(services: Services, model: EagerEnvironment, scope: Scope, userId: string): Promise<void> {
  const { organizationId } = scope;
  const { access } = services;
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

/** Throws unless every field that is expected is there and equal. */
function matches(got: unknown, expected: unknown): void {
  const fields = Object.keys(expected as object);
  deepEqual(Object.fromEntries(fields.map((field) => [field, (got as Record<string, unknown>)[field]])), expected);
}

/** Returns what the work answers, or the reason of its refusal. */
async function outcome(work: () => Promise<unknown>): Promise<{ answer?: unknown; reason?: string }> {
  try {
    return { answer: await work() };
  } catch (error) {
    if (error instanceof Refusal || error instanceof Refused) return { reason: error.reason };
    throw error;
  }
}

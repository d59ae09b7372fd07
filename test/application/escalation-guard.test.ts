import { setTimeout as sleep } from "node:timers/promises";
import { createServices } from "../../src/app/services";
import { type Call, ownAuthor, ownCall } from "../../src/application/request/idempotency";
import type { Refusal } from "../../src/domain/errors";
import { defaultQuotas } from "../../src/domain/limits";
import type { UserId } from "../../src/domain/values";
import { mutatingRpcs } from "../events/mutations";
import { engines, servers } from "../support/engines";
import { type TestStorage, openStorage } from "../support/storage";

type Services = ReturnType<typeof createServices>;
type Scope = { readonly environmentId: string; readonly organizationId: string };

/** What a case would give that `ann` lacks: permissions, or the environment; nothing for what is free. */
type Lacking = readonly string[] | "environment";

interface Case {
  readonly rpc: string;
  readonly title: string;
  readonly lacks: Lacking;
  readonly change: (services: Services, scope: Scope, call: Call) => Promise<unknown>;
}

const environmentId = "alpha";
const mask = (...updateMask: string[]) => ({ updateMask });
const values = { name: "Named", description: "", permissions: [] as string[] };
const actingFor = (userId: string): Call => ({ ...ownCall, author: { ...ownAuthor, actingUserId: userId as UserId } });
const member = (userId: string, ...roleSlugs: string[]) => ({ userId, roleSlugs });

const give = (title: string, lacks: Lacking, rpc: string, change: Case["change"]): Case => ({
  title,
  lacks,
  rpc,
  change,
});

/** In each organization `ann` is editor, with `read` and `write`, and `zoe` is boss, with `pay` too. */
const cases: readonly Case[] = [
  give("a role with what the user has", [], "CreateRole", ({ roles }, scope, call) =>
    roles.createRole({ ...scope, ...values, permissions: ["read"] }, call),
  ),
  give("a role with more", ["pay"], "CreateRole", ({ roles }, scope, call) =>
    roles.createRole({ ...scope, ...values, permissions: ["pay", "read"] }, call),
  ),
  give("a new name", [], "UpdateRole", ({ roles }, scope, call) =>
    roles.updateRole({ ...scope, slug: "org-pay", role: values, ...mask("name") }, call),
  ),
  give("more permissions", ["pay"], "UpdateRole", ({ roles }, scope, call) =>
    roles.updateRole(
      { ...scope, slug: "org-help", role: { ...values, permissions: ["pay", "write"] }, ...mask("permissions") },
      call,
    ),
  ),
  give("fewer permissions", [], "UpdateRole", ({ roles }, scope, call) =>
    roles.updateRole({ ...scope, slug: "org-pay", role: values, ...mask("permissions") }, call),
  ),
  give("one the user has", [], "AddRolePermissions", ({ roles }, scope, call) =>
    roles.addRolePermissions({ ...scope, slug: "org-help", permissions: ["write"] }, call),
  ),
  give("one the user lacks", ["pay"], "AddRolePermissions", ({ roles }, scope, call) =>
    roles.addRolePermissions({ ...scope, slug: "org-help", permissions: ["pay"] }, call),
  ),
  give("any", [], "RemoveRolePermissions", ({ roles }, scope, call) =>
    roles.removeRolePermissions({ ...scope, slug: "org-pay", permissions: ["pay"] }, call),
  ),
  give("a role with more rises above the user's", ["pay"], "SetPriority", ({ roles }, scope, call) =>
    roles.setPriority({ ...scope, slugs: ["org-pay", "editor", "boss", "viewer", "member", "org-help"] }, call),
  ),
  give("a role with more rises below the user's", [], "SetPriority", ({ roles }, scope, call) =>
    roles.setPriority({ ...scope, slugs: ["editor", "org-pay", "boss", "viewer", "member", "org-help"] }, call),
  ),
  give("a role with less rises", [], "SetPriority", ({ roles }, scope, call) =>
    roles.setPriority({ ...scope, slugs: ["viewer", "editor", "boss", "member", "org-help", "org-pay"] }, call),
  ),
  give("with less", [], "SetDefaultRole", ({ roles }, scope, call) =>
    roles.setDefaultRole({ ...scope, slug: "viewer" }, call),
  ),
  give("with more", ["pay"], "SetDefaultRole", ({ roles }, scope, call) =>
    roles.setDefaultRole({ ...scope, slug: "boss" }, call),
  ),
  give("back to a default with more", ["write"], "ResetOrgRoleConfig", async (services, scope, call) => {
    // the user has less there than the default of the environment
    const small = { ...scope, organizationId: `${scope.organizationId}-small` };
    await services.roles.createRole({ ...small, ...values, slug: "org-only" }, ownCall);
    await services.roles.setDefaultRole({ ...small, slug: "org-only" }, ownCall);
    await services.memberships.setMemberRoles({ ...small, ...member("ann", "viewer") }, ownCall);
    await services.memberships.setMemberRoles({ ...small, ...member("zoe", "boss") }, ownCall);
    await services.roles.setDefaultRole({ ...small, slug: "viewer" }, ownCall);
    await services.roles.deleteOrgRole({ ...small, slug: "org-only", validateOnly: false }, ownCall);
    return services.roles.resetOrgRoleConfig(small, call);
  }),
  give("unused", [], "DeleteOrgRole", async ({ roles }, scope, call) => {
    await roles.createRole({ ...scope, ...values, slug: "org-unused", permissions: ["pay"] }, ownCall);
    return roles.deleteOrgRole({ ...scope, slug: "org-unused", validateOnly: false }, call);
  }),
  give("by one with less", [], "DeleteOrgRole", ({ roles }, scope, call) =>
    roles.deleteOrgRole({ ...scope, slug: "org-help", replacementRoleSlug: "viewer", validateOnly: false }, call),
  ),
  ...[false, true].map((validateOnly) =>
    give(`by one with more, dry run ${validateOnly}`, ["pay"], "DeleteOrgRole", ({ roles }, scope, call) =>
      roles.deleteOrgRole({ ...scope, slug: "org-help", replacementRoleSlug: "boss", validateOnly }, call),
    ),
  ),
  give("a role with less to somebody", [], "SetMemberRoles", ({ memberships }, scope, call) =>
    memberships.setMemberRoles({ ...scope, ...member("new", "org-help") }, call),
  ),
  give("a role with more to somebody", ["pay"], "SetMemberRoles", ({ memberships }, scope, call) =>
    memberships.setMemberRoles({ ...scope, ...member("new", "org-pay") }, call),
  ),
  give("a role with more to the user", ["pay"], "SetMemberRoles", ({ memberships }, scope, call) =>
    memberships.setMemberRoles({ ...scope, ...member("ann", "editor", "boss") }, call),
  ),
  give("a role less to somebody who has more", [], "SetMemberRoles", ({ memberships }, scope, call) =>
    memberships.setMemberRoles({ ...scope, ...member("bob", "boss") }, call),
  ),
  give("one too many", ["pay"], "BatchSetMemberRoles", ({ memberships }, { organizationId }, call) =>
    memberships.batchSetMemberRoles(
      {
        environmentId,
        memberships: ["viewer", "boss"].map((slug) => ({ organizationId, ...member(`new-${slug}`, slug) })),
      },
      call,
    ),
  ),
  give("another organization too", ["read"], "BatchSetMemberRoles", ({ memberships }, { organizationId }, call) =>
    memberships.batchSetMemberRoles(
      {
        environmentId,
        memberships: [organizationId, "elsewhere"].map((id) => ({ organizationId: id, ...member("new", "viewer") })),
      },
      call,
    ),
  ),
  give("by a group with less", [], "SyncMemberGroups", ({ groupRoles }, scope, call) =>
    groupRoles.syncMemberGroups({ ...scope, userId: "new", groupIds: ["readers"] }, call),
  ),
  give("by a group with more", ["pay"], "SyncMemberGroups", ({ groupRoles }, scope, call) =>
    groupRoles.syncMemberGroups({ ...scope, userId: "new", groupIds: ["payers"] }, call),
  ),
  give("with less", [], "SetGroupRole", ({ groupRoles }, scope, call) =>
    groupRoles.setGroupRole({ ...scope, groupId: "others", roleSlug: "viewer" }, call),
  ),
  give("with more", ["pay"], "SetGroupRole", ({ groupRoles }, scope, call) =>
    groupRoles.setGroupRole({ ...scope, groupId: "readers", roleSlug: "org-pay" }, call),
  ),
  give("any", [], "DeleteGroupRole", ({ groupRoles }, scope, call) =>
    groupRoles.deleteGroupRole({ ...scope, groupId: "payers" }, call),
  ),
  give("any", [], "DeleteMembership", ({ memberships }, scope, call) =>
    memberships.deleteMembership({ ...scope, userId: "bob" }, call),
  ),
  give("any", [], "DeleteUserMemberships", ({ memberships }, _, call) =>
    memberships.deleteUserMemberships({ environmentId, userId: "nobody" }, call),
  ),
  ...[false, true].map((validateOnly) =>
    give(`dry run ${validateOnly}`, "environment", "DeleteOrganizationData", ({ environments }, scope, call) =>
      environments.deleteOrganizationData({ ...scope, validateOnly }, call),
    ),
  ),
  give("of an organization without data", "environment", "DeleteOrganizationData", ({ environments }, _, call) =>
    environments.deleteOrganizationData({ environmentId, organizationId: "none", eraseEvents: true }, call),
  ),
  give("a role for everybody", "environment", "CreateRole", ({ roles }, _, call) =>
    roles.createRole({ environmentId, ...values, slug: "everywhere" }, call),
  ),
  give("of the environment", "environment", "UpdateRole", ({ roles }, _, call) =>
    roles.updateRole({ environmentId, slug: "viewer", role: values, ...mask("name") }, call),
  ),
  give("of the environment", "environment", "AddRolePermissions", ({ roles }, _, call) =>
    roles.addRolePermissions({ environmentId, slug: "viewer", permissions: ["write"] }, call),
  ),
  give("of the environment", "environment", "RemoveRolePermissions", ({ roles }, _, call) =>
    roles.removeRolePermissions({ environmentId, slug: "boss", permissions: ["write"] }, call),
  ),
  give("of the environment", "environment", "SetPriority", ({ roles }, _, call) =>
    roles.setPriority({ environmentId, slugs: ["boss", "editor", "viewer", "member"] }, call),
  ),
  give("of the environment", "environment", "SetDefaultRole", ({ roles }, _, call) =>
    roles.setDefaultRole({ environmentId, slug: "viewer" }, call),
  ),
  ...[false, true].map((validateOnly) =>
    give(`dry run ${validateOnly}`, "environment", "DeleteEnvironmentRole", ({ roles }, _, call) =>
      roles.deleteEnvironmentRole({ environmentId, slug: "viewer", validateOnly }, call),
    ),
  ),
  give("any", "environment", "CreatePermission", ({ permissions }, _, call) =>
    permissions.createPermission({ environmentId, slug: "new", name: "New", description: "" }, call),
  ),
  give("any", "environment", "UpdatePermission", ({ permissions }, _, call) =>
    permissions.updatePermission({ environmentId, slug: "pay", permission: values, ...mask("name") }, call),
  ),
  ...[false, true].map((validateOnly) =>
    give(`dry run ${validateOnly}`, "environment", "DeletePermission", ({ permissions }, _, call) =>
      permissions.deletePermission({ environmentId, slug: "pay", validateOnly }, call),
    ),
  ),
  give("the switch of the guard", "environment", "UpdateEnvironment", ({ environments }, _, call) =>
    environments.updateEnvironment(
      {
        environmentId,
        environment: { displayName: "", multipleRolesEnabled: true, escalationGuardEnabled: false },
        ...mask("escalation_guard_enabled"),
      },
      call,
    ),
  ),
  ...[false, true].map((validateOnly) =>
    give(`dry run ${validateOnly}`, "environment", "DeleteEnvironment", ({ environments }, _, call) =>
      environments.deleteEnvironment({ environmentId, force: true, validateOnly }, call),
    ),
  ),
  give("a new one", [], "CreateEnvironment", ({ environments }, { organizationId }, call) =>
    environments.createEnvironment({ environmentId: `new-${organizationId}`, displayName: "" }, call),
  ),
];

async function furnish(services: Services, id: string): Promise<void> {
  await services.environments.createEnvironment({ environmentId: id, displayName: "" }, ownCall);
  for (const slug of ["read", "write", "pay"])
    await services.permissions.createPermission({ environmentId: id, slug, name: slug, description: "" }, ownCall);
  const granted = { viewer: ["read"], editor: ["read", "write"], boss: ["read", "write", "pay"] };
  for (const [slug, permissions] of Object.entries(granted))
    await services.roles.createRole({ environmentId: id, ...values, slug, permissions }, ownCall);
  await services.roles.setPriority({ environmentId: id, slugs: ["editor", "boss", "viewer", "member"] }, ownCall);
  await services.roles.setDefaultRole({ environmentId: id, slug: "editor" }, ownCall);
  const environment = { displayName: "", multipleRolesEnabled: true, escalationGuardEnabled: true };
  const update = { environmentId: id, environment, ...mask("multiple_roles_enabled", "escalation_guard_enabled") };
  await services.environments.updateEnvironment(update, ownCall);
}

async function furnishOrganization(services: Services, scope: Scope): Promise<void> {
  const { roles, memberships, groupRoles } = services;
  await roles.createRole({ ...scope, ...values, slug: "org-help", permissions: ["read"] }, ownCall);
  await roles.createRole({ ...scope, ...values, slug: "org-pay", permissions: ["pay"] }, ownCall);
  const members = [
    member("ann", "editor"),
    member("zoe", "boss"),
    member("bob", "boss", "org-pay"),
    member("eve", "org-help"),
  ];
  for (const one of members) await memberships.setMemberRoles({ ...scope, ...one }, ownCall);
  for (const [groupId, roleSlug] of Object.entries({ readers: "viewer", payers: "org-pay" }))
    await groupRoles.setGroupRole({ ...scope, groupId, roleSlug }, ownCall);
}

const outcome = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: Refusal) => ({ reason: error.reason, ...error.metadata }),
  );

const refused = (lacks: Lacking) =>
  lacks === "environment"
    ? { reason: "ESCALATION_REFUSED", permissions: "", scope: "environment" }
    : { reason: "ESCALATION_REFUSED", permissions: lacks.join(), scope: "organization" };

test("there is a case of every call that changes something", () => {
  expect([...new Set(cases.map(({ rpc }) => rpc))].toSorted()).toEqual(mutatingRpcs().toSorted());
});

describe.each(engines)("the escalation guard on $name", (engine) => {
  let storage: TestStorage;
  let services: Services;
  let made = 0;

  beforeAll(async () => {
    storage = await openStorage(engine);
    services = createServices(storage.database, defaultQuotas, Date.now);
    for (const id of ["alpha", "beta"]) await furnish(services, id);
  });
  afterAll(() => storage?.drop());

  async function newScope(id = environmentId): Promise<Scope> {
    made += 1;
    const scope = { environmentId: id, organizationId: `org-${made}` };
    await furnishOrganization(services, scope);
    return scope;
  }
  const countEvents = async () => {
    const [row] = await storage.query<{ n: unknown }>("SELECT COUNT(*) AS n FROM events");
    return Number(row?.n);
  };

  test.each(cases.map((one) => [one.rpc, one.title, one] as const))("%s, %s", async (rpc, _, { lacks, change }) => {
    const scope = await newScope();
    const before = await countEvents();
    const isFree = lacks.length === 0;
    expect(await outcome(change(services, scope, actingFor("ann")))).toEqual(isFree ? "done" : refused(lacks));
    if (isFree) return;
    if (rpc !== "ResetOrgRoleConfig") expect(await countEvents()).toBe(before); // which makes its organization first
    const next = await newScope();
    if (lacks === "environment") {
      expect(await outcome(change(services, next, actingFor("zoe")))).toEqual(refused(lacks));
      return;
    }
    if (lacks.includes("read")) return; // nobody but the backend has anything elsewhere
    expect(await outcome(change(services, next, actingFor("zoe")))).toBe("done");
    expect(await outcome(change(services, await newScope(), ownCall))).toBe("done");
  });

  test("a user who is no member, or a member elsewhere, has nothing", async () => {
    const scope = await newScope();
    await services.memberships.setMemberRoles({ ...scope, organizationId: "other", ...member("kim", "boss") }, ownCall);
    for (const user of ["kim", "nobody"]) {
      const call = actingFor(user);
      const change = services.memberships.setMemberRoles({ ...scope, ...member("new", "viewer") }, call);
      expect(await outcome(change)).toEqual(refused(["read"]));
      const slugs = ["boss", "editor", "viewer", "member", "org-help", "org-pay"];
      expect(await outcome(services.roles.setPriority({ ...scope, slugs }, call))).toEqual(
        refused(["pay", "read", "write"]),
      );
    }
  });

  test("is off where it was not switched on, and stays on next to it", async () => {
    const scope = await newScope("beta");
    const change = (call: Call) => services.memberships.setMemberRoles({ ...scope, ...member("new", "boss") }, call);
    expect(await outcome(change(actingFor("ann")))).toEqual(refused(["pay"]));
    const environment = { displayName: "", multipleRolesEnabled: true, escalationGuardEnabled: false };
    const off = { environmentId: "beta", environment, ...mask("escalation_guard_enabled") };
    await services.environments.updateEnvironment(off, ownCall);
    expect(await outcome(change(actingFor("ann")))).toBe("done");
    const next = services.memberships.setMemberRoles(
      { ...(await newScope()), ...member("new", "boss") },
      actingFor("ann"),
    );
    expect(await outcome(next)).toEqual(refused(["pay"]));
  });

  test("counts what a role has now, and not when the user got it", async () => {
    const scope = await newScope();
    const assign = (userId: string) =>
      services.memberships.setMemberRoles({ ...scope, ...member(userId, "org-help") }, actingFor("ann"));
    await assign("one");
    await services.roles.addRolePermissions({ ...scope, slug: "org-help", permissions: ["pay"] }, ownCall);
    expect(await outcome(assign("two"))).toEqual(refused(["pay"]));
    expect(await outcome(assign("one"))).toBe("done"); // has it already
    await services.memberships.setMemberRoles({ ...scope, ...member("ann", "editor", "org-help") }, ownCall);
    expect(await outcome(assign("two"))).toBe("done");
  });
});

describe.each(servers)("the escalation guard, with changes at the same time, on $name", (engine) => {
  test("decides at the revision that its event names", async () => {
    const storage = await openStorage(engine);
    const [one, other] = [0, 1].map(() => createServices(storage.database, defaultQuotas, Date.now)) as [
      Services,
      Services,
    ];
    await furnish(one, "alpha");
    const scope = { environmentId, organizationId: "acme" };
    await furnishOrganization(one, scope);
    const outcomes: string[] = [];
    const countOf = (wanted: string) => outcomes.filter((found) => found === wanted).length;
    const isEnough = () => countOf("done") >= 20 && countOf("ESCALATION_REFUSED") >= 20;
    const toggle = async () => {
      for (let times = 0; times < 1000 && !isEnough(); times += 1) {
        const change = { environmentId, slug: "editor", permissions: ["write"] };
        if (times % 2) await one.roles.addRolePermissions(change, ownCall);
        else await one.roles.removeRolePermissions(change, ownCall);
        await sleep(Math.random() * 20);
      }
    };
    const assign = async () => {
      for (let times = 0; times < 5000 && !isEnough(); times += 1) {
        const assigned = { ...scope, ...member(`user-${times}`, "editor") };
        const found = await outcome(other.memberships.setMemberRoles(assigned, actingFor("eve")));
        outcomes.push(typeof found === "string" ? found : found.reason);
      }
    };
    // eve has editor's other permission, and `write` never
    await one.roles.addRolePermissions({ ...scope, slug: "org-help", permissions: ["read"] }, ownCall);
    await Promise.all([toggle(), assign()]);
    expect(isEnough()).toBe(true);
    expect(outcomes.filter((found) => !["done", "ESCALATION_REFUSED", "CONFLICT_RETRY"].includes(found))).toEqual([]);
    const rows = await storage.query<{
      organization_id: string;
      type: string;
      environment_revision: unknown;
      user_id: string;
    }>("SELECT organization_id, type, environment_revision, user_id FROM events ORDER BY id");
    const toggles = rows.filter(({ type, organization_id }) => type === "role.updated" && organization_id === "");
    const created = rows.filter(({ type, user_id }) => type === "membership.created" && user_id.startsWith("user-"));
    expect(created).toHaveLength(countOf("done"));
    for (const { environment_revision: revision } of created) {
      const seen = toggles.filter((row) => Number(row.environment_revision) <= Number(revision)).length;
      expect(seen % 2).toBe(1); // the last one took `write` away
    }
    await storage.drop();
  }, 60_000);
});

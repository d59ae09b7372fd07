import * as fc from "fast-check";
import { type Services, createServices } from "../../src/app/services";
import type {
  Blueprint,
  EnvironmentBlueprint,
  OrganizationBlueprint,
} from "../../src/application/blueprints/blueprint";
import { ownCall } from "../../src/application/request/idempotency";
import { defaultQuotas } from "../../src/domain/limits";
import { engines } from "../support/engines";
import { type TestStorage, environmentId, openStorage } from "../support/storage";

const pruned = { prune: true };
const kept = { prune: false };
const role = (slug: string, permissions: string[] = [], name = slug) => ({ slug, name, description: "", permissions });
const permission = (slug: string) => ({ slug, name: slug, description: "" });

const production: EnvironmentBlueprint = {
  kind: "environment",
  displayName: "Production",
  multipleRolesEnabled: true,
  escalationGuardEnabled: false,
  permissions: ["docs:read", "docs:write"].map(permission),
  roles: [role("admin", ["docs:read", "docs:write"]), role("member", ["docs:read"])],
  defaultRole: "member",
};
const acme: OrganizationBlueprint = {
  kind: "organization",
  organizationId: "acme",
  roles: [role("org-lead", ["docs:write"]), role("auditor-1a2b3c")],
  defaultRole: "org-lead",
  priority: ["org-lead", "admin", "auditor-1a2b3c", "member"],
  groups: new Map([["staff", "auditor-1a2b3c"]]),
};
const bare: OrganizationBlueprint = {
  kind: "organization",
  organizationId: "bare",
  roles: [],
  defaultRole: "admin",
  priority: ["member", "admin"],
  groups: new Map(),
};
const members: Blueprint = {
  kind: "members",
  organizationId: "acme",
  members: new Map([
    ["ann", ["org-lead", "member"]],
    ["bob", ["member"]],
  ]),
};
const whole = [production, acme, members, bare];

/** Without what a blueprint leaves open. */
const plain = (blueprint: Blueprint): Blueprint =>
  Object.fromEntries(
    Object.entries(blueprint).filter(([field, value]) => field !== "inheritsEnvironment" && value !== undefined),
  ) as unknown as Blueprint;

describe.each(engines)("blueprints on $name", (engine) => {
  let storage: TestStorage;
  let services: Services;
  let made = 0;
  beforeAll(async () => {
    storage = await openStorage(engine);
    services = createServices(storage.database, { ...defaultQuotas, customRoles: 3 }, Date.now);
  });
  afterAll(() => storage?.drop());

  const newId = () => environmentId(`environment-${(made += 1)}`);
  const applyAll = async (id: ReturnType<typeof newId>, blueprints: readonly Blueprint[], options = kept) => {
    for (const blueprint of blueprints) await services.blueprints.apply(id, blueprint, options);
  };
  const read = async (id: ReturnType<typeof newId>, withMembers = true) => {
    const all: Blueprint[] = [];
    for await (const one of services.blueprints.read(id, { members: withMembers })) all.push(plain(one));
    return all;
  };
  const sentences = async (id: ReturnType<typeof newId>, blueprint: Blueprint, options = kept) =>
    (await services.blueprints.compare(id, blueprint, options)).map(({ sign, subject, details }) =>
      [sign, subject, ...details].join(" "),
    );

  test("an environment that is made of blueprints reads as they do, and applying them again changes nothing", async () => {
    const [id, other] = [newId(), newId()];
    await applyAll(other, whole);
    const before = await read(other);
    await applyAll(id, whole);
    expect(await read(id)).toEqual(whole);
    expect(await read(id, false)).toEqual([production, acme, bare]);
    for (const blueprint of whole) expect(await services.blueprints.apply(id, blueprint, pruned)).toEqual([]);
    expect(await read(other)).toEqual(before);
    expect(before).toEqual(whole);
  });

  test("it is what callers see", async () => {
    const id = newId();
    await applyAll(id, whole);
    const { items, config } = await services.roles.listOrgRoles({
      environmentId: id,
      organizationId: "acme",
      pageSize: 0,
      pageToken: "",
    });
    expect(items.map(({ slug, priority }) => [slug, priority])).toEqual(
      acme.priority?.map((slug, index) => [slug, index + 1]),
    );
    expect(config).toMatchObject({ defaultRoleSlug: "org-lead", inheritsEnvironment: false });
    const access = { environmentId: id, organizationId: "acme", userId: "ann" };
    expect(await services.access.getAccess(access)).toMatchObject({
      role: "org-lead",
      permissions: ["docs:read", "docs:write"],
    });
  });

  test("without pruning what is not named stays, at the bottom of the order", async () => {
    const id = newId();
    await applyAll(id, whole);
    await services.roles.createRole(
      { environmentId: id, slug: "viewer", name: "Viewer", description: "", permissions: [] },
      ownCall,
    );
    const wanted = { ...production, roles: [role("member"), role("owner")], permissions: [permission("docs:read")] };
    expect(await sentences(id, wanted)).toEqual([
      "+ role owner",
      "~ role member -docs:read",
      "~ priority order member, owner, admin, viewer",
    ]);
    await services.blueprints.apply(id, wanted, kept);
    const [environment] = (await read(id)) as [EnvironmentBlueprint];
    expect(environment.roles?.map(({ slug }) => slug)).toEqual(["member", "owner", "admin", "viewer"]);
    expect(environment.permissions).toEqual(production.permissions);
    expect(await sentences(id, wanted)).toEqual([]);
  });

  test("with pruning it goes, and members of deleted roles have the default role", async () => {
    const id = newId();
    await applyAll(id, whole);
    const wanted: OrganizationBlueprint = {
      kind: "organization",
      organizationId: "acme",
      roles: [role("auditor-1a2b3c")],
      defaultRole: "auditor-1a2b3c",
      groups: new Map(),
    };
    expect(await sentences(id, wanted, pruned)).toEqual([
      "~ default role org-lead → auditor-1a2b3c",
      "- role org-lead",
      "- group staff",
    ]);
    await services.blueprints.apply(id, wanted, pruned);
    const environment = {
      ...production,
      roles: [role("member", ["docs:read"])],
      permissions: [permission("docs:read")],
    };
    expect(await sentences(id, environment, pruned)).toEqual(["- role admin", "- permission docs:write"]);
    await services.blueprints.apply(id, environment, pruned);
    expect(await read(id)).toEqual([
      environment,
      {
        ...acme,
        roles: [role("auditor-1a2b3c")],
        defaultRole: "auditor-1a2b3c",
        priority: ["auditor-1a2b3c", "member"],
        groups: new Map(),
      },
      {
        ...members,
        members: new Map([
          ["ann", ["auditor-1a2b3c", "member"]],
          ["bob", ["member"]],
        ]),
      },
      { ...bare, defaultRole: "member", priority: ["member"] },
    ]);
  });

  test.each([
    ["a priority that names no role", { ...acme, priority: ["org-lead", "ghost"] }, "PRIORITY_ORDER_MISMATCH"],
    ["a default that is no role", { ...acme, defaultRole: "ghost" }, "ROLE_NOT_FOUND"],
    ["an unknown permission", { ...acme, roles: [role("org-a"), role("org-b", ["ghost"])] }, "PERMISSION_UNKNOWN"],
    ["a group of no role", { ...acme, groups: new Map([["staff", "ghost"]]) }, "ROLE_NOT_ASSIGNABLE"],
    [
      "more roles than may be",
      { ...bare, roles: ["a", "b", "c", "d"].map((one) => role(`org-${one}`)) },
      "ROLE_LIMIT_REACHED",
    ],
    ["members without a role", { ...members, members: new Map([["ann", ["ghost"]]]) }, "ROLE_NOT_ASSIGNABLE"],
    ["two new roles of one slug", { ...bare, roles: [role("org-a"), role("org-a")] }, "ROLE_SLUG_TAKEN"],
  ])("%s: nothing of the blueprint is applied", async (_, blueprint, reason) => {
    const id = newId();
    await applyAll(id, [production]);
    const before = await read(id);
    await expect(services.blueprints.apply(id, blueprint as Blueprint, kept)).rejects.toMatchObject({ reason });
    expect(await read(id)).toEqual(before);
  });

  test("the events of an applied blueprint name the command, in the order of its changes", async () => {
    const id = newId();
    const list = { environmentId: id, types: [], newestFirst: false, pageSize: 1000, pageToken: "" };
    const eventsOf = async () => (await services.events.listEvents(list, ownCall)).events;
    await applyAll(id, whole);
    const events = await eventsOf();
    expect(new Set(events.map(({ actor, callId }) => `${actor} ${callId}`))).toEqual(new Set(["orgroles apply "]));
    const typesIn = (organizationId: string) =>
      events.filter((event) => event.organizationId === organizationId).map(({ change }) => change.type);
    expect(typesIn("").slice(0, 4)).toEqual([
      "environment.created",
      "role.created",
      "role_config.updated",
      "environment.updated",
    ]);
    const expected =
      "group_role.created membership.created membership.created role.created role.created" +
      " role_config.updated role_config.updated role_config.updated";
    expect(typesIn("acme").toSorted().join(" ")).toBe(expected);
    await applyAll(id, whole);
    const broken = { ...acme, roles: [role("org-a"), role("org-b", ["ghost"])] };
    await expect(services.blueprints.apply(id, broken, kept)).rejects.toMatchObject({ reason: "PERMISSION_UNKNOWN" });
    expect(await eventsOf()).toEqual(events);
  });

  test("several at once, and callers beside them, leave what the blueprint says", async () => {
    const id = newId();
    await applyAll(id, [production]);
    const outcomes = await Promise.allSettled([
      ...Array.from({ length: 4 }, () => services.blueprints.apply(id, acme, kept)),
      ...Array.from({ length: 4 }, (__, index) =>
        services.memberships.setMemberRoles(
          { environmentId: id, organizationId: "acme", userId: `user-${index}`, roleSlugs: ["member"] },
          ownCall,
        ),
      ),
    ]);
    expect(outcomes.filter(({ status }) => status === "rejected")).toEqual([]);
    expect(await read(id, false)).toEqual([production, acme]);
  });

  test("applying any blueprint to any other leaves what it says", async () => {
    const slugs = ["org-a", "org-b", "c-1a2b3c"];
    const organization = fc
      .record({
        roles: fc.shuffledSubarray(slugs).map((some) => some.map((slug) => role(slug))),
        names: fc.array(fc.constantFrom("A", "B"), { minLength: 3, maxLength: 3 }),
        groups: fc.dictionary(fc.constantFrom("g", "h"), fc.constantFrom("member", "admin")),
        seed: fc.nat(),
      })
      .map(({ roles, names, groups, seed }): OrganizationBlueprint => {
        const all = ["member", "admin", ...roles.map(({ slug }) => slug)];
        const priority = all
          .map((slug, index) => [(seed * (index + 7)) % 11, slug] as const)
          .toSorted(([a], [b]) => a - b);
        return {
          kind: "organization",
          organizationId: "acme",
          roles: roles.map((one, index) => ({ ...one, name: names[index] ?? "C" })),
          defaultRole: all[seed % all.length] ?? "member",
          priority: priority.map(([, slug]) => slug),
          groups: new Map(Object.entries(groups)),
        };
      });
    const id = newId();
    await applyAll(id, [production]);
    await fc.assert(
      fc.asyncProperty(organization, async (wanted) => {
        await services.blueprints.apply(id, wanted, pruned);
        const [, after] = (await read(id)) as [Blueprint, OrganizationBlueprint];
        const inOrder = wanted.priority?.filter((slug) => slugs.includes(slug));
        const roles = inOrder?.map((slug) => wanted.roles?.find((one) => one.slug === slug));
        expect(after).toEqual({ ...wanted, roles });
        expect(await sentences(id, wanted, pruned)).toEqual([]);
      }),
      { numRuns: engine.name === "sqlite" ? 40 : 15 },
    );
  });
});

import { randomUUID } from "node:crypto";
import type { TestClient } from "../support/client";
import { type TestDatabase, engines, isOnCluster, processesOfServers, servers } from "../support/engines";
import { many } from "../support/many";
import { type ServiceProcess, startProcess } from "../support/process";
import { listOrg, outcomeOf, reasonsOf, whileReading } from "../support/race";
import { repeatConflicts } from "../support/repeat-conflicts";
import { serving } from "../support/service";
import { queryOnce } from "../support/storage";

const environmentId = "alpha";
const newOrganization = () => `org-${randomUUID()}`;

/**
 * Two processes on a server, one on SQLite. No call may end with CONFLICT_RETRY here: that is for contention that
 * repeating a transaction seven times does not get through. On a cluster, with a process on each node, it may.
 */
const settings = [
  ...servers.map((engine) => ({ name: engine.name, engine, processes: processesOfServers, scale: 1 })),
  ...engines
    .filter(({ name }) => name === "sqlite")
    .map((engine) => ({ name: engine.name, engine, processes: 1, scale: 0.25 })),
];

describe.each(settings)("$processes processes on $name", ({ engine, processes, scale }) => {
  let database: TestDatabase;
  let services: ServiceProcess[];
  const at = (index: number): TestClient => services[index % services.length] as ServiceProcess;
  const scaled = (count: number) => Math.ceil(count * scale);

  beforeAll(async () => {
    database = await engine.create();
    const start = () =>
      startProcess({
        ORGROLES_DATABASE_URL: database.url,
        ORGROLES_ENVIRONMENTS: "alpha,beta",
        ORGROLES_MAX_CUSTOM_ROLES: "1000",
        ORGROLES_MAX_ENVIRONMENT_ROLES: "1000",
      });
    services = await Promise.all(many(processes, start));
    await Promise.all(services.map(serving));
    if (isOnCluster) services = services.map(repeatConflicts);
  });
  afterAll(async () => {
    await Promise.all((services ?? []).map((service) => service.end()));
    await database?.drop();
  });

  /** The same list from every process. */
  async function listEverywhere(organizationId: string) {
    const lists = await Promise.all(services.map((service) => listOrg(service, environmentId, organizationId)));
    for (const list of lists) expect(list).toEqual(lists[0]);
    return lists[0] as Awaited<ReturnType<typeof listOrg>>;
  }

  const createCustom = (index: number, organizationId: string, more: { slug?: string; requestId?: string } = {}) =>
    at(index).roles.createRole({ environmentId, organizationId, name: `Role ${index}`, ...more });

  test("first custom roles of one organization, hundreds at once: all succeed, each once in one order", async () => {
    const organizationId = newOrganization();
    const count = scaled(240);
    const creating = outcomeOf(many(count, (index) => createCustom(index, organizationId)));
    const { answers, failures } = await whileReading(services, environmentId, organizationId, creating);
    expect(reasonsOf(failures)).toEqual({});
    const { roles, config } = await listEverywhere(organizationId);
    expect(roles).toHaveLength(count + 1);
    expect(roles[0]?.slug).toBe("member");
    expect(config).toMatchObject({ inheritsEnvironment: false, defaultRoleSlug: "member" });
    expect(new Set(roles.slice(1).map(({ slug }) => slug))).toEqual(new Set(answers.map(({ role }) => role?.slug)));
    for (const { role } of answers)
      expect(roles.find(({ slug }) => slug === role?.slug)).toMatchObject({ id: role?.id, priority: role?.priority });
  });

  test("equal explicit slugs at once: exactly one wins each", async () => {
    const organizationId = newOrganization();
    const slugs = many(scaled(20), (index) => `org-slug-${index}`);
    const calls = slugs.flatMap((slug) => many(8, (index) => createCustom(index, organizationId, { slug })));
    const { answers, failures } = await whileReading(services, environmentId, organizationId, outcomeOf(calls));
    expect(reasonsOf(failures)).toEqual({ ROLE_SLUG_TAKEN: slugs.length * 7 });
    expect(new Set(answers.map(({ role }) => role?.slug))).toEqual(new Set(slugs));
    const { roles } = await listEverywhere(organizationId);
    expect(new Set(roles.map(({ slug }) => slug))).toEqual(new Set(["member", ...slugs]));
  });

  test("one explicit slug in many organizations at once: all succeed", async () => {
    const organizations = many(scaled(40), newOrganization);
    const calls = organizations.map((id, index) => createCustom(index, id, { slug: "org-shared" }));
    expect(reasonsOf((await outcomeOf(calls)).failures)).toEqual({});
    for (const id of organizations)
      expect((await listEverywhere(id)).config?.priorityOrder).toEqual(["member", "org-shared"]);
  });

  test("SetPriority against creations: no role is lost, and an order is set or refused as a whole", async () => {
    const organizationId = newOrganization();
    await createCustom(0, organizationId);
    const creations = { done: false };
    const reorder = async (index: number) => {
      const reasons: (string | undefined)[] = [];
      do {
        const { config } = await listOrg(at(index), environmentId, organizationId);
        const slugs = (config?.priorityOrder ?? []).toReversed();
        const { answers, failures } = await outcomeOf([
          at(index + 1).roles.setPriority({ environmentId, organizationId, slugs }),
        ]);
        for (const answer of answers) expect(answer.config?.priorityOrder).toEqual(slugs);
        reasons.push(...failures.map(({ reason }) => reason));
      } while (!creations.done);
      return reasons;
    };
    const reordering = Promise.all(many(4, reorder));
    const creating = outcomeOf(many(scaled(60), (index) => createCustom(index, organizationId)));
    const { failures } = await whileReading(services, environmentId, organizationId, creating);
    creations.done = true;
    expect(reasonsOf(failures)).toEqual({});
    for (const reason of (await reordering).flat()) expect(reason).toBe("PRIORITY_ORDER_MISMATCH");
    const { config, roles } = await listEverywhere(organizationId);
    expect(roles).toHaveLength(scaled(60) + 2);
    const slugs = (config?.priorityOrder ?? []).toReversed();
    await at(1).roles.setPriority({ environmentId, organizationId, slugs });
    expect((await listEverywhere(organizationId)).config?.priorityOrder).toEqual(slugs);
  });

  test("DeleteEnvironmentRole against first custom roles: no organization is left with a default that is gone", async () => {
    for (let round = 0; round < 4; round += 1) {
      const slug = `temporary-${round}`;
      await at(round).roles.createRole({ environmentId, slug, name: slug });
      await at(round + 1).roles.setDefaultRole({ environmentId, slug });
      const organizations = many(scaled(24), newOrganization);
      const creating = organizations.map((id, index) => createCustom(index, id));
      const deleting = at(round).roles.deleteEnvironmentRole({
        environmentId,
        slug,
        replacementDefaultRoleSlug: "member",
      });
      const watched = organizations.at(-1) ?? "";
      const both = outcomeOf<unknown>([...creating.slice(0, 6), deleting, ...creating.slice(6)]);
      const { failures } = await whileReading(services, environmentId, watched, both);
      expect(reasonsOf(failures)).toEqual({});
      for (const organizationId of organizations) {
        const { roles, config } = await listEverywhere(organizationId);
        expect(config).toMatchObject({ defaultRoleSlug: "member", inheritsEnvironment: false });
        expect(roles.map((role) => role.slug)).not.toContain(slug);
        expect(roles).toHaveLength(2);
      }
    }
  });

  test("environment roles against custom roles: each organization has all of them, no slug twice", async () => {
    const organizations = many(scaled(12), newOrganization);
    const slugs = many(scaled(12), (index) => `level-${index}`);
    const calls: Promise<unknown>[] = [];
    for (const [index, organizationId] of organizations.entries()) {
      calls.push(createCustom(index, organizationId), createCustom(index + 1, organizationId));
      calls.push(at(index).roles.createRole({ environmentId, slug: slugs[index] ?? "", name: "Level" }));
      calls.push(createCustom(index, organizationId));
    }
    const watched = organizations[0] ?? "";
    const { failures } = await whileReading(services, environmentId, watched, outcomeOf(calls));
    expect(reasonsOf(failures)).toEqual({});
    for (const organizationId of organizations) {
      const { roles } = await listEverywhere(organizationId);
      const found = roles.map(({ slug }) => slug);
      expect(found).toEqual(expect.arrayContaining(["member", ...slugs]));
      expect(roles.filter((role) => role.organizationId !== "")).toHaveLength(3);
      expect(roles).toHaveLength(slugs.length + 4);
    }
    for (const slug of slugs) await at(0).roles.deleteEnvironmentRole({ environmentId, slug });
  });

  test("an environment role that wants a slug just generated for a custom role is refused in every process", async () => {
    const organizationId = newOrganization();
    const attempt = async (index: number) => {
      const { role } = await createCustom(index, organizationId);
      const slug = role?.slug ?? "";
      return outcomeOf([at(index + 1).roles.createRole({ environmentId, slug, name: "Same" })]);
    };
    for (const { failures } of await Promise.all(many(scaled(20), attempt)))
      expect(reasonsOf(failures)).toEqual({ ROLE_SLUG_TAKEN: 1 });
  });

  test("DeleteEnvironment without force against first custom roles: one side wins, nothing is orphaned", async () => {
    for (let round = 0; round < 12; round += 1) {
      const id = `short-lived-${round}`;
      await at(round).environments.createEnvironment({ environmentId: id });
      const create = (index: number) =>
        at(index).roles.createRole({ environmentId: id, organizationId: `org-${index}`, name: "Lead" });
      const isInhabited = round % 4 === 3;
      if (isInhabited) await create(99);
      const creating = many(round % 4, create);
      const deleting = outcomeOf([at(round).environments.deleteEnvironment({ environmentId: id })]);
      const created = await outcomeOf([...creating, ...many(4, (index) => create(index + 5))]);
      const deleted = await deleting;
      if (deleted.answers.length) {
        expect(isInhabited).toBe(false);
        expect(created.answers).toEqual([]);
        expect(Object.keys(reasonsOf(created.failures))).toEqual(["ENVIRONMENT_NOT_FOUND"]);
      } else {
        expect(reasonsOf(deleted.failures)).toEqual({ ENVIRONMENT_NOT_EMPTY: 1 });
        expect(reasonsOf(created.failures)).toEqual({});
        for (const { role } of created.answers)
          expect((await listOrg(at(1), id, role?.organizationId ?? "")).roles).toContainEqual(role);
      }
    }
    expect(
      await queryOnce(
        database,
        "SELECT id FROM organizations WHERE environment_uid NOT IN (SELECT uid FROM environments)",
      ),
    ).toEqual([]);
  });

  test("DeleteOrganizationData against custom roles: what is there afterwards is whole", async () => {
    const organizations = many(scaled(24), newOrganization);
    const calls = organizations.flatMap((organizationId, index) => [
      createCustom(index, organizationId, { slug: "org-one" }),
      at(index + 1).environments.deleteOrganizationData({ environmentId, organizationId }),
      createCustom(index + 1, organizationId, { slug: "org-two" }),
      at(index).environments.deleteOrganizationData({ environmentId, organizationId }),
      createCustom(index, organizationId, { slug: "org-three" }),
    ]);
    expect(reasonsOf((await outcomeOf<unknown>(calls)).failures)).toEqual({});
    for (const organizationId of organizations) await listEverywhere(organizationId);
    expect(
      await queryOnce(
        database,
        "SELECT r.slug FROM roles r LEFT JOIN organizations o ON o.environment_uid = r.environment_uid" +
          " AND o.id = r.organization_id JOIN environments e ON e.uid = r.environment_uid" +
          " WHERE r.organization_id <> '' AND o.id IS NULL",
      ),
    ).toEqual([]);
  });

  test.each<[string, (requestId: string, id: string) => Promise<(client: TestClient) => Promise<unknown>>]>([
    [
      "CreateRole in an organization",
      async (requestId, organizationId) => (client) =>
        client.roles.createRole({ environmentId, organizationId, name: "Lead", requestId }),
    ],
    [
      "CreateRole in the environment",
      async (requestId) => (client) =>
        client.roles.createRole({ environmentId: "beta", slug: "once", name: "Once", requestId }),
    ],
    [
      "DeleteEnvironmentRole",
      async (requestId) => {
        await at(0).roles.createRole({ environmentId: "beta", slug: "leaving", name: "Leaving" });
        return (client) => client.roles.deleteEnvironmentRole({ environmentId: "beta", slug: "leaving", requestId });
      },
    ],
    [
      "DeleteOrgRole",
      async (requestId, organizationId) => {
        await createCustom(0, organizationId, { slug: "org-leaving" });
        return (client) =>
          client.roles.deleteOrgRole({ environmentId, organizationId, slug: "org-leaving", requestId });
      },
    ],
    [
      "CreatePermission",
      async (requestId) => (client) =>
        client.permissions.createPermission({ environmentId, slug: "once", name: "Once", requestId }),
    ],
    [
      "CreateEnvironment",
      async (requestId) => (client) =>
        client.environments.createEnvironment({ environmentId: "once", displayName: "Once", requestId }),
    ],
    [
      "DeleteEnvironment",
      async (requestId) => {
        await at(0).environments.createEnvironment({ environmentId: "leaving" });
        return (client) => client.environments.deleteEnvironment({ environmentId: "leaving", requestId });
      },
    ],
  ])("%s with one request id, several at once: one change, and the same answer for all", async (_, prepare) => {
    const call = await prepare(randomUUID(), newOrganization());
    const { answers, failures } = await outcomeOf(many(8, (index) => call(at(index))));
    expect(reasonsOf(failures)).toEqual({});
    expect(answers).toEqual(many(8, () => answers[0]));
    expect(await call(at(1))).toEqual(answers[0]);
  });

  test("what one process acknowledged every process knows at once", async () => {
    const organizationId = newOrganization();
    for (let index = 0; index < scaled(40); index += 1) {
      const { role } = await createCustom(index, organizationId);
      expect((await listOrg(at(index + 1), environmentId, organizationId)).roles).toContainEqual(role);
      const changed = await at(index + 1).roles.updateRole({
        environmentId,
        organizationId,
        slug: role?.slug ?? "",
        role: { ...role, name: `Changed ${index}` } as typeof role,
        updateMask: ["name"],
      });
      expect((await at(index).roles.getRole({ environmentId, organizationId, slug: role?.slug ?? "" })).role).toEqual(
        changed.role,
      );
    }
  });

  test("at the end every process stops cleanly, and none has logged a failure of its own", async () => {
    const codes = await Promise.all(services.map((service) => service.end()));
    expect(codes).toEqual(many(processes, () => 0));
    for (const service of services) expect(service.output()).not.toMatch(/internal error|unhandled|"level":[56]0/i);
  });
});

import { createServices } from "../../src/app/services";
import { ownCall } from "../../src/application/request/idempotency";
import { defaultQuotas } from "../../src/domain/limits";
import { TypeormEnvironmentStore } from "../../src/persistence/stores/environment-store";
import { TypeormRoleStore } from "../../src/persistence/stores/role-store";
import { fromText } from "../../src/persistence/stores/compact-text";
import { engines, servers } from "../support/engines";
import { type TestStorage, openStorage } from "../support/storage";
import { type Services, callFor, furnish, switchGuard } from "./furnish";

const rounds = 5;

const isDone = (call: Promise<unknown>) =>
  call.then(
    () => true,
    (error: { reason?: string }) => {
      expect(error.reason).toBe("ESCALATION_REFUSED");
      return false;
    },
  );

interface Row {
  readonly type: string;
  readonly organization_id: string;
  readonly revision: number;
  readonly environment_revision: number;
  readonly content: string;
}

interface Change {
  readonly after?: { readonly slug?: string; readonly userId?: string };
}

async function eventsOf(storage: TestStorage, environmentId: string) {
  const rows = await storage.query<Row>(
    "SELECT * FROM events WHERE environment_uid = (SELECT uid FROM environments WHERE id = ?)",
    [environmentId],
  );
  return Promise.all(
    rows.map(async ({ content, ...row }) => ({ ...row, change: (await fromText(content)) as Change })),
  );
}

describe.each(engines)("a user who loses a permission while giving it, on $name", (engine) => {
  let storage: TestStorage;
  let services: Services;
  /** A second process on the same database, with a cache of its own; an embedded database has only one. */
  let others: Services;
  beforeAll(async () => {
    storage = await openStorage(engine);
    services = createServices(storage.database, defaultQuotas, Date.now);
    others = createServices(storage.database, defaultQuotas, Date.now);
  });
  afterAll(() => storage?.drop());

  test("in the organization: it is given only before the user's own roles are taken", async () => {
    for (let round = 0; round < rounds; round += 1) {
      const environmentId = `organization-race-${round}`;
      await furnish(services, environmentId);
      const place = { environmentId, organizationId: "acme" };
      const [given] = await Promise.all([
        isDone(others.memberships.setMemberRoles({ ...place, userId: "eve", roleSlugs: ["org-lead"] }, callFor("ann"))),
        services.memberships.setMemberRoles({ ...place, userId: "ann", roleSlugs: ["reader"] }, ownCall),
      ]);
      const events = (await eventsOf(storage, environmentId)).filter(({ type }) => type === "membership.updated");
      const revisionOf = (userId: string) => events.find(({ change }) => change.after?.userId === userId)?.revision;
      expect({ round, given }).toEqual({ round, given: revisionOf("eve") !== undefined });
      if (given) expect(revisionOf("eve")).toBeLessThan(Number(revisionOf("ann")));
    }
  });
});

describe.each(servers)("what the guard reads, on $name, is of the revision that the event names", (engine) => {
  let storage: TestStorage;
  let services: Services;
  let others: Services;
  beforeAll(async () => {
    storage = await openStorage(engine);
    services = createServices(storage.database, defaultQuotas, Date.now);
    others = createServices(storage.database, defaultQuotas, Date.now);
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(() => storage?.drop());

  test.each([
    ["the user gains the permission before it is read what the user has", 1, "reader", "addRolePermissions"],
    ["the role loses the permission before it is read what it gives", 2, "owner", "removeRolePermissions"],
  ] as const)("when %s", async (_, nth, slug, rpc) => {
    const environmentId = `between-${nth}`;
    await furnish(services, environmentId);
    const read = Reflect.get(TypeormRoleStore.prototype, "permissionsOf");
    let reads = 0;
    jest.spyOn(TypeormRoleStore.prototype, "permissionsOf").mockImplementation(async function (
      this: TypeormRoleStore,
      ...key: Parameters<typeof read>
    ) {
      reads += 1;
      if (reads === nth) await others.roles[rpc]({ environmentId, slug, permissions: ["docs:write"] }, ownCall);
      return read.apply(this, key);
    });
    const place = { environmentId, organizationId: "acme" };
    const promotion = { ...place, userId: "eve", roleSlugs: ["owner"] };
    expect(await isDone(services.memberships.setMemberRoles(promotion, callFor("bob")))).toBe(true);
    const events = await eventsOf(storage, environmentId);
    const change = events.find(({ type, organization_id }) => type === "role.updated" && organization_id === "");
    const given = events.find(({ type }) => type === "membership.updated");
    expect(given?.environment_revision).toBe(change?.environment_revision);
    expect(change?.environment_revision).toBeGreaterThan(0);
  });

  test("when the guard is switched on before the first custom role locks all members", async () => {
    const environmentId = "switched-on";
    await furnish(services, environmentId, false);
    const place = { environmentId, organizationId: "initech" };
    await services.memberships.setMemberRoles({ ...place, userId: "bob", roleSlugs: ["reader"] }, ownCall);
    const lock = Reflect.get(TypeormEnvironmentStore.prototype, "lockMemberRoles");
    let locks = 0;
    jest.spyOn(TypeormEnvironmentStore.prototype, "lockMemberRoles").mockImplementation(async function (
      this: TypeormEnvironmentStore,
      ...key: Parameters<typeof lock>
    ) {
      locks += 1;
      if (locks === 1) await switchGuard(others, environmentId, true, ownCall);
      return lock.apply(this, key);
    });
    const role = { ...place, slug: "org-new", name: "New", description: "", permissions: ["docs:write"] };
    expect(await isDone(services.roles.createRole(role, callFor("bob")))).toBe(false);
    expect(locks).toBeGreaterThan(1);
  });
});

import { randomUUID } from "node:crypto";
import { createServices } from "../../src/app/services";
import type { Call } from "../../src/application/request/idempotency";
import { ownCall } from "../../src/application/request/idempotency";
import { defaultQuotas } from "../../src/domain/limits";
import { fromText } from "../../src/persistence/stores/compact-text";
import { engines } from "../support/engines";
import { type TestStorage, openStorage } from "../support/storage";
import { mutatingRpcs, mutationsOf } from "./mutations";

interface Row {
  readonly type: string;
  readonly organization_id: string;
  readonly revision: number;
  readonly ordinal: number;
  readonly environment_revision: number;
  readonly actor: string;
  readonly call_id: string;
  readonly content: string;
}

const environmentId = "production";
const author = { actor: "backend", actingUserId: "", callId: "call-1" } as const;
const asJson = (value: unknown) => (value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown));

test("every RPC with a request id has a case", () => {
  const tried = new Set(mutationsOf(environmentId).map(({ rpc }) => rpc));
  expect(mutatingRpcs().toSorted()).toEqual([...tried].toSorted());
});

describe.each(engines)("on $name", (engine) => {
  let storage: TestStorage;
  let services: ReturnType<typeof createServices>;
  let now = Date.now();

  beforeAll(async () => {
    storage = await openStorage(engine);
    services = createServices(storage.database, defaultQuotas, () => now);
    // the same things beside it, which leave events of their own
    for (const { change } of mutationsOf("other").slice(0, -1)) await change(services, ownCall, undefined);
  });
  afterAll(() => storage?.drop());

  let seen = new Set<string>();
  const eventsOf = async (uid: string) => {
    const rows = await storage.query<Row & { id: string }>(
      "SELECT * FROM events WHERE environment_uid = ? ORDER BY organization_id, revision, ordinal",
      [uid],
    );
    return rows;
  };
  const uidOf = async () => {
    const [row] = await storage.query<{ uid: string }>("SELECT uid FROM environments WHERE id = ?", [environmentId]);
    return row?.uid;
  };

  test("each mutation writes exactly the events of the contract, as the API showed things before and after", async () => {
    let uid = "";
    for (const { rpc, title, organizationId = "", types, change, read } of mutationsOf(environmentId)) {
      now += 1000;
      const requestId = randomUUID();
      const fingerprint = `${rpc} ${title}`;
      const call: Call = { ...ownCall, fingerprint: () => fingerprint, author };
      const before = await read?.(services);
      const answer = await change(services, call, requestId);
      const after = await read?.(services);
      uid = (await uidOf()) ?? uid;
      const written = (await eventsOf(uid)).filter(({ id }) => !seen.has(id));
      seen = new Set([...seen, ...written.map(({ id }) => id)]);
      const at = { rpc, title };
      expect({ ...at, types: written.map(({ type }) => type) }).toEqual({ ...at, types });
      for (const [ordinal, row] of written.entries())
        expect(row).toMatchObject({ organization_id: organizationId, ordinal, actor: "backend", call_id: "call-1" });
      const [first] = written;
      if (first && read) {
        const content = (await fromText(first.content)) as object;
        expect({ ...at, before: undefined, after: undefined, ...content }).toMatchObject({
          ...at,
          before: asJson(before),
          after: asJson(after),
        });
      }
      if (!types.length && read) expect({ ...at, shown: after }).toEqual({ ...at, shown: before });
      expect(asJson(await change(services, call, requestId))).toEqual(asJson(answer));
      expect((await eventsOf(uid)).filter(({ id }) => !seen.has(id))).toEqual([]);
    }
  });

  test("revisions of a scope never decrease, and name each event once", async () => {
    const rows = await storage.query<{ environment_uid: string; id: string } & Row>("SELECT * FROM events ORDER BY id");
    const keys = rows.map((row) => [row.environment_uid, row.organization_id, row.revision, row.ordinal].join());
    expect(new Set(keys).size).toBe(rows.length);
    for (const row of rows) {
      expect(row.environment_revision).toBeGreaterThan(0);
      if (row.organization_id === "") expect(row.revision).toBe(row.environment_revision);
    }
  });

  test("an organization that comes back goes on above the revisions of its events", async () => {
    const environment = { environmentId: "again" };
    const scope = { ...environment, organizationId: "acme" };
    await services.environments.createEnvironment({ ...environment, displayName: "" }, ownCall);
    for (const organizationId of ["acme", "globex"])
      await services.memberships.setMemberRoles(
        { ...environment, organizationId, userId: "ann", roleSlugs: [] },
        ownCall,
      );
    for (let times = 0; times < 3; times += 1) {
      await services.memberships.deleteMembership({ ...scope, userId: "ann" }, ownCall);
      const memberships = ["acme", "globex", "initech"].map((organizationId) => ({
        organizationId,
        userId: times % 2 ? "ann" : `new-${times}`,
        roleSlugs: [],
      }));
      await services.memberships.batchSetMemberRoles({ ...environment, memberships }, ownCall);
      await services.environments.deleteOrganizationData(scope, ownCall);
      await services.memberships.setMemberRoles({ ...scope, userId: "ann", roleSlugs: [] }, ownCall);
    }
    const rows = await storage.query<{ type: string; revision: number }>(
      "SELECT type, revision FROM events WHERE organization_id = 'acme' AND environment_uid =" +
        " (SELECT uid FROM environments WHERE id = 'again') ORDER BY revision",
    );
    const once = ["membership.deleted", "membership.created", "organization.data_deleted", "membership.created"];
    expect(rows.map(({ type }) => type)).toEqual(["membership.created", ...once, ...once, ...once]);
    expect(new Set(rows.map(({ revision }) => revision)).size).toBe(rows.length);
  });
});

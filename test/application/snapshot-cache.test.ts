import { createServices } from "../../src/app/services";
import { ownCall } from "../../src/application/request/idempotency";
import { defaultQuotas } from "../../src/domain/limits";
import { servers } from "../support/engines";
import { type Statement, recordStatements } from "../support/recorded";
import { type TestStorage, openStorage } from "../support/storage";
import { until } from "../support/until";

/** Reads of the environment's roles, which whoever remembers them does without. */
const ofRoles = (statements: readonly Statement[]) =>
  statements.filter(
    ({ sql }) => sql.startsWith("SELECT") && sql.includes("FROM roles") && sql.includes("organization_id = ''"),
  );

describe.each(servers)("writes on $name", (engine) => {
  const scope = { environmentId: "alpha", organizationId: "acme" };
  let storage: TestStorage;
  let recorded: () => Statement[];
  let services: ReturnType<typeof createServices>;

  beforeEach(async () => {
    storage = await openStorage(engine);
    services = createServices(storage.database, defaultQuotas, Date.now);
    for (const environmentId of ["alpha", "beta"])
      await services.environments.createEnvironment({ environmentId, displayName: "" }, ownCall);
    recorded = await recordStatements(storage);
  });
  afterEach(() => storage.drop());

  const write = (of = services) =>
    of.memberships.setMemberRoles({ ...scope, userId: "ann", roleSlugs: ["member"] }, ownCall);
  /** Until a write has found all of it in memory. */
  const remembered = () =>
    until("the environment is remembered", async () => {
      recorded();
      await write();
      return ofRoles(recorded()).length ? undefined : true;
    });

  test("read their environment once for as long as it stays as it is", async () => {
    await write();
    expect(ofRoles(recorded())).not.toEqual([]);
    expect(await remembered()).toBe(true);
    await services.memberships.setMemberRoles(
      { ...scope, environmentId: "beta", userId: "ann", roleSlugs: [] },
      ownCall,
    );
    expect(ofRoles(recorded())).not.toEqual([]);
  });

  test("see what another process has changed", async () => {
    await remembered();
    const other = createServices(storage.database, defaultQuotas, Date.now);
    const role = { environmentId: "alpha", slug: "fresh", name: "Fresh", description: "", permissions: [] };
    await other.roles.createRole(role, ownCall);
    const assigned = { ...scope, userId: "bob", roleSlugs: ["fresh"] };
    expect((await services.memberships.setMemberRoles(assigned, ownCall)).roleSlugs).toEqual(["fresh"]);
  });

  test("see what another process has changed in their organization", async () => {
    await services.roles.listOrgRoles({ ...scope, pageSize: 0, pageToken: "" });
    const other = createServices(storage.database, defaultQuotas, Date.now);
    for (const slug of ["org-one", "org-two"]) {
      await other.roles.createRole({ ...scope, slug, name: "Own", description: "", permissions: [] }, ownCall);
      const assigned = { ...scope, userId: "bob", roleSlugs: [slug] };
      expect((await services.memberships.setMemberRoles(assigned, ownCall)).roleSlugs).toEqual([slug]);
      await services.roles.listOrgRoles({ ...scope, pageSize: 0, pageToken: "" });
    }
  });

  test("read everything again when the database has been away", async () => {
    await remembered();
    services.snapshots.clear();
    recorded();
    await write();
    expect(ofRoles(recorded())).not.toEqual([]);
  });
});

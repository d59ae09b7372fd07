import { createServices } from "../../src/app/services";
import { ownCall } from "../../src/application/request/idempotency";
import { defaultQuotas, limits } from "../../src/domain/limits";
import { engines } from "../support/engines";
import { type Statement, recordStatements } from "../support/recorded";
import { type TestStorage, openStorage } from "../support/storage";

type Services = ReturnType<typeof createServices>;

const scope = { environmentId: "alpha", organizationId: "acme" };
const ofMembers = (statements: readonly Statement[]) =>
  statements.filter(({ sql }) => sql.includes("role_assignments"));

/** Leaves the other organization out, of which the deletion of an environment role concerns a member, too. */
const withoutGlobexInAlpha = (lines: readonly string[]) => lines.filter((line) => !line.startsWith("alpha globex"));

describe.each(engines)("members in memory, on $name,", (engine) => {
  let storage: TestStorage;
  let services: Services;
  /** Another process, in a time at which deleted roles may be forgotten. */
  let other: Services;
  let recorded: () => Statement[];

  beforeEach(async () => {
    storage = await openStorage(engine);
    services = createServices(storage.database, defaultQuotas, Date.now);
    other = createServices(storage.database, defaultQuotas, () => Date.now() + 2 * limits.longestTransaction);
    for (const environmentId of ["alpha", "beta"]) {
      await services.environments.createEnvironment({ environmentId, displayName: "" }, ownCall);
      const named = { environmentId, description: "", permissions: [] };
      for (const slug of ["one", "two"]) await services.roles.createRole({ ...named, slug, name: slug }, ownCall);
      const custom = { ...named, organizationId: "acme", slug: "org-own", name: "Own" };
      await services.roles.createRole(custom, ownCall);
      for (const organizationId of ["acme", "globex"]) await set({ environmentId, organizationId }, "ann", "one");
      await set({ environmentId, organizationId: "acme" }, "eve", "org-own");
    }
    recorded = await recordStatements(storage);
  });
  afterEach(() => storage.drop());

  function set(of: typeof scope, userId: string, slug: string) {
    return services.memberships.setMemberRoles({ ...of, userId, roleSlugs: [slug] }, ownCall);
  }

  /** Returns the roles of a user, none for one who is no member. */
  const rolesOf = async (userId: string, of = scope): Promise<readonly string[]> => {
    const asked = { ...of, userId };
    return services.access.getAccess(asked).then(
      ({ roles }) => roles,
      () => [],
    );
  };

  const every = ["alpha", "beta"].flatMap((environmentId) =>
    ["acme", "globex"].flatMap((organizationId) =>
      ["ann", "eve", "zoe"].map((userId) => ({ environmentId, organizationId, userId })),
    ),
  );
  const everybody = async () => {
    const found: string[] = [];
    for (const { userId, ...of } of every)
      found.push(`${of.environmentId} ${of.organizationId} ${userId}: ${(await rolesOf(userId, of)).join()}`);
    return found;
  };

  test("are not read again, nor is who is no member", async () => {
    const before = await everybody();
    expect(ofMembers(recorded())).not.toEqual([]);
    expect(await everybody()).toEqual(before);
    expect(ofMembers(recorded())).toEqual([]);
    const checks = every.map(({ organizationId, userId }) => ({ organizationId, userId, permission: "docs:read" }));
    await services.access.batchCheckPermissions({ environmentId: "alpha", checks });
    expect(ofMembers(recorded())).toEqual([]);
  });

  test("are read again with those of whom nothing is known", async () => {
    expect(await rolesOf("ann")).toEqual(["one"]);
    await set(scope, "zoe", "two");
    expect([await rolesOf("zoe"), await rolesOf("ann")]).toEqual([["two"], ["one"]]);
    recorded();
    const checks = ["ann", "zoe", "eve"].map((userId) => ({ organizationId: "acme", userId, permission: "docs:read" }));
    await services.access.batchCheckPermissions({ environmentId: "alpha", checks });
    const [read, ...more] = ofMembers(recorded());
    expect(more).toEqual([]);
    expect(read?.parameters).toContain("eve");
    expect(read?.parameters).not.toContain("ann");
  });

  test("are read again when the database has been away", async () => {
    await everybody();
    services.snapshots.clear();
    recorded();
    await rolesOf("ann");
    expect(ofMembers(recorded())).not.toEqual([]);
  });

  const sweep = async (of: Services) => {
    for (const { uid } of await of.rewriter.listRequests()) while (await of.rewriter.step(uid));
  };
  const deleteOne = (of: Services) =>
    of.roles.deleteEnvironmentRole({ environmentId: "alpha", slug: "one", validateOnly: false }, ownCall);

  test.each<[string, (of: Services) => Promise<unknown>, Record<string, readonly string[]>]>([
    [
      "another role",
      (of) => of.memberships.setMemberRoles({ ...scope, userId: "ann", roleSlugs: ["two"] }, ownCall),
      { ann: ["two"] },
    ],
    [
      "a new member",
      (of) => of.memberships.setMemberRoles({ ...scope, userId: "zoe", roleSlugs: ["two"] }, ownCall),
      { zoe: ["two"] },
    ],
    [
      "the end of a membership",
      (of) => of.memberships.deleteMembership({ ...scope, userId: "ann" }, ownCall),
      { ann: [] },
    ],
    [
      "the end of a user's memberships",
      (of) => of.memberships.deleteUserMemberships({ environmentId: "alpha", userId: "ann" }, ownCall),
      { ann: [] },
    ],
    [
      "the end of an organization's data",
      (of) => of.environments.deleteOrganizationData({ ...scope, validateOnly: false }, ownCall),
      { ann: [], eve: [] },
    ],
    [
      "an organization that has begun anew",
      async (of) => {
        await of.environments.deleteOrganizationData({ ...scope, validateOnly: false }, ownCall);
        await of.memberships.setMemberRoles({ ...scope, userId: "zoe", roleSlugs: ["two"] }, ownCall);
      },
      { ann: [], eve: [], zoe: ["two"] },
    ],
    ["the deletion of their role", deleteOne, { ann: ["member"] }],
    [
      "the rewriting of their role, which is forgotten",
      async (of) => {
        await deleteOne(of);
        await rolesOf("ann");
        await sweep(of);
      },
      { ann: ["member"] },
    ],
    [
      "a custom role that is replaced and forgotten",
      async (of) => {
        const replaced = { ...scope, slug: "org-own", replacementRoleSlug: "two", validateOnly: false };
        await of.roles.deleteOrgRole(replaced, ownCall);
        await rolesOf("eve");
        await sweep(of);
      },
      { eve: ["two"] },
    ],
  ])("show %s by another process, and nothing else", async (_, change, expected) => {
    const before = await everybody();
    await change(other);
    const after = new Map(before.map((line) => [line, line]));
    for (const [userId, roles] of Object.entries(expected)) {
      const name = `alpha acme ${userId}: `;
      const old = before.find((line) => line.startsWith(name)) ?? "";
      after.set(old, name + roles.join());
    }
    const expectedLines = withoutGlobexInAlpha([...after.values()]);
    expect(withoutGlobexInAlpha(await everybody())).toEqual(expectedLines);
    expect(withoutGlobexInAlpha(await everybody())).toEqual(expectedLines);
  });
});

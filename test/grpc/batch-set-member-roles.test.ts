import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { membersOn } from "../support/members";
import { stageOn } from "../support/stage";

const item = (organizationId: string, userId: string, ...roleSlugs: string[]) => ({
  organizationId,
  userId,
  roleSlugs,
});

interface Key {
  readonly organizationId: string;
  readonly userId: string;
}

const keyOf = ({ organizationId, userId }: Key) => `${organizationId} ${userId}`;
const sorted = <T extends Key>(all: readonly T[]) => all.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);
  const members = membersOn(stage);
  const setAll = (environmentId: string, ...memberships: ReturnType<typeof item>[]) =>
    stage.memberships.batchSetMemberRoles({ environmentId, memberships });

  test("a thousand memberships of many organizations are set at once, and answered in their order", async () => {
    const environmentId = await stage.changingEnvironment();
    const organizations = Array.from({ length: 50 }, (_, index) => `o${index}`);
    await members.customRoles({ environmentId, organizationId: "o0" }, "org-own");
    await stage.roles.setDefaultRole({ environmentId, organizationId: "o0", slug: "org-own" });
    const before = await members.set({ environmentId, organizationId: "o1" }, "zoe", "admin");
    const items = Array.from({ length: 1000 }, (_, index) => item(`o${index % 50}`, `u${Math.floor(index / 50)}`));
    const several = items.with(2, item("o2", "u0", "admin", "admin"));
    const { memberships } = await setAll(environmentId, ...several);

    const expected = several.map(({ organizationId, userId }, index) => {
      const roleSlugs = index === 2 ? ["admin"] : [organizationId === "o0" ? "org-own" : "member"];
      return { environmentId, organizationId, userId, roleSlugs, primaryRoleSlug: roleSlugs[0] };
    });
    expect(memberships).toMatchObject(expected);
    const listed = await Promise.all(
      organizations.map((organizationId) => stage.memberships.listMemberships({ environmentId, organizationId })),
    );
    expect(sorted(listed.flatMap((page) => page.memberships))).toEqual(sorted([...memberships, before]));
  });

  test("each of a thousand may be in an organization of its own, and be checked there", async () => {
    const environmentId = await stage.environment();
    const items = Array.from({ length: 1000 }, (_, index) => item(`o${index}`, "ann", index % 2 ? "admin" : "member"));
    const { memberships } = await setAll(environmentId, ...items);
    expect(memberships).toMatchObject(items);
    const checks = items.map((one) => ({ ...one, permission: "invoices:read" }));
    const { results } = await stage.access.batchCheckPermissions({ environmentId, checks });
    expect(results.map(({ allowed }) => allowed)).toEqual(items.map((_, index) => index % 2 === 1));
    const again = await setAll(environmentId, ...items.toReversed());
    expect(again.memberships.map(({ createTime }) => createTime)).toEqual(
      memberships.map(({ createTime }) => createTime).toReversed(),
    );
  });

  test("present members keep since when they are, and roles are given by each organization's own rules", async () => {
    const environmentId = await stage.environment();
    const acme = { environmentId, organizationId: "acme" };
    const before = await members.set(acme, "ann", "admin");
    await members.customRoles(acme, "org-own");
    await stage.roles.setDefaultRole({ ...acme, slug: "org-own" });
    await members.allowSeveral(environmentId, true);
    await stage.roles.setPriority({ ...acme, slugs: ["admin", "org-own", "member"] });
    const { memberships } = await setAll(
      environmentId,
      item("acme", "ann", "member", "org-own", "admin"),
      item("initech", "ann", "admin", "member"),
      item("acme", "bob"),
      item("initech", "bob"),
    );
    expect(memberships.map(({ roleSlugs }) => roleSlugs)).toEqual([
      ["admin", "org-own", "member"],
      ["member", "admin"],
      ["org-own"],
      ["member"],
    ]);
    expect(memberships[0]).toMatchObject({ createTime: before.createTime });
    expect(await members.rolesIn(acme)).toEqual({ ann: ["admin", "org-own", "member"], bob: ["org-own"] });
    expect(await members.rolesIn({ environmentId, organizationId: "initech" })).toEqual({
      ann: ["member", "admin"],
      bob: ["member"],
    });
  });

  test("one role that cannot be assigned refuses all of them, and nothing is written", async () => {
    const environmentId = await stage.changingEnvironment();
    const acme = { environmentId, organizationId: "acme" };
    await members.set(acme, "ann", "admin");
    await members.customRoles(acme, "org-own");
    const failure = await failureOf(
      setAll(
        environmentId,
        item("acme", "ann", "org-own"),
        item("initech", "ann", "admin", "admin", "org-own"),
        item("acme", "bob", "viewer"),
        item("globex", "gil", "org-auditor"),
        item("umbrella", "ann", "viewer", "org-auditor"),
      ),
    );
    expect(failure).toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "ROLE_NOT_ASSIGNABLE",
      metadata: { roles: "org-own,viewer,org-auditor" },
      violations: [
        { field: "memberships[1].role_slugs[2]" },
        { field: "memberships[2].role_slugs[0]" },
        { field: "memberships[4].role_slugs[0]" },
        { field: "memberships[4].role_slugs[1]" },
      ],
    });
    expect(failure.violations[0]?.description).toBe("must be an effective role of the organization");
    expect(await members.rolesIn(acme)).toEqual({ ann: ["admin"] });
    expect(await failureOf(stage.environments.deleteEnvironment({ environmentId }))).toMatchObject({
      metadata: { organization_count: "2" },
    });
  });

  test("one member with several roles refuses all of them while the environment allows one", async () => {
    const environmentId = await stage.environment();
    const call = setAll(environmentId, item("acme", "ann", "admin"), item("acme", "bob", "member", "admin"));
    expect(await failureOf(call)).toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "MULTIPLE_ROLES_DISABLED",
      metadata: { environment_id: environmentId },
      preconditions: [{ type: "MULTIPLE_ROLES", subject: `environments/${environmentId}` }],
    });
    expect(await members.rolesIn({ environmentId, organizationId: "acme" })).toEqual({});
  });

  test("a membership comes once in a batch", async () => {
    const environmentId = await stage.environment();
    const call = setAll(
      environmentId,
      item("acme", "ann", "admin"),
      item("acme", "Ann", "admin"),
      item("initech", "ann", "admin"),
      item("acme", "ann", "member"),
      item("acme", "ann", "admin"),
    );
    const description = "must not repeat a membership of the batch";
    expect(await failureOf(call)).toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "INVALID_FIELDS",
      metadata: { violation_count: "2" },
      violations: [3, 4].map((index) => ({ field: `memberships[${index}].user_id`, description })),
    });
    expect(await members.rolesIn({ environmentId, organizationId: "acme" })).toEqual({});
  });

  test("all violations of all items come at once, under their paths", async () => {
    const failure = await failureOf(
      setAll(
        "no such environment",
        item("acme", "ann", "admin"),
        item("", "bob", "admin", "", "Admin"),
        item("two words", "bob"),
        item("acme", ""),
      ),
    );
    expect(failure).toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "INVALID_FIELDS",
      metadata: { violation_count: "6" },
      violations: [
        { field: "environment_id" },
        { field: "memberships[1].organization_id" },
        { field: "memberships[1].role_slugs[1]" },
        { field: "memberships[1].role_slugs[2]" },
        { field: "memberships[2].organization_id" },
        { field: "memberships[3].user_id" },
      ],
    });
  });

  test("batches that overlap in any order all succeed, each of them whole", async () => {
    const environmentId = await stage.environment();
    const organizations = ["a", "b", "c", "d"];
    const batches = ["admin", "member", "admin", "member", "admin"].map((slug, index) =>
      setAll(
        environmentId,
        ...(index % 2 ? organizations : organizations.toReversed()).map((id) => item(id, "ann", slug)),
      ),
    );
    await Promise.all(batches);
    const roles = await Promise.all(
      organizations.map((organizationId) => members.rolesIn({ environmentId, organizationId })),
    );
    expect(new Set(roles.map(({ ann }) => String(ann))).size).toBe(1);
  });
});

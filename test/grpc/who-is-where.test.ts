import { tokenDigest } from "../../src/auth/authenticator";
import { bearer, connect, failureOf } from "../support/client";
import { engines } from "../support/engines";
import { membersOn } from "../support/members";
import { startService } from "../support/service";
import { type Stage, stageOn } from "../support/stage";

const ids = ({ organizations }: { organizations: readonly { organizationId: string }[] }) =>
  organizations.map((one) => one.organizationId);

const keysOf = (memberships: readonly { organizationId: string; userId: string }[]) =>
  memberships.map(({ organizationId, userId }) => `${organizationId}/${userId}`);

/** Returns who has an environment role, in pages, and the sizes of these. */
async function holdersOf(
  { memberships }: Pick<Stage, "memberships">,
  environmentId: string,
  roleSlug: string,
  pageSize = 0,
) {
  const keys: string[] = [];
  const sizes: number[] = [];
  for (let pageToken: string | undefined = ""; pageToken !== undefined; ) {
    const page = await memberships.listRoleMemberships({ environmentId, roleSlug, pageSize, pageToken });
    for (const one of page.memberships) expect(one.roleSlugs).toContain(roleSlug);
    keys.push(...keysOf(page.memberships));
    sizes.push(page.memberships.length);
    pageToken = page.nextPageToken || undefined;
  }
  return { keys, sizes };
}

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);
  const { set, map, environmentRoles, customRoles, allowSeveral } = membersOn(stage);

  const organizationsOf = async (environmentId: string, organizationIdPrefix?: string) =>
    (await stage.environments.listOrganizations({ environmentId, organizationIdPrefix })).organizations;
  const membershipsOf = async (environmentId: string, userId: string) =>
    (await stage.memberships.listUserMemberships({ environmentId, userId })).memberships;

  describe("organizations", () => {
    test("are listed by the bytes of their ids while they have data, with what they have", async () => {
      const environmentId = await stage.environment();
      const at = (organizationId: string) => ({ environmentId, organizationId });
      await set(at("acme"), "ann");
      await set(at("Acme"), "ann");
      await map(at("a"), "staff", "admin");
      await customRoles(at("~own"), "org-one", "org-two");
      await stage.roles.listOrgRoles(at("only-read"));
      const inherits = { environmentId, inheritsEnvironment: true, customRoleCount: 0 };
      const own = { environmentId, inheritsEnvironment: false };
      expect(await organizationsOf(environmentId)).toEqual([
        { ...inherits, organizationId: "Acme" },
        { ...inherits, organizationId: "a" },
        { ...inherits, organizationId: "acme" },
        { ...own, organizationId: "globex", customRoleCount: 1 },
        { ...own, organizationId: "~own", customRoleCount: 2 },
      ]);
      await stage.roles.deleteOrgRole({ ...at("~own"), slug: "org-two" });
      await stage.roles.deleteOrgRole({ ...at("~own"), slug: "org-one" });
      expect(await organizationsOf(environmentId, "~")).toEqual([
        { ...own, organizationId: "~own", customRoleCount: 0 },
      ]);
      await stage.roles.resetOrgRoleConfig(at("~own"));
      await stage.memberships.deleteMembership({ ...at("acme"), userId: "ann" });
      await stage.memberships.deleteGroupRole({ ...at("a"), groupId: "staff" });
      expect((await organizationsOf(environmentId)).map((one) => one.organizationId)).toEqual(["Acme", "globex"]);
    });

    test("are found by the beginning of their ids", async () => {
      const environmentId = await stage.environment();
      for (const organizationId of ["ac", "acme", "acme-2", "acmd~", "acmf", "ACME", "~", "~~", "a%", "a_me"])
        await set({ environmentId, organizationId }, "ann");
      const found = async (prefix: string) =>
        (await organizationsOf(environmentId, prefix)).map((one) => one.organizationId);
      expect(await found("acme")).toEqual(["acme", "acme-2"]);
      expect(await found("ac")).toEqual(["ac", "acmd~", "acme", "acme-2", "acmf"]);
      expect(await found("a%")).toEqual(["a%"]);
      expect(await found("a_")).toEqual(["a_me"]);
      expect(await found("~")).toEqual(["~", "~~"]);
      expect(await found("none")).toEqual([]);
    });

    test("that have only a group of a deleted role have no data", async () => {
      const environmentId = await stage.changingEnvironment();
      await environmentRoles(environmentId, "gone");
      for (const organizationId of ["grouped", "both"]) await map({ environmentId, organizationId }, "staff", "gone");
      await map({ environmentId, organizationId: "both" }, "crew", "admin");
      await stage.roles.deleteEnvironmentRole({ environmentId, slug: "gone" });
      expect((await organizationsOf(environmentId)).map((one) => one.organizationId)).toEqual(["both", "globex"]);
      const counted = await stage.environments.getOrganization({ environmentId, organizationId: "both" });
      expect(counted.groupRoleCount).toBe(1);
    });

    test("are counted one by one, and any id answers", async () => {
      const environmentId = await stage.environment();
      const scope = { environmentId, organizationId: "acme" };
      const none = { ...scope, inheritsEnvironment: true, customRoleCount: 0 };
      const empty = { organization: none, membershipCount: 0, groupRoleCount: 0 };
      expect(await stage.environments.getOrganization(scope)).toEqual(empty);
      await allowSeveral(environmentId, true);
      await set(scope, "ann", "member", "admin");
      await set(scope, "bob");
      await map(scope, "staff", "admin");
      expect(await stage.environments.getOrganization(scope)).toEqual({
        organization: none,
        membershipCount: 2,
        groupRoleCount: 1,
      });
      await customRoles(scope, "org-lead");
      expect((await stage.environments.getOrganization(scope)).organization).toEqual({
        ...none,
        inheritsEnvironment: false,
        customRoleCount: 1,
      });
      expect(await stage.environments.getOrganization({ environmentId, organizationId: "Acme" })).toEqual({
        ...empty,
        organization: { ...none, organizationId: "Acme" },
      });
      await stage.environments.deleteOrganizationData(scope);
      expect(await stage.environments.getOrganization(scope)).toEqual(empty);
      for (const call of ["listOrganizations", "getOrganization"] as const)
        expect(
          await failureOf(stage.environments[call]({ environmentId: "none", organizationId: "acme" })),
        ).toMatchObject({ reason: "ENVIRONMENT_NOT_FOUND" });
    });
  });

  describe("the memberships of a user", () => {
    test("are what each organization shows of it, by the bytes of their ids", async () => {
      const environmentId = await stage.environment();
      const other = await stage.changingEnvironment();
      await allowSeveral(environmentId, true);
      await customRoles({ environmentId, organizationId: "b" }, "org-lead");
      await set({ environmentId, organizationId: "b" }, "ann", "org-lead", "admin");
      await set({ environmentId, organizationId: "B" }, "ann");
      await set({ environmentId, organizationId: "a" }, "ann", "admin");
      await set({ environmentId, organizationId: "a" }, "Ann");
      await set({ environmentId: other, organizationId: "c" }, "ann");
      const memberships = await membershipsOf(environmentId, "ann");
      expect(keysOf(memberships)).toEqual(["B/ann", "a/ann", "b/ann"]);
      for (const membership of memberships) {
        const { organizationId, userId } = membership;
        expect(await stage.memberships.getMembership({ environmentId, organizationId, userId })).toEqual({
          membership,
        });
      }
      expect(memberships[2]?.roleSlugs).toEqual(["admin", "org-lead"]);
      expect(keysOf(await membershipsOf(environmentId, "Ann"))).toEqual(["a/Ann"]);
      expect(keysOf(await membershipsOf(other, "ann"))).toEqual(["c/ann"]);
      expect(await membershipsOf(environmentId, "nobody")).toEqual([]);
      await stage.environments.deleteOrganizationData({ environmentId, organizationId: "a" });
      expect(keysOf(await membershipsOf(environmentId, "ann"))).toEqual(["B/ann", "b/ann"]);
      const unknown = stage.memberships.listUserMemberships({ environmentId: "none", userId: "ann" });
      expect(await failureOf(unknown)).toMatchObject({ reason: "ENVIRONMENT_NOT_FOUND" });
    });
  });

  test("members are found by the beginning of their ids, also with a role", async () => {
    const environmentId = await stage.environment();
    const scope = { environmentId, organizationId: "acme" };
    for (const userId of ["an", "ann", "anna", "anm~", "ano", "Ann", "~", "a%n"])
      await set(scope, userId, userId.length % 2 ? "admin" : "member");
    const found = async (userIdPrefix: string, roleSlug?: string) =>
      (await stage.memberships.listMemberships({ ...scope, userIdPrefix, roleSlug })).memberships.map(
        ({ userId }) => userId,
      );
    expect(await found("ann")).toEqual(["ann", "anna"]);
    expect(await found("an")).toEqual(["an", "anm~", "ann", "anna", "ano"]);
    expect(await found("an", "admin")).toEqual(["ann", "ano"]);
    expect(await found("a%")).toEqual(["a%n"]);
    expect(await found("~")).toEqual(["~"]);
    expect(await found("gil")).toEqual([]);
  });

  describe("those who have an environment role", () => {
    test("are listed over all organizations, one after the other, in pages of any size", async () => {
      const environmentId = await stage.changingEnvironment();
      const other = await stage.changingEnvironment();
      const users = ["Bob", "ann", "cyd"];
      for (const organizationId of ["z", "a", "m"])
        for (const userId of users.toReversed()) await set({ environmentId, organizationId }, userId, "admin");
      await set({ environmentId, organizationId: "a" }, "dan", "member");
      await set({ environmentId: other, organizationId: "a" }, "eve", "admin");
      const { keys: expected } = await holdersOf(stage, environmentId, "admin");
      const found = expected.map((one) => one.split("/"));
      const organizations = found.map(([organization]) => organization);
      const blocks = organizations.filter((one, index) => one !== organizations[index - 1]);
      expect(blocks).toHaveLength(3);
      expect(new Set(blocks)).toEqual(new Set(["a", "m", "z"]));
      expect(found.map(([, user]) => user)).toEqual([...users, ...users, ...users]);
      for (const pageSize of [0, 1, 2, 3, 4, 8, 9, 10]) {
        const { keys, sizes } = await holdersOf(stage, environmentId, "admin", pageSize);
        expect(keys).toEqual(expected);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(pageSize || 100);
      }
      expect((await holdersOf(stage, environmentId, "member")).keys).toEqual(["a/dan"]);
      for (const roleSlug of ["org-auditor", "none"])
        expect(await failureOf(stage.memberships.listRoleMemberships({ environmentId, roleSlug }))).toMatchObject({
          code: "NOT_FOUND",
          reason: "ROLE_NOT_FOUND",
          metadata: { slug: roleSlug },
        });
    });

    test("are those who have it now, whatever role they were given", async () => {
      const environmentId = await stage.changingEnvironment();
      const at = (organizationId: string) => ({ environmentId, organizationId });
      await environmentRoles(environmentId, "first", "second");
      await customRoles(at("own"), "org-lead", "org-other");
      await stage.roles.setDefaultRole({ ...at("own"), slug: "second" });
      await allowSeveral(environmentId, true);
      await set(at("acme"), "ann", "first");
      await set(at("acme"), "bob", "first", "admin");
      await set(at("own"), "cyd", "first");
      await set(at("own"), "dan", "org-lead");
      await set(at("own"), "eve", "org-other");
      await set(at("acme"), "fay", "second", "admin");
      const holders = async (slug: string) => (await holdersOf(stage, environmentId, slug)).keys.toSorted();
      await stage.roles.deleteEnvironmentRole({ environmentId, slug: "first" });
      expect(await holders("member")).toEqual(["acme/ann"]);
      expect(await holders("second")).toEqual(["acme/fay", "own/cyd"]);
      expect(await holders("admin")).toEqual(["acme/bob", "acme/fay"]);
      await stage.roles.deleteOrgRole({ ...at("own"), slug: "org-lead", replacementRoleSlug: "admin" });
      expect(await holders("admin")).toEqual(["acme/bob", "acme/fay", "own/dan"]);
      await stage.roles.setPriority({ environmentId, slugs: ["second", "admin", "member"] });
      await allowSeveral(environmentId, false);
      expect(await holders("admin")).toEqual(["acme/bob", "own/dan"]);
      expect(await holders("second")).toEqual(["acme/fay", "own/cyd"]);
      await environmentRoles(environmentId, "first");
      expect(await holders("first")).toEqual([]);
      await stage.environments.deleteOrganizationData(at("own"));
      expect(await holders("admin")).toEqual(["acme/bob"]);
      const second = { environmentId, slug: "second", replacementDefaultRoleSlug: "admin" };
      await stage.roles.deleteEnvironmentRole(second);
      expect(await holders("member")).toEqual(["acme/ann", "acme/fay"]);
    });

    test("come to an end although most candidates have other roles", async () => {
      const environmentId = await stage.changingEnvironment();
      await environmentRoles(environmentId, "rare", "gone");
      const memberships = Array.from({ length: 900 }, (_, index) => ({
        organizationId: `o${index % 9}`,
        userId: `user-${String(index).padStart(3, "0")}`,
        roleSlugs: [index === 899 ? "rare" : "gone"],
      }));
      await stage.memberships.batchSetMemberRoles({ environmentId, memberships });
      await stage.roles.deleteEnvironmentRole({ environmentId, slug: "gone" });
      expect((await holdersOf(stage, environmentId, "rare", 1)).keys).toEqual(["o8/user-899"]);
      expect((await holdersOf(stage, environmentId, "member", 400)).keys).toHaveLength(899);
    });
  });
});

describe.each(engines)("for credentials of some organizations on $name", (engine) => {
  const tokens = { root: "token-of-root", some: "token-of-some", none: "token-of-none" };
  const credential = (name: keyof typeof tokens, more: object) => ({
    name,
    token_sha256: tokenDigest(tokens[name]).toString("hex"),
    action: "admin",
    environments: ["alpha", "beta"],
    ...more,
  });

  test("lists contain only these", async () => {
    const ORGROLES_CREDENTIALS = JSON.stringify([
      credential("root", { environments: "*" }),
      credential("some", { organizations: ["z", "acme", "no-such", "empty"] }),
      credential("none", { organizations: ["no-such"] }),
    ]);
    const service = await startService(engine, { ORGROLES_CREDENTIALS }, undefined, bearer(tokens.root));
    const [some, none] = [tokens.some, tokens.none].map((token) => connect(service.address, bearer(token)));
    if (!some || !none) throw new Error("two clients are connected");
    try {
      for (const environmentId of ["alpha", "beta"])
        for (const organizationId of ["z", "globex", "acme"])
          for (const userId of ["ann", `${environmentId}-user`])
            await service.memberships.setMemberRoles({ environmentId, organizationId, userId });
      const scope = { environmentId: "alpha" };
      expect(ids(await service.environments.listOrganizations(scope))).toEqual(["acme", "globex", "z"]);
      expect(ids(await some.environments.listOrganizations(scope))).toEqual(["acme", "z"]);
      const first = await some.environments.listOrganizations({ ...scope, pageSize: 1 });
      expect(ids(first)).toEqual(["acme"]);
      const second = { ...scope, pageSize: 1, pageToken: first.nextPageToken };
      expect(await some.environments.listOrganizations(second)).toMatchObject({
        organizations: [{ organizationId: "z" }],
        nextPageToken: "",
      });
      expect(ids(await some.environments.listOrganizations({ ...scope, organizationIdPrefix: "a" }))).toEqual(["acme"]);
      expect(ids(await some.environments.listOrganizations({ ...scope, organizationIdPrefix: "g" }))).toEqual([]);
      expect(ids(await none.environments.listOrganizations(scope))).toEqual([]);

      const user = { ...scope, userId: "ann" };
      expect(keysOf((await service.memberships.listUserMemberships(user)).memberships)).toHaveLength(3);
      expect(keysOf((await some.memberships.listUserMemberships(user)).memberships)).toEqual(["acme/ann", "z/ann"]);
      expect(await none.memberships.listUserMemberships(user)).toEqual({ memberships: [], nextPageToken: "" });
      const page = await some.memberships.listUserMemberships({ ...user, pageSize: 1 });
      expect(keysOf(page.memberships)).toEqual(["acme/ann"]);
      const rest = await some.memberships.listUserMemberships({ ...user, pageToken: page.nextPageToken });
      expect(keysOf(rest.memberships)).toEqual(["z/ann"]);

      const { keys: whole } = await holdersOf(some, "alpha", "member");
      expect(whole.toSorted()).toEqual(["acme/alpha-user", "acme/ann", "z/alpha-user", "z/ann"]);
      for (const pageSize of [1, 2, 3])
        expect((await holdersOf(some, "alpha", "member", pageSize)).keys).toEqual(whole);
      expect((await holdersOf(none, "alpha", "member")).keys).toEqual([]);
      expect((await holdersOf(service, "alpha", "member")).keys).toHaveLength(6);
    } finally {
      some.close();
      none.close();
      await service.drop();
    }
  });
});

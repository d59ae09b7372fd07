import { randomUUID } from "node:crypto";
import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { type Scope, membersOn } from "../support/members";
import { stageOn } from "../support/stage";

const organizationId = "acme";

const notFound = (organization: string, groupId: string) => ({
  code: "NOT_FOUND",
  reason: "GROUP_ROLE_NOT_FOUND",
  metadata: { organization_id: organization, group_id: groupId },
});

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);
  const members = membersOn(stage);
  const acme = async () => ({ environmentId: await stage.environment(), organizationId });
  const acmeAlone = async () => ({ environmentId: await stage.changingEnvironment(), organizationId });

  test("a group is mapped to a role, and then to another", async () => {
    const scope = await acme();
    const before = Date.now();
    const first = await members.map(scope, "staff", "admin");
    expect(first).toEqual({
      ...scope,
      groupId: "staff",
      roleSlug: "admin",
      createTime: expect.any(Date),
      updateTime: first.createTime,
    });
    expect(first.createTime?.getTime()).toBeGreaterThanOrEqual(before);
    const between = Date.now();
    const second = await members.map(scope, "staff", "member");
    expect(second).toEqual({ ...first, roleSlug: "member", updateTime: expect.any(Date) });
    expect(second.updateTime?.getTime()).toBeGreaterThanOrEqual(between);
    const list = { groupRoles: [second], nextPageToken: "" };
    expect(await stage.memberships.listGroupRoles(scope)).toEqual(list);
  });

  test.each([
    ["a role that is not there", "viewer"],
    ["another organization's custom role", "org-auditor"],
  ])("a group is not mapped to %s", async (_, roleSlug) => {
    const scope = await acme();
    const refused = {
      code: "INVALID_ARGUMENT",
      reason: "ROLE_NOT_ASSIGNABLE",
      metadata: { roles: roleSlug },
      violations: [{ field: "role_slug", description: "must be an effective role of the organization" }],
    };
    expect(await failureOf(members.map(scope, "staff", roleSlug))).toMatchObject(refused);
    expect(await members.groupsIn(scope)).toEqual({});
    await members.map(scope, "staff", "admin");
    expect(await failureOf(members.map(scope, "staff", roleSlug))).toMatchObject(refused);
    expect(await members.groupsIn(scope)).toEqual({ staff: "admin" });
  });

  test("groups are listed in the order of their ids' bytes, with custom roles among theirs", async () => {
    const scope = await acme();
    expect(await members.groupsIn(scope)).toEqual({});
    await members.customRoles(scope, "org-own");
    const groups = { "g-b": "admin", "g-B": "org-own", "g~": "member", "g!": "admin", g_1: "org-own" };
    for (const [groupId, slug] of Object.entries(groups)) await members.map(scope, groupId, slug);
    const listed = await members.groupsIn(scope);
    expect(listed).toEqual(groups);
    expect(Object.keys(listed)).toEqual(["g!", "g-B", "g-b", "g_1", "g~"]);
  });

  test("a mapping ends, in its organization alone, and is not found then", async () => {
    const scope = await acme();
    const other = { ...scope, organizationId: "initech" };
    for (const where of [scope, other]) await members.map(where, "staff", "admin");
    expect(await stage.memberships.deleteGroupRole({ ...scope, groupId: "staff" })).toEqual({});
    expect([await members.groupsIn(scope), await members.groupsIn(other)]).toEqual([{}, { staff: "admin" }]);
    for (const [organization, groupId] of [
      ["acme", "staff"],
      ["initech", "Staff"],
      ["globex", "guests"],
      ["never-seen", "staff"],
    ] as const) {
      const remove = { ...scope, organizationId: organization, groupId };
      expect(await failureOf(stage.memberships.deleteGroupRole(remove))).toMatchObject(notFound(organization, groupId));
    }
  });

  test("what happens to a mapping reaches members with their next synchronisation", async () => {
    const scope = await acme();
    await members.map(scope, "staff", "admin");
    const first = await members.sync(scope, "ann", "staff");
    expect(first).toMatchObject({ ...scope, userId: "ann", roleSlugs: ["admin"], primaryRoleSlug: "admin" });
    await members.map(scope, "staff", "member");
    expect(await members.rolesIn(scope)).toEqual({ ann: ["admin"] });
    expect(await members.sync(scope, "ann", "staff")).toMatchObject({
      roleSlugs: ["member"],
      createTime: first.createTime,
    });
    await members.map(scope, "staff", "admin");
    await members.sync(scope, "ann", "staff");
    await stage.memberships.deleteGroupRole({ ...scope, groupId: "staff" });
    expect(await members.rolesIn(scope)).toEqual({ ann: ["admin"] });
    expect((await members.sync(scope, "ann", "staff")).roleSlugs).toEqual(["member"]);
  });

  test("a synchronisation replaces the roles that a member was given, and the other way round", async () => {
    const scope = await acme();
    await members.map(scope, "staff", "admin");
    const given = await members.set(scope, "ann", "member");
    const synced = await members.sync(scope, "ann", "staff");
    expect(synced).toMatchObject({ roleSlugs: ["admin"], createTime: given.createTime });
    expect(await members.rolesIn(scope)).toEqual({ ann: ["admin"] });
    await members.set(scope, "ann", "member");
    expect(await members.rolesIn(scope)).toEqual({ ann: ["member"] });
  });

  /** `acme` inherits the order viewer, member, admin; `initech` has the order org-own, admin, member, viewer. */
  const withGroups = async () => {
    const scope = await acmeAlone();
    const { environmentId } = scope;
    const initech = { environmentId, organizationId: "initech" };
    await members.environmentRoles(environmentId, "viewer");
    await members.customRoles(initech, "org-own");
    await stage.roles.setPriority({ environmentId, slugs: ["viewer", "member", "admin"] });
    await stage.roles.setPriority({ ...initech, slugs: ["org-own", "admin", "member", "viewer"] });
    await stage.roles.setDefaultRole({ ...initech, slug: "viewer" });
    for (const where of [scope, initech]) {
      for (const slug of ["viewer", "member", "admin"]) await members.map(where, `${slug}s`, slug);
      await members.map(where, "more-admins", "admin");
    }
    await members.map(initech, "owners", "org-own");
    return { environmentId, acme: scope, initech };
  };

  test.each([
    ["the one mapped group gives its role", ["admins"], ["admin"], ["admin"]],
    ["groups that are not mapped give none", ["strangers", "admins", "others"], ["admin"], ["admin"]],
    [
      "of several roles the organization's own order decides",
      ["admins", "viewers"],
      ["viewer", "admin"],
      ["admin", "viewer"],
    ],
    ["the order of the groups does not count", ["viewers", "admins"], ["viewer", "admin"], ["admin", "viewer"]],
    ["groups of one role give it once", ["admins", "more-admins", "admins"], ["admin"], ["admin"]],
    ["another organization's mapping counts for nothing", ["owners", "members"], ["member"], ["org-own", "member"]],
    ["without a mapped group it is the default", ["strangers"], ["member"], ["viewer"]],
    ["without groups it is the default", [], ["member"], ["viewer"]],
  ])("%s", async (_, groups, inAcme, inInitech) => {
    const { environmentId, acme: inheriting, initech } = await withGroups();
    await members.sync(inheriting, "ann", ...groups);
    await members.sync(initech, "ann", ...groups);
    expect(await members.rolesIn(inheriting)).toEqual({ ann: inAcme.slice(0, 1) });
    expect(await members.rolesIn(initech)).toEqual({ ann: inInitech.slice(0, 1) });

    await members.allowSeveral(environmentId, true);
    expect(await members.rolesIn(initech)).toEqual({ ann: inInitech.slice(0, 1) });
    expect(await members.sync(inheriting, "ann", ...groups)).toMatchObject({ roleSlugs: inAcme });
    expect(await members.sync(initech, "ann", ...groups)).toMatchObject({ roleSlugs: inInitech });
    expect(await members.rolesIn(inheriting)).toEqual({ ann: inAcme });
    expect(await members.rolesIn(initech)).toEqual({ ann: inInitech });
  });

  test("a member's groups may be a thousand, and not one more", async () => {
    const scope = await acme();
    const groupIds = Array.from({ length: 1001 }, (_, index) => `group-${index}`);
    await members.map(scope, "group-999", "admin");
    const sync = (ids: string[]): Promise<unknown> => members.sync(scope, "ann", ...ids);
    await sync([...groupIds.slice(0, 1000), "group-0"]);
    expect(await members.rolesIn(scope)).toEqual({ ann: ["admin"] });
    expect(await failureOf(sync(groupIds))).toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "INVALID_FIELDS",
      metadata: { violation_count: "1" },
      violations: [{ field: "group_ids", description: "must be at most 1000 groups" }],
    });
  });

  test("group ids that no rule allows are skipped and returned, each once and in order", async () => {
    const scope = await acme();
    await members.map(scope, "staff", "admin");
    const odd = ["", "two words", "x".repeat(65), "größe", "a\nb", "👩".repeat(256), "CN=Ops,OU=Groups of Acme"];
    const groupIds = [...odd.slice(0, 3), "staff", ...odd.slice(3), "two words", "", "staff"];
    const sync = { ...scope, userId: "ann", groupIds };
    const { membership, ignoredGroupIds } = await stage.memberships.syncMemberGroups(sync);
    expect(membership).toMatchObject({ roleSlugs: ["admin"] });
    expect(ignoredGroupIds).toEqual(odd);
    expect(await stage.memberships.syncMemberGroups({ ...sync, groupIds: ["staff"] })).toMatchObject({
      ignoredGroupIds: [],
    });
  });

  test("a member of odd groups alone gets the default role", async () => {
    const scope = await acme();
    const sync = { ...scope, userId: "ann", groupIds: ["two words"] };
    expect(await stage.memberships.syncMemberGroups(sync)).toMatchObject({
      membership: { roleSlugs: ["member"] },
      ignoredGroupIds: ["two words"],
    });
  });

  test("of a very long group id the first 256 characters are returned", async () => {
    const scope = await acme();
    const sync = { ...scope, userId: "ann", groupIds: ["x".repeat(2 ** 19), "👩".repeat(257), "x".repeat(256)] };
    expect((await stage.memberships.syncMemberGroups(sync)).ignoredGroupIds).toEqual([
      `${"x".repeat(256)}…`,
      `${"👩".repeat(256)}…`,
      "x".repeat(256),
    ]);
  });

  test("odd group ids count among the thousand", async () => {
    const scope = await acme();
    const groupIds = Array.from({ length: 1001 }, (_, index) => `group ${index}`);
    const sync = (ids: string[]) => stage.memberships.syncMemberGroups({ ...scope, userId: "ann", groupIds: ids });
    expect((await sync(groupIds.slice(0, 1000))).ignoredGroupIds).toEqual(groupIds.slice(0, 1000));
    expect((await failureOf(sync(groupIds))).violations).toEqual([
      { field: "group_ids", description: "must be at most 1000 groups" },
    ]);
  });

  test("a repeated request returns its ignored groups again", async () => {
    const scope = await acme();
    await members.map(scope, "staff", "admin");
    const sync = { ...scope, userId: "ann", groupIds: ["two words", "staff"], requestId: randomUUID() };
    const first = await stage.memberships.syncMemberGroups(sync);
    expect(first).toMatchObject({ membership: { roleSlugs: ["admin"] }, ignoredGroupIds: ["two words"] });
    await members.set(scope, "ann", "member");
    expect(await stage.memberships.syncMemberGroups(sync)).toEqual(first);
  });

  test("users and groups of the same id have nothing to do with each other", async () => {
    const scope: Scope = await acme();
    await members.map(scope, "same", "admin");
    await members.set(scope, "same", "member");
    await stage.memberships.deleteMembership({ ...scope, userId: "same" });
    expect(await members.groupsIn(scope)).toEqual({ same: "admin" });
    await members.set(scope, "same", "member");
    await stage.memberships.deleteGroupRole({ ...scope, groupId: "same" });
    expect(await members.rolesIn(scope)).toEqual({ same: ["member"] });
  });
});

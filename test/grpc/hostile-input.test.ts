import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { allRpcs, message, rawClient } from "../support/raw";
import { present, stageOn } from "../support/stage";

const [sqlite] = engines;
const organizationId = "acme";
/** What only the inside of the service would say. */
const inside =
  /sql|typeorm|maria|node_modules|\.[jt]s\b|\bat .+:\d|errno|constraint|collation|stack|undefined|\[object/i;

/** A request of that many bytes. */
const sized = (bytes: number) => message([1, "alpha"], [4, "x".repeat(bytes - 11)]);
const repeated = (field: number, texts: readonly string[]) => texts.map((text) => [field, text] as const);
const token = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString("base64url");

describe("bytes", () => {
  const stage = stageOn(present(sqlite));
  let raw: ReturnType<typeof rawClient>;
  beforeAll(() => (raw = rawClient(stage.address)));
  afterAll(() => raw.close());

  const refusedFields = async (rpc: string, request: Uint8Array) => {
    const { failure, headerBytes } = await raw.call(rpc, request);
    expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", reason: "INVALID_FIELDS", domain: "orgroles" });
    expect(headerBytes).toBeLessThan(8192);
    expect(failure?.message).not.toMatch(inside);
    return failure?.violations;
  };
  const broken = [{ field: "request", description: "must be a valid protobuf message" }];

  test.each(allRpcs)("%s refuses what is no protobuf message", async (rpc) => {
    for (const bytes of [
      [0x0a],
      [0x0a, 0x05, 0x61],
      [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
      [0x00, 0x00],
      [0x0f],
      [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
    ])
      expect(await refusedFields(rpc, Buffer.from(bytes))).toEqual(broken);
  });

  test.each([
    ["a lone continuation byte", [0x80]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["half a character", [0xf0, 0x9f, 0x98]],
  ])("%s is no text", async (_, bytes) => {
    const environmentId = await stage.environment();
    const text = Buffer.concat([Buffer.from("Name"), Buffer.from(bytes)]);
    const role = message([1, environmentId], [2, organizationId], [4, text]);
    expect(await refusedFields("RoleService/CreateRole", role)).toEqual(broken);
  });

  test.each(allRpcs)("%s refuses fields that it does not have", async (rpc) => {
    expect(await refusedFields(rpc, message([99, "x"], [536_870_911, 1]))).toEqual([
      { field: "request", description: "must not have field number 99, which is unknown or of another type" },
      { field: "request", description: "must not have field number 536870911, which is unknown or of another type" },
    ]);
  });

  test("a field in a message of the request that it does not have is refused under its path", async () => {
    const environmentId = await stage.environment();
    const nested = message([6, "New"], [99, "x"]);
    const update = message([1, environmentId], [3, "admin"], [4, nested], [5, message([1, "name"])]);
    expect(await refusedFields("RoleService/UpdateRole", update)).toEqual([
      { field: "role", description: "must not have field number 99, which is unknown or of another type" },
    ]);
    expect((await stage.roles.getRole({ environmentId, slug: "admin" })).role?.name).toBe("Admin");
  });

  test("a field of another wire type is refused", async () => {
    const violations = await refusedFields("RoleService/GetRole", message([1, "alpha"], [3, 7]));
    expect(violations?.[0]).toEqual({
      field: "request",
      description: "must not have field number 3, which is unknown or of another type",
    });
  });

  test("a hundred thousand groups in each other are refused", async () => {
    expect(await refusedFields("RoleService/GetRole", Buffer.alloc(100_000, (99 << 3) | 3))).toEqual(broken);
  });

  test("a time that no clock can show is refused, with a request id and without", async () => {
    const environmentId = await stage.environment();
    const nested = message([6, "New"], [12, message([1, 9_007_199_254_740_991])]);
    const update = [
      [1, environmentId],
      [3, "admin"],
      [4, nested],
      [5, message([1, "name"])],
    ] as const;
    const requestId = "6f1b3a0e-3c1f-4d7c-9d59-2f0f4f0a8a11";
    for (const request of [message(...update), message(...update, [7, requestId])])
      expect(await refusedFields("RoleService/UpdateRole", request)).toMatchObject([{ field: "role.create_time" }]);
  });

  test("a request may have a mebibyte and no more", async () => {
    expect(sized(2 ** 20)).toHaveLength(2 ** 20);
    expect(await refusedFields("RoleService/CreateRole", sized(2 ** 20 + 1))).toEqual([
      { field: "request", description: "must be at most 1048576 bytes" },
    ]);
    const within = await refusedFields("RoleService/CreateRole", sized(2 ** 20));
    expect(within?.map(({ field }) => field)).toEqual(["slug", "name"]);
  });

  test("a request of five mebibytes is refused like one that is a byte too long, and the next one is answered", async () => {
    const { failure } = await raw.call("RoleService/CreateRole", message([4, "x".repeat(5 * 2 ** 20)]));
    expect(failure).toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "INVALID_FIELDS",
      violations: [{ field: "request", description: "must be at most 1048576 bytes" }],
    });
    expect((await stage.roles.getRole({ environmentId: "alpha", slug: "member" })).role?.slug).toBe("member");
  });

  test("ten thousand slugs are refused in headers that every client takes", async () => {
    const environmentId = await stage.environment();
    const scope = { environmentId, organizationId: "globex" };
    const slugs = Array.from({ length: 10_000 }, (_, index) => `x${"a".repeat(40)}${index}`);
    const failures = await Promise.all(
      [
        stage.roles.setPriority({ ...scope, slugs }),
        stage.roles.setPriority({ ...scope, slugs: slugs.map((slug) => slug.toUpperCase()) }),
        stage.roles.createRole({ ...scope, name: "Many", permissions: slugs }),
        stage.roles.createRole({ ...scope, name: "Many", permissions: slugs.map((slug) => `${slug}/`) }),
        stage.roles.removeRolePermissions({ ...scope, slug: "org-auditor", permissions: slugs.slice(0, 2000) }),
        stage.memberships.setMemberRoles({ ...scope, userId: "ann", roleSlugs: slugs }),
        stage.memberships.setMemberRoles({ ...scope, userId: "ann", roleSlugs: slugs.map((slug) => `${slug}/`) }),
        stage.memberships.syncMemberGroups({ ...scope, userId: "ann", groupIds: slugs }),
      ].map(failureOf),
    );
    expect(failures.map(({ reason }) => reason)).toEqual([
      "PRIORITY_ORDER_MISMATCH",
      "INVALID_FIELDS",
      "PERMISSION_LIMIT_REACHED",
      "INVALID_FIELDS",
      "PERMISSION_UNKNOWN",
      "ROLE_NOT_ASSIGNABLE",
      "INVALID_FIELDS",
      "INVALID_FIELDS",
    ]);
    expect(failures[5]?.metadata).toEqual({ roles: `${slugs.slice(0, 20).join()},…` });
    expect(failures[1]?.metadata).toEqual({ violation_count: "10000" });
    const named = failures[1]?.violations.map(({ field }) => field) ?? [];
    expect(named.length).toBeGreaterThan(20);
    expect(named).toEqual(named.map((_, index) => `slugs[${index}]`));
    for (const [rpc, field] of [
      ["RoleService/SetPriority", 3],
      ["RoleService/CreateRole", 6],
      ["RoleService/AddRolePermissions", 4],
      ["MembershipService/SetMemberRoles", 4],
      ["MembershipService/SyncMemberGroups", 4],
    ] as const)
      for (const texts of [slugs, slugs.map((slug) => slug.toUpperCase()), slugs.map(() => "")]) {
        const request = message([1, environmentId], [2, "globex"], ...repeated(field, texts));
        expect((await raw.call(rpc, request)).headerBytes).toBeLessThan(8192);
      }
  });

  test("a hundred organizations of the longest ids fit the headers", async () => {
    const environmentId = await stage.changingEnvironment();
    const ids = Array.from({ length: 100 }, (_, index) => `${index}`.padStart(64, "%"));
    for (const id of ids) await stage.roles.createRole({ environmentId, organizationId: id, name: "Own" });
    const request = message([1, environmentId], [2, "member"]);
    const { failure, headerBytes } = await raw.call("RoleService/DeleteEnvironmentRole", request);
    expect(headerBytes).toBeLessThan(8192);
    expect(failure?.metadata).toMatchObject({ affected_organization_count: "101" });
    const named = failure?.preconditions.map(({ subject }) => subject) ?? [];
    expect(named.length).toBeGreaterThan(40);
    expect(named).toEqual(ids.slice(0, named.length).map((id) => `organizations/${id}`));
  });
});

describe.each(engines)("text on $name", (engine) => {
  const stage = stageOn(engine);

  test("SQL in ids and names is text", async () => {
    const environmentId = "x';DROP/**/TABLE/**/roles;--";
    const organization = '"OR"1"="1"';
    const name = `Robert'); DROP TABLE roles;-- \\' \\ % _ ?`;
    await stage.environment();
    await stage.environments.createEnvironment({ environmentId, displayName: name });
    const scope = { environmentId, organizationId: organization };
    const { role } = await stage.roles.createRole({ ...scope, name, description: `${name}\n:name $1 {}` });
    expect(role).toMatchObject({ name, description: `${name}\n:name $1 {}`, organizationId: organization });
    expect((await stage.roles.getRole({ ...scope, slug: role?.slug ?? "" })).role).toEqual(role);
    expect((await stage.roles.listOrgRoles({ ...scope, organizationId: "%" })).roles).toHaveLength(1);
    await stage.environments.deleteOrganizationData({ ...scope, organizationId: "%" });
    expect((await stage.roles.listOrgRoles(scope)).roles).toHaveLength(2);

    const id = "'OR/**/1=1;--";
    for (const member of [id, "ann"]) await stage.memberships.setMemberRoles({ ...scope, userId: member });
    for (const group of [id, "staff"])
      await stage.memberships.setGroupRole({ ...scope, groupId: group, roleSlug: "member" });
    await stage.memberships.syncMemberGroups({ ...scope, userId: id, groupIds: ["%", "_", id] });
    for (const userId of ["%", "_", "???"])
      expect(await failureOf(stage.memberships.getMembership({ ...scope, userId }))).toMatchObject({
        reason: "MEMBERSHIP_NOT_FOUND",
        metadata: { organization_id: organization, user_id: userId },
      });
    const { memberships } = await stage.memberships.listMemberships(scope);
    expect(memberships.map(({ userId }) => userId)).toEqual([id, "ann"]);
    const { groupRoles } = await stage.memberships.listGroupRoles(scope);
    expect(groupRoles.map(({ groupId }) => groupId)).toEqual([id, "staff"]);
    await stage.memberships.deleteMembership({ ...scope, userId: id });
    await stage.memberships.deleteGroupRole({ ...scope, groupId: id });
    expect((await stage.memberships.listMemberships(scope)).memberships).toHaveLength(1);
    expect((await stage.memberships.listGroupRoles(scope)).groupRoles).toHaveLength(1);
  });

  test("a slug with a byte order mark is refused, not repaired", async () => {
    const environmentId = await stage.environment();
    const create = { environmentId, organizationId, slug: "\uFEFForg-own", name: "Own" };
    expect((await failureOf(stage.roles.createRole(create))).violations).toMatchObject([{ field: "slug" }]);
    const { role } = await stage.roles.createRole({ ...create, slug: "org-own", description: "\uFEFFkept" });
    expect(role?.description).toBe("\uFEFFkept");
    expect((await stage.roles.getRole({ environmentId, organizationId, slug: "org-own" })).role).toEqual(role);
  });

  test.each([
    ["a NUL byte", "a\0b"],
    ["text of another alphabet", "管理者"],
    ["an emoji", "🙂"],
    ["SQL", "' OR 1=1 --"],
    ["a megabyte", "a".repeat(700_000)],
  ])("a page token that leads behind %s is damaged", async (_, key) => {
    const environmentId = await stage.environment();
    const scope = { environmentId, organizationId };
    const { roles, permissions, environments, memberships } = stage;
    await memberships.setMemberRoles({ ...scope, userId: "ann" });
    const list = ["ListMemberships", environmentId, organizationId];
    const calls: Promise<unknown>[] = [
      memberships.listMemberships({ ...scope, pageToken: token(...list, "", key, 0) }),
      memberships.listMemberships({ ...scope, roleSlug: "member", pageToken: token(...list, "member", key, 0) }),
      memberships.listGroupRoles({ ...scope, pageToken: token("ListGroupRoles", environmentId, "acme", key, 0) }),
      memberships.listMemberships({ ...scope, userIdPrefix: "a", pageToken: token(...list, "", "a", key, 0) }),
      memberships.listUserMemberships({
        environmentId,
        userId: "ann",
        pageToken: token("ListUserMemberships", environmentId, "ann", key, 0),
      }),
      memberships.listRoleMemberships({
        environmentId,
        roleSlug: "member",
        pageToken: token("ListRoleMemberships", environmentId, "member", "x", key),
      }),
      memberships.listRoleMemberships({
        environmentId,
        roleSlug: "member",
        pageToken: token("ListRoleMemberships", environmentId, "member", key, "x"),
      }),
      environments.listOrganizations({
        environmentId,
        pageToken: token("ListOrganizations", environmentId, "", key, 0),
      }),
      permissions.listPermissions({ environmentId, pageToken: token("ListPermissions", environmentId, key, 0) }),
      environments.listEnvironments({ pageToken: token("ListEnvironments", key, 0) }),
      roles.listEnvironmentRoles({ environmentId, pageToken: token("ListEnvironmentRoles", environmentId, key, 0) }),
      roles.listOrgRoles({ ...scope, pageToken: token("ListOrgRoles", environmentId, organizationId, key, 1) }),
    ];
    for (const failure of await Promise.all(calls.map(failureOf)))
      expect(failure).toMatchObject({
        code: "INVALID_ARGUMENT",
        reason: "PAGE_TOKEN_INVALID",
        metadata: {},
        violations: [{ field: "page_token" }],
      });
  });
});

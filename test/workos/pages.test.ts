import type { WorkOS } from "@workos-inc/node";
import { engines } from "../support/engines";
import { many } from "../support/many";
import { failure, startWorkos } from "./stage";

interface Listed {
  readonly data: readonly { readonly id: string }[];
  readonly listMetadata: { readonly before?: string | null | undefined; readonly after?: string | null | undefined };
}

interface Paging {
  readonly limit?: number;
  readonly order?: "asc" | "desc";
  readonly after?: string;
  readonly before?: string;
}

type List = (paging: Paging) => Promise<Listed>;

const count = 25;

/** Walks through all pages of ten, forwards and back to the first one, and returns the ids of each page. */
async function walk(list: List, order: "asc" | "desc") {
  const forwards: string[][] = [];
  const backwards: string[][] = [];
  let page = await list({ limit: 10, order });
  expect(page.listMetadata.before).toBeNull();
  for (;;) {
    forwards.push(page.data.map(({ id }) => id));
    if (!page.listMetadata.after) break;
    page = await list({ limit: 10, order, after: page.listMetadata.after });
  }
  while (page.listMetadata.before) {
    page = await list({ limit: 10, order, before: page.listMetadata.before });
    expect(page.listMetadata.after).toBe(page.data.at(-1)?.id);
    backwards.push(page.data.map(({ id }) => id));
  }
  return { forwards, backwards };
}

describe.each(engines.filter(({ name }) => name !== "mysql"))("pages of lists on $name", (engine) => {
  let stage: Awaited<ReturnType<typeof startWorkos>>;
  let workos: WorkOS;
  const created: Record<string, string[]> = { permissions: [], members: [], organizations: [] };
  beforeAll(async () => {
    stage = await startWorkos(engine);
    workos = stage.by("alpha");
    const { userManagement, authorization } = workos;
    for (const index of many(count, (one) => one)) {
      const permission = await authorization.createPermission({ slug: `p${count - index}`, name: "P" });
      created["permissions"]?.push(permission.id);
      const userId = `user-${(index * 7) % count}`;
      created["members"]?.push(
        (await userManagement.createOrganizationMembership({ organizationId: "big", userId })).id,
      );
      const organizationId = `org-${String(index).padStart(2, "0")}`;
      const membership = await userManagement.createOrganizationMembership({ organizationId, userId: "eve" });
      created["organizations"]?.push(membership.id);
    }
    const others = stage.by("beta").userManagement;
    await others.createOrganizationMembership({ organizationId: "big", userId: "eve" });
    await userManagement.createOrganizationMembership({ organizationId: "small", userId: "ann" });
  });
  afterAll(() => stage?.service.drop());

  const lists: readonly (readonly [string, List])[] = [
    ["permissions", (paging) => workos.authorization.listPermissions(paging)],
    ["members", (paging) => workos.userManagement.listOrganizationMemberships({ organizationId: "big", ...paging })],
    ["organizations", (paging) => workos.userManagement.listOrganizationMemberships({ userId: "eve", ...paging })],
  ];

  test.each(lists)("the %s are whole in both orders and both ways, ten by ten", async (name, list) => {
    for (const order of ["asc", "desc"] as const) {
      const all = order === "asc" ? created[name] : created[name]?.toReversed();
      const { forwards, backwards } = await walk(list, order);
      expect(forwards.map(({ length }) => length)).toEqual([10, 10, 5]);
      expect(forwards.flat()).toEqual(all);
      expect(backwards.flatMap((page) => [...page].toReversed())).toEqual(all?.slice(0, 20).toReversed());
    }
  });

  test.each(lists)("the %s are ten and the newest first where nothing is asked for", async (name, list) => {
    const { data } = await list({});
    expect(data.map(({ id }) => id)).toEqual(created[name]?.toReversed().slice(0, 10));
  });

  test("the client collects all pages by itself", async () => {
    const list = await workos.userManagement.listOrganizationMemberships({ organizationId: "big" });
    expect((await list.autoPagination()).map(({ id }) => id)).toEqual(created["members"]?.toReversed());
    const organizations = await workos.organizations.listOrganizations();
    expect((await organizations.autoPagination()).map(({ id }) => id)).toEqual([
      "big",
      ...many(count, (index) => `org-${String(index).padStart(2, "0")}`),
      "small",
    ]);
  });

  test("a user and an organization together select one membership or none", async () => {
    const list = async (organizationId: string, userId: string) =>
      (await workos.userManagement.listOrganizationMemberships({ organizationId, userId })).data;
    expect(await list("small", "ann")).toHaveLength(1);
    expect(await list("small", "eve")).toEqual([]);
    const inactive = { organizationId: "small", statuses: ["inactive" as const] };
    expect((await workos.userManagement.listOrganizationMemberships(inactive)).data).toEqual([]);
  });

  test.each([
    ["limit", { limit: 101 }],
    ["limit", { limit: 0.5 }],
    ["order", { order: "up" as "asc" }],
    ["after", { after: "perm_x" }],
    ["before", { after: "perm_x", before: "perm_x" }],
  ])("a wrong %s is 422: %j", async (field, paging) => {
    for (const [, list] of lists)
      expect(await failure(list(paging))).toMatchObject({ status: 422, message: expect.stringContaining(field) });
  });

  test("the cursor of another list is refused", async () => {
    const { userManagement } = workos;
    const [ofMembers = "", ofOrganizations = ""] = [created["members"]?.[0], created["organizations"]?.[0]];
    const calls = [
      userManagement.listOrganizationMemberships({ organizationId: "small", after: ofMembers }),
      userManagement.listOrganizationMemberships({ userId: "ann", after: ofOrganizations }),
      stage.by("beta").userManagement.listOrganizationMemberships({ organizationId: "big", after: ofMembers }),
    ];
    for (const call of calls) expect(await failure(call)).toMatchObject({ status: 422 });
  });

  test("a list without a user and an organization is 400", async () => {
    expect(await failure(workos.userManagement.listOrganizationMemberships({} as { userId: string }))).toMatchObject({
      name: "BadRequestException",
      status: 400,
      code: "missing_user_id_or_organization_id",
    });
  });
});

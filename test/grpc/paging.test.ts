import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { present, slugsOf, stageOn } from "../support/stage";

const organizationId = "acme";

interface Page {
  readonly keys: string[];
  readonly nextPageToken: string;
}
interface Turn {
  readonly pageSize?: number;
  readonly pageToken?: string;
}

const pagesOf = async (list: (turn: Turn) => Promise<Page>, pageSize: number) => {
  const pages: string[][] = [];
  let pageToken = "";
  do {
    const page = await list({ pageSize, pageToken });
    pages.push(page.keys);
    pageToken = page.nextPageToken;
  } while (pageToken);
  return pages;
};

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);

  const lists = {
    ListPermissions: async (environmentId: string, turn: Turn): Promise<Page> => {
      const { permissions, nextPageToken } = await stage.permissions.listPermissions({ environmentId, ...turn });
      return { keys: slugsOf(permissions), nextPageToken };
    },
    ListEnvironmentRoles: async (environmentId: string, turn: Turn): Promise<Page> => {
      const { roles, nextPageToken } = await stage.roles.listEnvironmentRoles({ environmentId, ...turn });
      return { keys: slugsOf(roles), nextPageToken };
    },
    ListOrgRoles: async (environmentId: string, turn: Turn): Promise<Page> => {
      const { roles, nextPageToken } = await stage.roles.listOrgRoles({ environmentId, organizationId, ...turn });
      return { keys: slugsOf(roles), nextPageToken };
    },
    ListMemberships: async (environmentId: string, turn: Turn): Promise<Page> => {
      const page = await stage.memberships.listMemberships({ environmentId, organizationId, ...turn });
      return { keys: page.memberships.map(({ userId }) => userId), nextPageToken: page.nextPageToken };
    },
    "ListMemberships of a role": async (environmentId: string, turn: Turn): Promise<Page> => {
      const request = { environmentId, organizationId, roleSlug: "admin", ...turn };
      const page = await stage.memberships.listMemberships(request);
      return { keys: page.memberships.map(({ userId }) => userId), nextPageToken: page.nextPageToken };
    },
    ListGroupRoles: async (environmentId: string, turn: Turn): Promise<Page> => {
      const { groupRoles, nextPageToken } = await stage.memberships.listGroupRoles({
        environmentId,
        organizationId,
        ...turn,
      });
      return { keys: groupRoles.map(({ groupId }) => groupId), nextPageToken };
    },
    "ListMemberships of ids": async (environmentId: string, turn: Turn): Promise<Page> => {
      const request = { environmentId, organizationId, userIdPrefix: "u", ...turn };
      const page = await stage.memberships.listMemberships(request);
      return { keys: page.memberships.map(({ userId }) => userId), nextPageToken: page.nextPageToken };
    },
    ListOrganizations: async (environmentId: string, turn: Turn): Promise<Page> => {
      const page = await stage.environments.listOrganizations({ environmentId, ...turn });
      return { keys: page.organizations.map((one) => one.organizationId), nextPageToken: page.nextPageToken };
    },
    "ListOrganizations of ids": async (environmentId: string, turn: Turn): Promise<Page> => {
      const page = await stage.environments.listOrganizations({ environmentId, organizationIdPrefix: "o", ...turn });
      return { keys: page.organizations.map((one) => one.organizationId), nextPageToken: page.nextPageToken };
    },
    ListUserMemberships: async (environmentId: string, turn: Turn): Promise<Page> => {
      const page = await stage.memberships.listUserMemberships({ environmentId, userId: "everywhere", ...turn });
      return { keys: page.memberships.map((one) => one.organizationId), nextPageToken: page.nextPageToken };
    },
    ListRoleMemberships: async (environmentId: string, turn: Turn): Promise<Page> => {
      const page = await stage.memberships.listRoleMemberships({ environmentId, roleSlug: "admin", ...turn });
      return {
        keys: page.memberships.map((one) => `${one.organizationId} ${one.userId}`),
        nextPageToken: page.nextPageToken,
      };
    },
    ListEnvironments: async (_: string, turn: Turn): Promise<Page> => {
      const { environments, nextPageToken } = await stage.environments.listEnvironments(turn);
      return { keys: environments.map(({ id }) => id), nextPageToken };
    },
  };
  const names = Object.keys(lists) as (keyof typeof lists)[];

  /** An environment where every list has at least seven items. */
  const filled = async () => {
    const environmentId = await stage.changingEnvironment();
    for (const name of ["a", "b", "c", "d", "e"]) {
      await stage.permissions.createPermission({ environmentId, slug: name, name });
      await stage.roles.createRole({ environmentId, slug: name, name });
      await stage.roles.createRole({ environmentId, organizationId, slug: `org-${name}`, name });
      await stage.environments.createEnvironment({ environmentId: `${environmentId}-${name}` });
    }
    const memberships = Array.from({ length: 14 }, (_, index) => ({
      organizationId,
      userId: `u${index}`,
      roleSlugs: [index % 2 ? "admin" : "b"],
    }));
    const everywhere = Array.from({ length: 7 }, (_, index) => ({
      organizationId: `o${index}`,
      userId: "everywhere",
      roleSlugs: ["b"],
    }));
    await stage.memberships.batchSetMemberRoles({ environmentId, memberships: [...memberships, ...everywhere] });
    for (const groupId of ["G", "g", "g1", "g10", "g2", "~", "!"])
      await stage.memberships.setGroupRole({ environmentId, organizationId, groupId, roleSlug: "org-a" });
    return environmentId;
  };

  test("a list gives the same items in pages of any size", async () => {
    const environmentId = await filled();
    for (const name of names) {
      const list = (turn: Turn) => lists[name](environmentId, turn);
      const all = await list({});
      expect(all.nextPageToken).toBe("");
      expect(all.keys.length).toBeGreaterThanOrEqual(7);
      for (const size of [1, 3, all.keys.length - 1]) {
        const pages = await pagesOf(list, size);
        expect(pages.flat()).toEqual(all.keys);
        expect(pages.map((page) => page.length).slice(0, -1)).toEqual(Array(pages.length - 1).fill(size));
      }
      for (const pageSize of [all.keys.length, 1000, 2 ** 31 - 1]) expect(await list({ pageSize })).toEqual(all);
    }
  });

  test("a list takes no tokens but its own", async () => {
    const environmentId = await filled();
    const foreign = await stage.changingEnvironment();
    const refused = { code: "INVALID_ARGUMENT", reason: "PAGE_TOKEN_INVALID", metadata: {} };
    for (const owner of names) {
      const { nextPageToken: pageToken } = await lists[owner](environmentId, { pageSize: 1 });
      expect((await lists[owner](environmentId, { pageToken })).keys.length).toBeGreaterThan(0);
      for (const name of names.filter((other) => other !== owner))
        expect(await failureOf(lists[name](environmentId, { pageToken }))).toMatchObject(refused);
      if (owner !== "ListEnvironments")
        expect(await failureOf(lists[owner](foreign, { pageToken }))).toMatchObject(refused);
    }
  });

  test("another organization's token is refused", async () => {
    const environmentId = await filled();
    const { nextPageToken } = await lists.ListOrgRoles(environmentId, { pageSize: 1 });
    const call = stage.roles.listOrgRoles({ environmentId, organizationId: "globex", pageToken: nextPageToken });
    expect(await failureOf(call)).toMatchObject({
      reason: "PAGE_TOKEN_INVALID",
      violations: [{ field: "page_token", description: "must be a next_page_token of the same list" }],
    });
  });

  test("the last item of a page may go before the next page is read", async () => {
    const environmentId = await filled();
    const scope = { environmentId, organizationId };
    const all = (await lists.ListOrgRoles(environmentId, {})).keys;
    const first = await lists.ListOrgRoles(environmentId, { pageSize: all.indexOf("org-b") + 1 });
    expect(first.keys.at(-1)).toBe("org-b");
    await stage.roles.deleteOrgRole({ ...scope, slug: "org-b" });
    const second = await lists.ListOrgRoles(environmentId, { pageToken: first.nextPageToken });
    expect([...first.keys, ...second.keys]).toEqual(all);

    const permissions = (await lists.ListPermissions(environmentId, {})).keys;
    const page = await lists.ListPermissions(environmentId, { pageSize: 2 });
    await stage.permissions.deletePermission({ environmentId, slug: page.keys[1] ?? "" });
    const rest = await lists.ListPermissions(environmentId, { pageToken: page.nextPageToken });
    expect([...page.keys, ...rest.keys]).toEqual(permissions);
  });

  test("members and groups of earlier pages may go, whatever took them", async () => {
    const environmentId = await filled();
    const scope = { environmentId, organizationId };
    for (const name of ["ListMemberships", "ListMemberships of a role", "ListGroupRoles"] as const) {
      const all = (await lists[name](environmentId, {})).keys;
      const first = await lists[name](environmentId, { pageSize: 2 });
      const [one = "", last = ""] = first.keys;
      if (name === "ListGroupRoles")
        for (const groupId of [one, last]) await stage.memberships.deleteGroupRole({ ...scope, groupId });
      else {
        await stage.memberships.deleteMembership({ ...scope, userId: last });
        await stage.memberships.setMemberRoles({ ...scope, userId: one, roleSlugs: ["c"] });
      }
      const second = await lists[name](environmentId, { pageToken: first.nextPageToken });
      expect([...first.keys, ...second.keys]).toEqual(all);
    }
  });

  test("a list of a role's members holds those it got from deleted roles, in pages of any size", async () => {
    const environmentId = await filled();
    await stage.roles.setDefaultRole({ environmentId, organizationId, slug: "admin" });
    await stage.roles.deleteEnvironmentRole({ environmentId, slug: "b" });
    const list = (turn: Turn) => lists["ListMemberships of a role"](environmentId, turn);
    const { keys } = await lists.ListMemberships(environmentId, {});
    expect((await list({})).keys).toEqual(keys);
    for (const size of [1, 3, 13, 14]) expect((await pagesOf(list, size)).flat()).toEqual(keys);
  });

  test("a list of the groups leaves out those of a deleted role, in pages of any size", async () => {
    const environmentId = await filled();
    const scope = { environmentId, organizationId };
    for (const groupId of ["G", "g10", "~"]) await stage.memberships.setGroupRole({ ...scope, groupId, roleSlug: "a" });
    await stage.roles.deleteEnvironmentRole({ environmentId, slug: "a" });
    const list = (turn: Turn) => lists.ListGroupRoles(environmentId, turn);
    expect((await list({})).keys).toEqual(["!", "g", "g1", "g2"]);
    for (const size of [1, 2, 3, 4]) expect((await pagesOf(list, size)).flat()).toEqual(["!", "g", "g1", "g2"]);
  });

  test("items of earlier pages may go, and no item that stays is left out", async () => {
    const environmentId = await filled();
    const all = (await lists.ListEnvironmentRoles(environmentId, {})).keys;
    const first = await lists.ListEnvironmentRoles(environmentId, { pageSize: 3 });
    for (const slug of first.keys.slice(0, 2))
      await stage.roles.deleteEnvironmentRole({ environmentId, slug, replacementDefaultRoleSlug: "e" });
    const second = await lists.ListEnvironmentRoles(environmentId, { pageToken: first.nextPageToken });
    expect([...first.keys, ...second.keys]).toEqual(all);
  });

  test("a page begins behind the last role of the page before, wherever that is now", async () => {
    const environmentId = await filled();
    const all = (await lists.ListEnvironmentRoles(environmentId, {})).keys;
    const first = await lists.ListEnvironmentRoles(environmentId, { pageSize: 2 });
    const slugs = all.toReversed();
    await stage.roles.setPriority({ environmentId, slugs });
    const second = await lists.ListEnvironmentRoles(environmentId, { pageToken: first.nextPageToken });
    expect(second.keys).toEqual(slugs.slice(slugs.indexOf(first.keys[1] ?? "") + 1));
  });

  test("every page of roles has the whole configuration", async () => {
    const environmentId = await filled();
    const { config } = await stage.roles.listOrgRoles({ environmentId, organizationId });
    const { nextPageToken } = await stage.roles.listOrgRoles({ environmentId, organizationId, pageSize: 2 });
    const second = await stage.roles.listOrgRoles({
      environmentId,
      organizationId,
      pageSize: 2,
      pageToken: nextPageToken,
    });
    expect(second.config).toEqual(config);
    expect(second.roles.map(({ priority }) => priority)).toEqual([3, 4]);
  });
});

describe("sizes", () => {
  const stage = stageOn(present(engines[0]), { ORGROLES_MAX_ROLE_PERMISSIONS: "1000" });

  test("a page has a hundred items unless asked for others, a thousand at most, and ends before clients refuse it", async () => {
    const environmentId = await stage.changingEnvironment();
    const slugs = Array.from({ length: 1000 }, (_, index) => `p${index}`.padEnd(48, "-"));
    for (let start = 0; start < slugs.length; start += 50)
      await Promise.all(
        slugs
          .slice(start, start + 50)
          .map((slug) => stage.permissions.createPermission({ environmentId, slug, name: slug })),
      );
    for (const [pageSize, size] of [
      [0, 100],
      [1000, 1000],
      [1001, 1000],
      [2 ** 31 - 1, 1000],
    ] as const) {
      const page = await stage.permissions.listPermissions({ environmentId, pageSize });
      expect(page.permissions).toHaveLength(size);
      expect(page.nextPageToken).not.toBe("");
    }

    const large = Array.from({ length: 42 }, (_, index) => `large-${index}`);
    for (const slug of large) await stage.roles.createRole({ environmentId, slug, name: slug, permissions: slugs });
    const list = async (turn: Turn) => {
      const { roles, nextPageToken } = await stage.roles.listEnvironmentRoles({ environmentId, ...turn });
      expect(roles.flatMap(({ permissions }) => permissions).join().length).toBeLessThan(2 * 2 ** 20);
      return { keys: slugsOf(roles), nextPageToken };
    };
    const pages = await pagesOf(list, 1000);
    expect(pages).toHaveLength(2);
    expect(pages.flat()).toEqual(["member", "admin", ...large]);
  });
});

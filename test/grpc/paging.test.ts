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

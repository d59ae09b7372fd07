import { createServices } from "../../src/app/services";
import { memoryCache } from "../../src/app/memory-cache";
import type { UnitOfWork } from "../../src/application/ports/unit-of-work";
import { SnapshotCache } from "../../src/application/reads/snapshot-cache";
import { ownCall } from "../../src/application/request/idempotency";
import { checkAccess } from "../../src/domain/access-check";
import { defaultQuotas } from "../../src/domain/limits";
import type { EnvironmentId, OrganizationId, PermissionSlug, UserId } from "../../src/domain/values";
import { resolveMemberAccess } from "../../src/application/access/member-access";
import { engines } from "../support/engines";
import { type TestStorage, openStorage } from "../support/storage";

const environmentId = "alpha" as EnvironmentId;
const scope = { environmentId, organizationId: "acme" };
const member = { organizationId: "acme" as OrganizationId, userId: "ann" as UserId };

async function isAllowed(cache: SnapshotCache, permission: string): Promise<boolean> {
  const { access, roles } = resolveMemberAccess(await cache.read(environmentId, [member]), member);
  return checkAccess(access, roles, permission as PermissionSlug).allowed;
}

describe.each(engines)("reads on $name, between whose statements others write,", (engine) => {
  let storage: TestStorage;
  let services: ReturnType<typeof createServices>;
  beforeEach(async () => {
    storage = await openStorage(engine);
    services = createServices(storage.database, defaultQuotas, Date.now);
    await services.environments.createEnvironment({ environmentId, displayName: "" }, ownCall);
    await grant("docs:read");
    const role = { slug: "org-own", name: "Own", description: "", permissions: ["docs:read"] };
    await services.roles.createRole({ ...scope, ...role }, ownCall);
    await services.memberships.setMemberRoles({ ...scope, userId: "ann", roleSlugs: ["org-own"] }, ownCall);
  });
  afterEach(() => storage.drop());

  const grant = (slug: string) =>
    services.permissions.createPermission({ environmentId, slug, name: slug, description: "" }, ownCall);
  const add = (slug: string) =>
    services.roles.addRolePermissions({ ...scope, slug: "org-own", permissions: [slug] }, ownCall);

  /** Returns a cache before each of whose shared statements something is done. */
  function cacheAround(before: (statement: number) => Promise<unknown>): SnapshotCache {
    let statements = 0;
    const { units } = storage;
    const interrupted: UnitOfWork = {
      write: (work, signal) => units.write(work, signal),
      read: (work, signal) => units.read(work, signal),
      lookup: async (work) => {
        await before((statements += 1));
        return units.lookup(work);
      },
    };
    return new SnapshotCache(interrupted, (share) => memoryCache(share * 2 ** 26));
  }

  /** Has a cache read everything with its first statement, and then makes that of the organization old. */
  const readBefore = async (cache: SnapshotCache) => {
    await cache.read(environmentId, [member]);
    await services.memberships.setMemberRoles({ ...scope, userId: "eve", roleSlugs: [] }, ownCall);
  };

  test.each([1, 2, 3, 4])("know a permission that is new before statement %d, then and later", async (at) => {
    const cache = cacheAround(async (statement) => {
      if (statement !== at) return;
      await grant("docs:new");
      await add("docs:new");
    });
    await readBefore(cache);
    const first = await isAllowed(cache, "docs:new");
    if (at < 4) expect(first).toBe(true);
    expect(await isAllowed(cache, "docs:new")).toBe(true);
    expect(await isAllowed(cache, "docs:read")).toBe(true);
  });

  test.each([1, 2, 3])("do not keep what was deleted and created again before statement %d", async (at) => {
    const cache = cacheAround(async (statement) => {
      if (statement !== at) return;
      await services.environments.deleteOrganizationData(scope, ownCall);
      await services.memberships.setMemberRoles({ ...scope, userId: "ann", roleSlugs: [] }, ownCall);
    });
    await readBefore(cache);
    expect(await isAllowed(cache, "docs:read")).toBe(false);
    expect((await cache.read(environmentId, [member])).member(member.organizationId, member.userId)).toBeDefined();
  });

  test("keep the bits of an organization through changes of its environment", async () => {
    const cache = cacheAround(async () => undefined);
    expect(await isAllowed(cache, "docs:read")).toBe(true);
    for (const slug of ["a:first", "z:last"]) await grant(slug);
    await services.permissions.deletePermission({ environmentId, slug: "a:first" }, ownCall);
    expect(await isAllowed(cache, "docs:read")).toBe(true);
    expect(await isAllowed(cache, "z:last")).toBe(false);
    await add("z:last");
    expect(await isAllowed(cache, "z:last")).toBe(true);
  });
});

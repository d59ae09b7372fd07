import type { TestClient } from "./client";
import type { TestEngine } from "./engines";
import { type TestService, startService } from "./service";

/** A service for the tests of one file on one engine, and environments on it. */
export interface Stage extends Omit<TestClient, "close"> {
  readonly address: string;
  /**
   * An environment of its own, with the permissions `invoices:pay`, `invoices:read` and `reports:read`, the roles
   * `member` (default) and `admin` (`invoices:read`), and the organization `globex` with the custom role `org-auditor`,
   * which the member `gil` has, and the group `staff`, mapped to `admin`. After the test, `globex` and a second
   * environment that looks the same must be what they were.
   */
  environment(): Promise<string>;
  /** The same for tests that change the whole environment: only the second environment must stay what it was. */
  changingEnvironment(): Promise<string>;
}

export const permissionSlugs = ["invoices:pay", "invoices:read", "reports:read"];

/** Starts a service before the tests of a block and drops it after them. */
export function stageOn(engine: TestEngine, settings: Record<string, string> = {}): Stage {
  let running: TestService | undefined;
  let other = "";
  let environments = 0;
  let unchanged: { read: () => Promise<unknown>; before: unknown }[] = [];
  const service = () => {
    if (!running) throw new Error("the service runs while the tests do");
    return running;
  };
  const watch = async (read: () => Promise<unknown>) => unchanged.push({ read, before: await read() });
  const newEnvironment = async () => {
    environments += 1;
    const environmentId = `environment-${environments}`;
    await furnish(service(), environmentId);
    await watch(() => everythingIn(service(), other));
    return environmentId;
  };

  beforeAll(async () => {
    running = await startService(engine, settings);
    other = "other-environment";
    await furnish(running, other);
    const acme = { environmentId: other, organizationId: "acme" };
    await running.roles.createRole({ ...acme, slug: "org-auditor", name: "A" });
    for (const userId of ["ann", "bob"])
      await running.memberships.setMemberRoles({ ...acme, userId, roleSlugs: ["org-auditor"] });
    await running.memberships.setGroupRole({ ...acme, groupId: "staff", roleSlug: "org-auditor" });
  });
  afterEach(async () => {
    const watched = unchanged;
    unchanged = [];
    for (const { read, before } of watched) expect(await read()).toEqual(before);
  });
  afterAll(() => running?.drop());

  return {
    get roles() {
      return service().roles;
    },
    get environments() {
      return service().environments;
    },
    get permissions() {
      return service().permissions;
    },
    get memberships() {
      return service().memberships;
    },
    get access() {
      return service().access;
    },
    get events() {
      return service().events;
    },
    get address() {
      return service().address;
    },
    environment: async () => {
      const environmentId = await newEnvironment();
      await watch(() => organizationIn(service(), { environmentId, organizationId: "globex" }));
      return environmentId;
    },
    changingEnvironment: newEnvironment,
  };
}

/** Fills a new environment, as `Stage` says. */
export async function furnish(service: TestService, environmentId: string): Promise<void> {
  const { environments, permissions, roles, memberships } = service;
  await environments.createEnvironment({ environmentId });
  for (const slug of permissionSlugs) await permissions.createPermission({ environmentId, slug, name: slug });
  await roles.createRole({ environmentId, slug: "admin", name: "Admin", permissions: ["invoices:read"] });
  const globex = { environmentId, organizationId: "globex" };
  await roles.createRole({ ...globex, slug: "org-auditor", name: "Auditor" });
  await memberships.setMemberRoles({ ...globex, userId: "gil", roleSlugs: ["org-auditor"] });
  await memberships.setGroupRole({ ...globex, groupId: "staff", roleSlug: "admin" });
}

async function everythingIn(service: TestService, environmentId: string) {
  return Promise.all([
    service.environments.getEnvironment({ environmentId }),
    service.permissions.listPermissions({ environmentId }),
    service.roles.listEnvironmentRoles({ environmentId }),
    organizationIn(service, { environmentId, organizationId: "acme" }),
    organizationIn(service, { environmentId, organizationId: "globex" }),
  ]);
}

/** Roles, members with their access, and groups of an organization. */
export async function organizationIn(
  { roles, memberships, access }: Pick<Stage, "roles" | "memberships" | "access">,
  scope: { environmentId: string; organizationId: string },
) {
  const members = await memberships.listMemberships(scope);
  const rest = await Promise.all([
    roles.listOrgRoles(scope),
    memberships.listGroupRoles(scope),
    ...members.memberships.map(({ userId }) => access.getAccess({ ...scope, userId })),
  ]);
  return [members, ...rest];
}

export const slugsOf = (items: readonly { slug: string }[]): string[] => items.map(({ slug }) => slug);

/** The answer's resource, which is there. */
export function present<T>(resource: T | undefined): T {
  if (resource === undefined) throw new Error("the answer lacks its resource");
  return resource;
}

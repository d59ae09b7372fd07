import type { TestClient } from "./client";
import type { TestEngine } from "./engines";
import { type TestService, startService } from "./service";

/** A service for the tests of one file on one engine, and environments on it. */
export interface Stage extends Omit<TestClient, "close"> {
  readonly address: string;
  /**
   * An environment of its own, with the permissions `invoices:pay`, `invoices:read` and `reports:read`, the roles
   * `member` (default) and `admin` (`invoices:read`), and the organization `globex` with the custom role `org-auditor`.
   * After the test, `globex` and a second environment that looks the same must be what they were.
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
    await running.roles.createRole({ environmentId: other, organizationId: "acme", slug: "org-auditor", name: "A" });
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
    get address() {
      return service().address;
    },
    environment: async () => {
      const environmentId = await newEnvironment();
      await watch(() => service().roles.listOrgRoles({ environmentId, organizationId: "globex" }));
      return environmentId;
    },
    changingEnvironment: newEnvironment,
  };
}

async function furnish({ environments, permissions, roles }: TestService, environmentId: string): Promise<void> {
  await environments.createEnvironment({ environmentId });
  for (const slug of permissionSlugs) await permissions.createPermission({ environmentId, slug, name: slug });
  await roles.createRole({ environmentId, slug: "admin", name: "Admin", permissions: ["invoices:read"] });
  const organizationId = "globex";
  await roles.createRole({ environmentId, organizationId, slug: "org-auditor", name: "Auditor" });
}

async function everythingIn({ environments, permissions, roles }: TestService, environmentId: string) {
  return Promise.all([
    environments.getEnvironment({ environmentId }),
    permissions.listPermissions({ environmentId }),
    roles.listEnvironmentRoles({ environmentId }),
    roles.listOrgRoles({ environmentId, organizationId: "acme" }),
    roles.listOrgRoles({ environmentId, organizationId: "globex" }),
  ]);
}

export const slugsOf = (items: readonly { slug: string }[]): string[] => items.map(({ slug }) => slug);

/** The answer's resource, which is there. */
export function present<T>(resource: T | undefined): T {
  if (resource === undefined) throw new Error("the answer lacks its resource");
  return resource;
}

import { tokenDigest } from "../../src/auth/authenticator";
import { type TestDatabase, servers, sqliteEngine } from "./engines";
import { type ServiceProcess, startProcess } from "./process";
import { freePort } from "./temporary-port";

export interface ConsoleService extends ServiceProcess {
  readonly console: string;
  readonly database: TestDatabase;
  /** Starts the service again, on the same ports and database. */
  again(): Promise<ConsoleService>;
}

export const environmentId = "alpha";
export const acme = { environmentId, organizationId: "acme" };

/** Starts the service as people run it, on MariaDB where it is there, with the environments `alpha` and `beta`. */
export async function startConsole(
  settings: Record<string, string> = {},
  token?: string,
  database?: TestDatabase,
): Promise<ConsoleService> {
  const used = database ?? (await (servers[0] ?? sqliteEngine).create());
  const given = {
    ORGROLES_ADDRESS: `127.0.0.1:${await freePort()}`,
    ORGROLES_HTTP_ADDRESS: `127.0.0.1:${await freePort()}`,
    ORGROLES_ENVIRONMENTS: "alpha,beta",
    ORGROLES_LOG_LEVEL: "warn",
    ...settings,
  };
  const service = await startProcess(
    { ...given, ORGROLES_DATABASE_URL: used.url },
    token ? { headers: { authorization: `Bearer ${token}` } } : undefined,
  );
  return {
    ...service,
    database: used,
    console: `http://${service.httpAddress}/console/`,
    again: () => startConsole(given, token, used),
  };
}

/** Credentials of four kinds: all of it, reading only, one organization, and bound to a user in it. */
export const tokens = {
  admin: "token-of-admin",
  reader: "token-of-reader",
  customer: "token-of-customer",
  bound: "token-of-ben",
} as const;

const grants = {
  admin: { action: "admin", environments: "*" },
  reader: { action: "read", environments: ["alpha"] },
  customer: { action: "write", environments: ["alpha"], organizations: ["acme"] },
  bound: { action: "write", environments: ["alpha"], organizations: ["acme"], acting_user: "ben" },
};

export const credentialSettings = {
  ORGROLES_CREDENTIALS: JSON.stringify(
    Object.entries(grants).map(([name, grant]) => ({
      name,
      token_sha256: tokenDigest(tokens[name as keyof typeof tokens]).toString("hex"),
      ...grant,
    })),
  ),
};

/** Fills `alpha` with what a small product has. */
export async function fillIn({ permissions, roles, memberships }: ServiceProcess): Promise<void> {
  const slugs = ["invoices:approve", "invoices:read", "invoices:write", "members:invite", "projects:read"];
  for (const slug of slugs)
    await permissions.createPermission({ environmentId, slug, name: slug.replace(":", " "), description: "" });
  const granted = { admin: slugs, editor: slugs.slice(1, 3), viewer: ["invoices:read"] };
  for (const [slug, own] of Object.entries(granted))
    await roles.createRole({
      environmentId,
      slug,
      name: `${slug[0]?.toUpperCase()}${slug.slice(1)}`,
      description: `What ${slug}s do`,
      permissions: own,
    });
  await roles.createRole({
    ...acme,
    slug: "org-auditor",
    name: "Auditor",
    description: "",
    permissions: ["invoices:read"],
  });
  await memberships.batchSetMemberRoles({
    environmentId,
    memberships: Object.entries({ ada: "admin", ben: "editor", chen: "org-auditor", dora: "member" }).map(
      ([userId, role]) => ({ organizationId: "acme", userId, roleSlugs: [role] }),
    ),
  });
  await memberships.setGroupRole({ ...acme, groupId: "engineering", roleSlug: "editor" });
}

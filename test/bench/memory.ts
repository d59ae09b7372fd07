import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runInNewContext } from "node:vm";
import { setFlagsFromString } from "node:v8";
import { ListOrgRolesResponse } from "../../gen/orgroles/v1/role_service";
import { roleHandlers } from "../../src/api/role-handlers";
import { ownCall } from "../../src/application/request/idempotency";
import { createServices } from "../../src/app/services";
import { defaultQuotas } from "../../src/domain/limits";
import type { EnvironmentId, OrganizationId, UserId } from "../../src/domain/values";
import { many } from "../support/many";
import { openStorage } from "../support/storage";
import { Tenants } from "./tenants";

/**
 * What the cache of reads takes in the heap, beside what it counts: organizations alone, members, then lists and encoded
 * responses. ORGANIZATIONS sets how many. The counts of the cache should be within a fifth of the heap.
 */
const organizations = Number(process.env["ORGANIZATIONS"] ?? 20_000);
const lists = Math.min(2000, organizations);

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function heap(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
}

async function measure(folder: string): Promise<void> {
  const url = `sqlite:${folder}/orgroles.db`;
  const storage = await openStorage({ name: "sqlite", create: async () => ({ url, drop: async () => undefined }) });
  const services = createServices(storage.database, defaultQuotas, Date.now, 4 * 1024 ** 3);
  const environmentId = "dev" as EnvironmentId;
  await services.environments.createEnvironment({ environmentId, displayName: "" }, ownCall);
  const [row] = await storage.query<{ uid: string; default_role_id: string }>("SELECT * FROM environments");
  const tenants = new Tenants(organizations, 3);
  await storage.query("BEGIN");
  await tenants.seed((sql, parameters) => storage.query(sql, parameters), row?.uid ?? "", row?.default_role_id ?? "");
  await storage.query("COMMIT");

  const { snapshots } = services;
  const handlers = roleHandlers(services.roles);
  const report = (what: string, count: number, before: { heap: number; bytes: number }) => {
    const taken = Math.round((heap() - before.heap) / count);
    const counted = Math.round((snapshots.statistics().bytes - before.bytes) / count);
    console.log(`${what.padEnd(60)} ${taken} bytes each in the heap, ${counted} counted`);
  };
  const now = () => ({ heap: heap(), bytes: snapshots.statistics().bytes });

  await snapshots.read(environmentId, []);
  let before = now();
  for (const number of many(organizations, (n) => n)) {
    const organizationId = tenants.organizationId(number) as OrganizationId;
    await snapshots.read(environmentId, [{ organizationId }]);
  }
  report(`${organizations} organizations with two roles and an order of 22`, organizations, before);

  before = now();
  for (const number of many(organizations, (n) => n)) {
    const organizationId = tenants.organizationId(number) as OrganizationId;
    await snapshots.read(environmentId, [{ organizationId, userId: "u000" as UserId }]);
  }
  report(`a member of each of ${organizations}`, organizations, before);

  before = now();
  for (const number of many(lists, (n) => n)) {
    const request = { environmentId, organizationId: tenants.organizationId(number), pageSize: 0, pageToken: "" };
    const response = await handlers.listOrgRoles(request, ownCall);
    if (Buffer.isBuffer(response) && ListOrgRolesResponse.decode(response).roles.length !== 22)
      throw new Error("no list");
  }
  report(`the lists of ${lists} of them, with their responses`, lists, before);
  await storage.close();
}

const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
void measure(folder).finally(() => rmSync(folder, { recursive: true, force: true }));

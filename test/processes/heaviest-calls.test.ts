import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { engines } from "../support/engines";
import { type FullOrganization, fillOrganization } from "../support/full-organization";
import { type HeaviestCall, heaviestCalls } from "../support/heaviest-calls";
import { type WatchedService, startWatched } from "../support/pauses";
import { many } from "../support/many";
import { allRpcs, repeatableRpcs } from "../support/raw";
import { present } from "../support/stage";
import { openStorage, queryOnce } from "../support/storage";

const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
let service: WatchedService;
let calls: HeaviestCall[];
let full: FullOrganization;
let database: Awaited<ReturnType<(typeof engines)[number]["create"]>>;

beforeAll(async () => {
  database = await present(engines[0]).create();
  const storage = await openStorage(present(engines[0]), database);
  full = await fillOrganization(storage, "full");
  await storage.close();
  service = await startWatched(folder, {
    ORGROLES_DATABASE_URL: database.url,
    ORGROLES_ENVIRONMENTS: "beta",
    ORGROLES_LOG_LEVEL: "warn",
  });
  calls = heaviestCalls(service, full);
});
afterAll(async () => {
  await service?.end();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

test("every RPC is among the heaviest calls", () => {
  expect([...new Set(calls.map(({ rpc }) => rpc))].toSorted()).toEqual(allRpcs.toSorted());
});

test("pages of members with very many roles are short, and every member comes once", async () => {
  const { environmentId, organizationId, environmentRoles } = full;
  const scope = { environmentId, organizationId };
  const several = many(180, (index) => `many-${index}`);
  for (let start = 0; start < several.length; start += 60)
    await service.memberships.batchSetMemberRoles({
      environmentId,
      memberships: several
        .slice(start, start + 60)
        .map((userId) => ({ organizationId, userId, roleSlugs: environmentRoles.slice(0, 198) })),
    });
  const sizes: number[] = [];
  const users: string[] = [];
  for (let pageToken = "", first = true; first || pageToken; first = false) {
    const page = await service.memberships.listMemberships({ ...scope, pageSize: 1000, pageToken });
    sizes.push(page.memberships.length);
    users.push(...page.memberships.map(({ userId }) => userId));
    pageToken = page.nextPageToken;
  }
  expect(sizes[0]).toBeLessThan(300);
  expect(sizes.length).toBeGreaterThan(2);
  expect(users).toEqual([...several, "chief", ...many(1000, (index) => `user-${index}`)].toSorted());
});

test("a result of a batch of checks names the forty highest roles that grant, a check alone all of them", async () => {
  const { environmentId, organizationId, environmentRoles, chief, permissions } = full;
  const check = { organizationId, userId: chief, permission: permissions[500] ?? "" };
  const alone = await service.access.checkPermission({ environmentId, ...check });
  const { results } = await service.access.batchCheckPermissions({ environmentId, checks: [check] });
  expect(alone.grantedBy.length).toBeGreaterThan(60);
  expect(environmentRoles).toEqual(expect.arrayContaining(alone.grantedBy.slice(0, 40)));
  expect(results[0]?.grantedBy).toEqual(alone.grantedBy.slice(0, 40));
});

test("no call of a full organization keeps the others waiting, and each is answered alike again", async () => {
  const pauses: (readonly [call: string, milliseconds: number])[] = [];
  const longest = async (name: string, work: () => Promise<unknown>) => {
    await sleep(20);
    await service.longestPause();
    const answer = await work();
    pauses.push([name, await service.longestPause()]);
    return answer;
  };
  for (const { rpc, with: sentence, call, writes } of calls) {
    const answer = await longest(`${rpc}, ${sentence}`, call);
    if (writes) expect(await longest(`${rpc}, ${sentence}, again`, call)).toEqual(answer);
  }
  // far above what was measured, and far below what one list in the wrong place costs: `npm run bench:pauses` has figures
  const most = "threadCpuUsage" in process ? 4 : 6; // otherwise the threads of the garbage collector count, too
  expect(pauses.filter(([, milliseconds]) => milliseconds > most * service.yardstick)).toEqual([]);
}, 180_000);

test("the answers to all request ids are small", async () => {
  const answers = await queryOnce<{ length: number }>(
    database,
    "SELECT LENGTH(answer) AS length FROM answered_requests",
  );
  expect(answers).toHaveLength(calls.filter(({ writes }) => writes).length);
  expect(Math.max(...answers.map(({ length }) => length))).toBeLessThan(256 * 1024);
});

test("every RPC that takes a request id is among the writes", () => {
  const writes = new Set(calls.flatMap(({ rpc, writes: repeats }) => (repeats ? [rpc] : [])));
  expect([...writes].toSorted()).toEqual(repeatableRpcs.toSorted());
});

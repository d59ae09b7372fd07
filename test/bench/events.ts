import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { readFileSync } from "node:fs";
import type { EventServiceClient } from "../../gen/orgroles/v1/event_service";
import { type EventWatch, connectEvents, fromNow, watchEvents } from "../support/event-watch";
import { findOrStartMariadb } from "../support/servers";
import { engineOn } from "../support/engines";
import { type ServiceProcess, startProcess } from "../support/process";
import { serving } from "../support/service";

const environmentId = "alpha";
const changes = 60;
/** How many watches there are in turn; WATCHES sets other numbers. */
const counts = (process.env["WATCHES"] ?? "1,100,1000").split(",").map(Number);
const watchesOfConnection = 30;

/** Returns the resident memory of a process in MiB. */
const memoryOf = (pid: number) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;

const quantile = (values: readonly number[], part: number) =>
  (values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * part)] ?? 0).toFixed(1);

/** Opens watches over as many connections as they need. */
async function openWatches({ address }: ServiceProcess, count: number, begin = (_: EventWatch) => {}) {
  const connections: EventServiceClient[] = [];
  const watches: EventWatch[] = [];
  for (let number = 0; number < count; number += 1) {
    if (number % watchesOfConnection === 0) connections.push(connectEvents(address));
    const connection = connections.at(-1);
    if (!connection) continue;
    const watch = await watchEvents(connection, { environmentId, start: fromNow });
    begin(watch);
    watches.push(watch);
  }
  return { watches, close: () => [...watches, ...connections].forEach((one) => one.close()) };
}

/**
 * Measures the time from the acknowledgement of a change to its delivery to each of many watches, for changes of the
 * process that is watched and of another one, and the memory of the watches.
 */
async function measure(watched: ServiceProcess, other: ServiceProcess, count: number): Promise<void> {
  const before = memoryOf(watched.pid);
  const { watches, close } = await openWatches(watched, count);
  const acknowledged = new Map<string, number>();
  for (let number = 0; number < changes; number += 1)
    for (const [name, { memberships }] of Object.entries({ same: watched, other })) {
      const userId = `${name}-${count}-${number}`;
      await memberships.setMemberRoles({ environmentId, organizationId: "acme", userId });
      acknowledged.set(userId, performance.now());
      await sleep(30 + Math.random() * 40);
    }
  for (const watch of watches) await watch.received(2 * changes);
  for (const name of ["same", "other"]) {
    const times = watches.flatMap(({ messages, times: at }) =>
      messages.flatMap(({ events }, index) =>
        events.flatMap(({ change }) => {
          const userId = (change?.$case === "membership" && change.value.after?.userId) || "";
          return userId.startsWith(name) ? Math.max(0, (at[index] ?? 0) - (acknowledged.get(userId) ?? 0)) : [];
        }),
      ),
    );
    const figures = `p50 ${quantile(times, 0.5)} ms, p99 ${quantile(times, 0.99)} ms`;
    console.log(`${count} watches, changes of the ${name} process: ${figures}`);
  }
  console.log(`${count} watches: ${(memoryOf(watched.pid) - before).toFixed(0)} MiB more`);
  close();
}

/** Opens watches that never read on, each of which then misses far more than is sent ahead, and measures their memory. */
async function measureSlow(watched: ServiceProcess, count: number): Promise<void> {
  const before = memoryOf(watched.pid);
  const { close } = await openWatches(watched, count, (watch) => watch.pause());
  const opened = memoryOf(watched.pid);
  let most = opened;
  for (let part = 0; part < 20; part += 1) {
    const userIds = Array.from({ length: 500 }, (_, index) => `slow-${part}-${index}`);
    const memberships = userIds.map((userId) => ({ organizationId: "acme", userId, roleSlugs: [] }));
    await watched.memberships.batchSetMemberRoles({ environmentId, memberships });
    await sleep(500);
    most = Math.max(most, memoryOf(watched.pid));
  }
  const more = (memory: number) => `${(memory - before).toFixed(0)} MiB`;
  console.log(
    `${count} watches that do not read: ${more(opened)} when open, at most ${more(most)} with 10000 events to read`,
  );
  close();
}

async function main(): Promise<void> {
  const server = await findOrStartMariadb("default");
  const database = await engineOn("mariadb", server.url).create();
  const settings = { ORGROLES_DATABASE_URL: database.url, ORGROLES_ENVIRONMENTS: "alpha,beta" };
  const watched = await startProcess(settings);
  const other = await startProcess(settings);
  try {
    for (const service of [watched, other]) await serving(service);
    for (const count of counts) await measure(watched, other, count);
    await measureSlow(other, 1000);
  } finally {
    for (const service of [watched, other]) await service.end();
    await database.drop();
    await server.stop();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

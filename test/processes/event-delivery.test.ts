import { setTimeout as sleep } from "node:timers/promises";
import { randomInt } from "node:crypto";
import type { Event } from "../../gen/orgroles/v1/event";
import { type TestDatabase, type TestEngine, engines } from "../support/engines";
import { after, fromBeginning, watchEvents } from "../support/event-watch";
import { type ServiceProcess, startProcess } from "../support/process";
import { serving } from "../support/service";
import { queryOnce } from "../support/storage";
import { until } from "../support/until";

const environmentId = "alpha";
const organizations = ["acme", "globex", "initech"];

/** A service that is killed and started again. An embedded database has one process: all of its callers share it. */
class Server {
  private current: Promise<ServiceProcess>;

  constructor(private readonly database: TestDatabase) {
    this.current = this.start();
  }

  get(): Promise<ServiceProcess> {
    return this.current;
  }

  async kill(): Promise<void> {
    const before = await this.current;
    this.current = before.end("SIGKILL").then(() => this.start());
    await this.current;
  }

  async end(): Promise<void> {
    await (await this.current).end();
  }

  private async start(): Promise<ServiceProcess> {
    const settings = { ORGROLES_DATABASE_URL: this.database.url, ORGROLES_ENVIRONMENTS: "alpha,beta" };
    const service = await startProcess(settings);
    await serving(service);
    return service;
  }
}

/** Writes until it is stopped, whatever happens to its server, and adds the slugs of the roles that were acknowledged. */
async function keepWriting(server: Server, name: string, acknowledged: string[], isOver: () => boolean): Promise<void> {
  for (let number = 0; !isOver(); number += 1) {
    const organizationId = organizations[number % organizations.length] ?? "";
    const member = { environmentId, organizationId, userId: `user-${number % 2}` };
    const slug = `${number % 5 ? "org-" : ""}${name}-${number}`;
    try {
      const { memberships, roles, environments } = await server.get();
      await memberships.setMemberRoles(member);
      await roles.createRole({ environmentId, ...(number % 5 && { organizationId }), slug, name: slug });
      acknowledged.push(slug);
      await memberships.deleteMembership(member);
      if (number % 11 === 0) await environments.deleteOrganizationData({ environmentId, organizationId });
    } catch {
      await sleep(20); // the server is away, or another writer was faster
    }
  }
}

/** Watches until everything up to an event has come, from one server to the next. */
async function keepWatching(server: Server, isLast: (id: string | undefined) => boolean): Promise<Event[]> {
  const events: Event[] = [];
  let start: Parameters<typeof watchEvents>[1]["start"] = fromBeginning;
  while (!isLast(events.at(-1)?.id)) {
    const watch = await watchEvents((await server.get()).address, { environmentId, start });
    let isEnded = false;
    void watch.ended.then(() => (isEnded = true));
    await until("the end", async () => isEnded || isLast(watch.events.at(-1)?.id) || undefined, 120);
    watch.close();
    events.push(...watch.events);
    const last = watch.messages.at(-1);
    if (last) start = after(last.resumeToken);
  }
  return events;
}

/** Expects that positions have the order of the revisions of each scope. */
async function expectOrder(database: TestDatabase): Promise<void> {
  const rows = await queryOnce<{ organization_id: string; revision: number; ordinal: number }>(
    database,
    "SELECT organization_id, revision, ordinal FROM events WHERE position > 0 AND environment_uid =" +
      ` (SELECT uid FROM environments WHERE id = '${environmentId}') ORDER BY position`,
  );
  for (const scope of ["", ...organizations]) {
    const keys = rows
      .filter((row) => row.organization_id === scope)
      .map(({ revision, ordinal }) => revision * 1000 + ordinal);
    expect(keys.length).toBeGreaterThan(10);
    expect(keys).toEqual(keys.toSorted((a, b) => a - b));
  }
}

async function listAll(server: Server): Promise<Event[]> {
  const { events } = await server.get();
  const all: Event[] = [];
  let pageToken = "";
  do {
    const page = await events.listEvents({ environmentId, pageSize: 1000, pageToken });
    all.push(...page.events);
    pageToken = page.nextPageToken;
  } while (pageToken);
  return all;
}

async function serversOn(engine: TestEngine, database: TestDatabase): Promise<Server[]> {
  const first = new Server(database);
  await first.get();
  return engine.name === "sqlite" ? [first, first, first] : [first, new Server(database), new Server(database)];
}

test.each(engines)(
  "on $name a watch gets every event once and in order while two processes write, and each of them is killed",
  async (engine) => {
    const database = await engine.create();
    const servers = await serversOn(engine, database);
    const [one, two, watched] = servers as [Server, Server, Server];
    let isOver = false;
    let last: string | undefined;
    const acknowledged: string[] = [];
    const writers = [one, two].map((server, index) => keepWriting(server, `w${index}`, acknowledged, () => isOver));
    const writeMore = async () => {
      const enough = acknowledged.length + 10;
      await until("more is acknowledged", async () => acknowledged.length >= enough || undefined, 120);
    };
    const watching = keepWatching(watched, (id) => last !== undefined && id === last);
    for (const server of [one, watched, two, watched, one]) {
      await writeMore();
      await server.kill();
    }
    await until("each scope has many events", async () => acknowledged.length >= 100 || undefined, 120);
    isOver = true;
    await Promise.all(writers);
    const all = await listAll(one);
    last = all.at(-1)?.id;
    const seen = await watching;
    expect(seen.map(({ id }) => id)).toEqual(all.map(({ id }) => id));
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
    const created = new Set(
      all.flatMap(({ type, change }) =>
        type === "role.created" && change?.$case === "role" ? (change.value.after?.slug ?? []) : [],
      ),
    );
    expect(acknowledged.filter((slug) => !created.has(slug))).toEqual([]);
    await expectOrder(database);
    const { events } = await two.get();
    const resumeAnywhere = async () => {
      const index = randomInt(all.length);
      const rest = await events.listEvents({ environmentId, after: all[index]?.resumeToken, pageSize: 20 });
      const following = all.slice(index + 1, index + 21);
      expect(rest.events.map(({ id }) => id)).toEqual(following.map(({ id }) => id));
    };
    for (let times = 0; times < 1000; times += 20) await Promise.all(Array.from({ length: 20 }, resumeAnywhere));
    for (const server of new Set(servers)) await server.end();
    await database.drop();
  },
  240_000,
);

import { setTimeout as sleep } from "node:timers/promises";
import { EventNumbering } from "../../src/application/events/event-numbering";
import { EventRetention } from "../../src/application/maintenance/event-retention";
import { ownCall } from "../../src/application/request/idempotency";
import { createServices } from "../../src/app/services";
import { Refusal } from "../../src/domain/errors";
import { defaultQuotas } from "../../src/domain/limits";
import { senderOf, setSender } from "../../src/persistence/connection/direct";
import { engines } from "../support/engines";
import { type TestStorage, openStorage } from "../support/storage";

type Services = ReturnType<typeof createServices>;

const hour = 60 * 60 * 1000;
const day = 24 * hour;
const page = { types: [], newestFirst: false, pageSize: 1000, pageToken: "" };
const organizations = ["acme", "globex", "initech", "umbrella"];

interface Row {
  readonly id: string;
  readonly position: number;
  readonly organization_id: string;
  readonly revision: number;
  readonly ordinal: number;
  readonly environment_revision: number;
}

/** Reads everything after a token, or from the beginning. */
async function readOn({ events }: Services, environmentId: string, after?: string) {
  const ids: string[] = [];
  let pageToken = "";
  for (;;) {
    const list = await events.listEvents({ ...page, environmentId, after, pageToken }, ownCall);
    ids.push(...list.events.map(({ id }) => id));
    if (!list.nextPageToken) return { ids, token: list.resumeToken };
    pageToken = list.nextPageToken;
  }
}

describe.each(engines)("the sequence of events on $name", (engine) => {
  let storage: TestStorage;
  let second: TestStorage;
  let now = Date.now();
  let services: readonly Services[];
  let first: Services;
  let environments = 0;

  beforeAll(async () => {
    storage = await openStorage(engine);
    // an embedded database has one process
    second = engine.name === "sqlite" ? storage : await openStorage(engine, storage.at);
    services = [storage, second].map(({ database }) => createServices(database, defaultQuotas, () => now));
    first = services[0] as Services;
  });
  afterAll(async () => {
    if (second !== storage) await second?.close();
    await storage?.drop();
  });

  async function newEnvironment(): Promise<string> {
    environments += 1;
    const environmentId = `environment-${environments}`;
    await first.environments.createEnvironment({ environmentId, displayName: "" }, ownCall);
    return environmentId;
  }

  const rowsOf = (environmentId: string) =>
    storage.query<Row>(
      "SELECT id, position, organization_id, revision, ordinal, environment_revision FROM events" +
        " WHERE environment_uid = (SELECT uid FROM environments WHERE id = ?) ORDER BY position",
      [environmentId],
    );

  /** Expects that positions are dense, keep the order of every scope, and come after what a change saw. */
  async function expectSound(environmentId: string): Promise<string[]> {
    const rows = await rowsOf(environmentId);
    expect(rows.map(({ position }) => position)).toEqual(rows.map((_, index) => index + 1));
    const last = new Map<string, readonly number[]>();
    let seen = 0;
    for (const row of rows) {
      const key = [row.revision, row.ordinal] as const;
      const [revision = 0, ordinal = 0] = last.get(row.organization_id) ?? [];
      expect(key[0] > revision || (key[0] === revision && key[1] > ordinal)).toBe(true);
      last.set(row.organization_id, key);
      if (row.organization_id) seen = Math.max(seen, row.environment_revision);
      else expect(row.revision).toBeGreaterThan(seen);
    }
    return rows.map(({ id }) => id);
  }

  /** Writes a little of everything, in the environment and in its organizations, some of which come and go. */
  async function write(of: Services, environmentId: string, number: number): Promise<void> {
    const organizationId = organizations[number % organizations.length] ?? "";
    const scope = { environmentId, organizationId };
    const userId = `user-${number % 3}`;
    const member = { ...scope, userId };
    switch (number % 7) {
      case 0:
        await of.roles.createRole(
          { environmentId, slug: `role-${number}`, name: "Role", description: "", permissions: [] },
          ownCall,
        );
        return;
      case 1:
        await of.environments.deleteOrganizationData(scope, ownCall);
        return;
      case 2:
        await of.memberships.deleteMembership(member, ownCall).catch(() => undefined);
        return;
      case 3: {
        const memberships = organizations.map((id) => ({ organizationId: id, userId, roleSlugs: [] }));
        await of.memberships.batchSetMemberRoles({ environmentId, memberships }, ownCall);
        return;
      }
      default:
        await of.memberships.setMemberRoles({ ...member, roleSlugs: [] }, ownCall);
        await of.memberships.deleteMembership(member, ownCall).catch(() => undefined);
    }
  }

  test("never changes for anybody who reads while others write", async () => {
    const all = [await newEnvironment(), await newEnvironment()];
    let isWriting = true;
    const writers = [0, 1, 2, 3].map(async (writer) => {
      for (let number = writer; number < 120; number += 4)
        await write(services[writer % 2] as Services, all[writer % 3 ? 0 : 1] ?? "", number);
    });
    const readers = all.flatMap((environmentId) =>
      services.map(async (of) => {
        const ids: string[] = [];
        const tokens: string[] = [];
        let token: string | undefined;
        for (let isLast = false; !isLast; ) {
          isLast = !isWriting;
          const read = await readOn(of, environmentId, token);
          ids.push(...read.ids);
          ({ token } = read);
          tokens.push(token);
        }
        return { environmentId, ids, tokens };
      }),
    );
    await Promise.all(writers);
    isWriting = false;
    for (const { environmentId, ids, tokens } of await Promise.all(readers)) {
      expect(ids).toEqual(await expectSound(environmentId));
      for (const token of tokens.slice(0, 20)) {
        const rest = await readOn(first, environmentId, token);
        expect(rest.ids).toEqual(ids.slice(ids.length - rest.ids.length));
      }
    }
  }, 60_000);

  test("is whole and in order wherever numbering was stopped", async () => {
    const environmentId = await newEnvironment();
    const { token } = await readOn(first, environmentId);
    const stopped = new Error("stopped here");
    let left = Infinity;
    let sent = 0;
    await storage.database.use(async (dataSource) => {
      const send = senderOf(dataSource);
      setSender(dataSource, (sql, ...rest) => {
        if (!/\b(?:events|event_sequences)\b/.test(sql)) return send(sql, ...rest);
        sent += 1;
        if (sent > left) return Promise.reject(stopped);
        return send(sql, ...rest);
      });
    });
    let stops = 0;
    for (let wasStopped = true; wasStopped; stops += 1) {
      left = Infinity;
      await write(first, environmentId, 7 * stops + 3);
      await write(first, environmentId, 7 * (stops + 1));
      await write(first, environmentId, 7 * stops + 4);
      left = stops;
      sent = 0;
      wasStopped = await readOn(first, environmentId, token).then(
        () => false,
        (error: unknown) => {
          expect(error).toBe(stopped);
          return true;
        },
      );
    }
    left = Infinity;
    expect(stops).toBeGreaterThan(8);
    const { ids } = await readOn(first, environmentId);
    expect(ids).toEqual(await expectSound(environmentId));
  });

  test("has more events than one transaction numbers, of organizations beside each other", async () => {
    const environmentId = await newEnvironment();
    const members = Array.from({ length: 900 }, (_, index) => ({
      organizationId: organizations[index % 3] ?? "",
      userId: `user-${index}`,
      roleSlugs: [],
    }));
    await first.memberships.batchSetMemberRoles({ environmentId, memberships: members }, ownCall);
    for (let number = 0; number < 5; number += 1) await write(first, environmentId, 7 * number);
    const { ids } = await readOn(first, environmentId);
    expect(ids).toHaveLength(3 + 900 + 5);
    expect(ids).toEqual(await expectSound(environmentId));
  });

  test("is kept for as many days as the operator says, and a token expires with the events after it", async () => {
    const environmentId = await newEnvironment();
    const retention = (days: number) =>
      new EventRetention(storage.units, new EventNumbering(storage.units), () => now, days);
    const [row] = await storage.query<{ uid: never }>("SELECT uid FROM environments WHERE id = ?", [environmentId]);
    const uid = row?.uid as never;
    const create = (slug: string) =>
      first.roles.createRole({ environmentId, slug, name: slug, description: "", permissions: [] }, ownCall);
    await create("early");
    const { events } = await first.events.listEvents({ ...page, environmentId }, ownCall);
    now += 10 * day;
    await create("late");
    expect(await retention(11).step(uid, 100)).toBe(0);
    now += 2 * day;
    await create("later");
    expect(await retention(0).step(uid, 100)).toBe(0);
    const newest = { ...page, environmentId, newestFirst: true, pageSize: 4 };
    const { nextPageToken: pageToken } = await first.events.listEvents(newest, ownCall);
    expect(await retention(11).step(uid, 3)).toBe(3);
    expect(await retention(11).step(uid, 3)).toBe(1);
    expect(await retention(11).step(uid, 3)).toBe(0);
    const tokens = events.map(({ resumeToken }) => resumeToken);
    const last = tokens.at(-1);
    expect(await first.events.listEvents({ ...newest, pageToken }, ownCall)).toMatchObject({
      events: [],
      nextPageToken: "",
    });
    for (const after of tokens.slice(0, -1)) {
      const refusal: unknown = await first.events
        .listEvents({ ...page, environmentId, after }, ownCall)
        .catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(Refusal);
      const { reason, metadata } = refusal as Refusal;
      expect([reason, metadata]).toEqual(["RESUME_TOKEN_EXPIRED", { oldest_resume_token: last }]);
    }
    expect((await readOn(first, environmentId, last)).ids).toHaveLength(2);
    expect((await readOn(first, environmentId)).ids).toHaveLength(2);
    await first.environments.deleteEnvironment({ environmentId, force: true }, ownCall);
    expect((await readOn(first, environmentId, last)).ids).toHaveLength(3);
    now += 20 * day;
    expect(await retention(11).step(uid, 100)).toBe(3);
    await expect(readOn(first, environmentId, last)).rejects.toMatchObject({ reason: "ENVIRONMENT_NOT_FOUND" });
  });

  test("loses erased events for good, in steps", async () => {
    const environmentId = await newEnvironment();
    const scope = { environmentId, organizationId: "acme" };
    for (const userId of ["ann", "bob", "cyd"])
      await first.memberships.setMemberRoles({ ...scope, userId, roleSlugs: [] }, ownCall);
    await first.memberships.setMemberRoles(
      { ...scope, organizationId: "globex", userId: "ann", roleSlugs: [] },
      ownCall,
    );
    const { token } = await readOn(first, environmentId);
    await first.environments.deleteOrganizationData({ ...scope, eraseEvents: true }, ownCall);
    await first.memberships.setMemberRoles({ ...scope, userId: "ann", roleSlugs: [] }, ownCall);
    expect((await readOn(first, environmentId)).ids).toHaveLength(3 + 1 + 2);
    const numbering = new EventNumbering(storage.units);
    const retention = new EventRetention(storage.units, numbering, () => now, 0);
    const [row] = await storage.query<{ uid: never }>("SELECT uid FROM environments WHERE id = ?", [environmentId]);
    const uid = row?.uid as never;
    expect(await retention.step(uid, 2)).toBe(2);
    expect(await retention.step(uid, 2)).toBe(1);
    expect(await rowsOf(environmentId)).toHaveLength(3 + 1 + 2);
    expect(await storage.query("SELECT * FROM event_erasures WHERE environment_uid = ?", [uid])).toEqual([]);
    expect((await readOn(first, environmentId, token)).ids).toHaveLength(2);
  });

  test("is numbered whole while erased events are being deleted", async () => {
    const environmentId = await newEnvironment();
    await readOn(first, environmentId);
    const scope = { environmentId, organizationId: "acme" };
    await first.memberships.setMemberRoles({ ...scope, userId: "ann", roleSlugs: [] }, ownCall);
    await first.environments.deleteOrganizationData({ ...scope, eraseEvents: true }, ownCall);
    const [row] = await storage.query<{ uid: never }>("SELECT uid FROM environments WHERE id = ?", [environmentId]);
    const uid = row?.uid as never;
    const numbered = { number: async () => undefined } as unknown as EventNumbering; // just before the erasure
    const retention = new EventRetention(storage.units, numbered, () => now, 0);
    let deleting: Promise<number> | undefined;
    const positions = await storage.units.write(async ({ sequences }) => {
      const { lastPosition } = await sequences.lock(uid);
      const found = await sequences.listUnnumbered(uid, { organizationsFrom: "" }, 10);
      deleting ??= retention.step(uid, 10);
      if (engine.name !== "sqlite") await sleep(300); // an embedded database has one writer at a time
      await sequences.number(
        uid,
        found.map(({ id }) => id),
        lastPosition + 1,
      );
      return found.length;
    });
    expect(positions).toBe(2);
    expect(await deleting).toBe(1);
    expect((await readOn(first, environmentId)).ids).toHaveLength(3 + 1);
  });
});

import type { Event } from "../../gen/orgroles/v1/event";
import { tokenDigest } from "../../src/auth/authenticator";
import { bearer } from "../support/client";
import { engines } from "../support/engines";
import { after, connectEvents, fromBeginning, fromNow, watchEvents } from "../support/event-watch";
import { type TestService, startService } from "../support/service";
import { furnish, present } from "../support/stage";
import { until } from "../support/until";

const typesOf = (events: readonly Event[]) => events.map(({ type }) => type);
const idsOf = (events: readonly Event[]) => events.map(({ id }) => id);

const tokenOf = (name: string) => `token-of-${name}`;
const setIn = (of: TestService, environmentId: string, userId: string, ...roleSlugs: string[]) =>
  of.memberships.setMemberRoles({ environmentId, organizationId: "acme", userId, roleSlugs });

describe.each(engines)("WatchEvents on $name", (engine) => {
  let service: TestService;
  let other: TestService;
  let environments = 0;

  beforeAll(async () => {
    service = await startService(engine);
    // an embedded database has one process
    other = engine.name === "sqlite" ? service : await startService(engine, {}, service.database);
  });
  afterAll(async () => {
    if (other !== service) await other?.stop();
    await service?.drop();
  });

  async function newEnvironment(): Promise<string> {
    environments += 1;
    const environmentId = `watched-${environments}`;
    await furnish(service, environmentId);
    return environmentId;
  }
  const list = async (environmentId: string) =>
    (await service.events.listEvents({ environmentId, pageSize: 1000 })).events;

  test("begins at once, and delivers the changes of every process after that", async () => {
    const environmentId = await newEnvironment();
    const bystander = await newEnvironment();
    const watch = await watchEvents(service.address, { environmentId, start: fromNow });
    expect(watch.events).toEqual([]);
    expect(watch.token()).not.toBe("");
    await setIn(service, environmentId, "ann");
    await watch.received(1);
    await setIn(other, environmentId, "bob", "admin");
    await setIn(other, bystander, "bob", "admin");
    await setIn(other, environmentId, "ann", "admin");
    await watch.received(3);
    expect(typesOf(watch.events)).toEqual(["membership.created", "membership.created", "membership.updated"]);
    expect(watch.events.map(({ resumeToken }) => resumeToken)).toContain(watch.token());
    watch.close();
    expect((await watch.ended).code).toBe("CANCELLED");
    expect(idsOf(watch.events)).toEqual(idsOf((await list(environmentId)).slice(-3)));
  });

  test("goes on from the beginning and from any token, with what ListEvents has", async () => {
    const environmentId = await newEnvironment();
    const all = await list(environmentId);
    const whole = await watchEvents(other.address, { environmentId, start: fromBeginning });
    await whole.received(all.length);
    for (const [index, { resumeToken }] of all.entries()) {
      if (index % 4) continue;
      const rest = await watchEvents(service.address, { environmentId, start: after(resumeToken) });
      await rest.received(all.length - index - 1);
      expect(idsOf(rest.events)).toEqual(idsOf(all.slice(index + 1)));
      rest.close();
    }
    await setIn(service, environmentId, "ann");
    await whole.received(all.length + 1);
    expect(idsOf(whole.events)).toEqual(idsOf(await list(environmentId)));
    whole.close();
  });

  test("leaves out what its filter does", async () => {
    const environmentId = await newEnvironment();
    const start = fromBeginning;
    const roles = await watchEvents(service.address, { environmentId, start, types: ["role", "role_config.updated"] });
    const acme = await watchEvents(service.address, { environmentId, start, organizationId: "acme" });
    await setIn(other, environmentId, "ann");
    await acme.received(1);
    await other.roles.createRole({ environmentId, slug: "later", name: "Later" });
    await roles.received(6);
    expect(typesOf(acme.events)).toEqual(["membership.created"]);
    expect(typesOf(roles.events)).toEqual([
      "role.created",
      "role_config.updated",
      "role.created",
      "role.created",
      "role_config.updated",
      "role.created",
    ]);
    roles.close();
    acme.close();
  });

  test("delivers more than memory keeps to a reader that pauses, and nothing twice", async () => {
    const environmentId = await newEnvironment();
    const slow = await watchEvents(service.address, { environmentId, start: fromNow });
    slow.pause();
    const count = 2500;
    for (let start = 0; start < count; start += 500) {
      const memberships = Array.from({ length: 500 }, (_, index) => ({
        organizationId: `o-${index % 7}`,
        userId: `user-${start + index}`,
        roleSlugs: ["admin"],
      }));
      await other.memberships.batchSetMemberRoles({ environmentId, memberships });
    }
    const quick = await watchEvents(service.address, { environmentId, start: after(slow.token()) });
    await quick.received(count);
    slow.resume();
    await slow.received(count);
    expect(new Set(idsOf(slow.events)).size).toBe(count);
    expect(idsOf(slow.events)).toEqual(idsOf(quick.events));
    slow.close();
    quick.close();
  }, 60_000);

  test("ends with the environment, after the event of its deletion", async () => {
    const environmentId = await newEnvironment();
    const all = await watchEvents(service.address, { environmentId, start: fromNow });
    const acme = await watchEvents(service.address, { environmentId, start: fromNow, organizationId: "acme" });
    const early = (await list(environmentId))[3]?.resumeToken ?? "";
    await other.environments.deleteEnvironment({ environmentId, force: true });
    await other.environments.createEnvironment({ environmentId });
    for (const watch of [all, acme]) expect((await watch.ended).reason).toBe("ENVIRONMENT_NOT_FOUND");
    expect(typesOf(all.events)).toEqual(["environment.deleted"]);
    expect(acme.events).toEqual([]);
    const again = await watchEvents(service.address, { environmentId, start: after(early) });
    expect((await again.ended).reason).toBe("ENVIRONMENT_NOT_FOUND");
    expect(typesOf(again.events).at(-1)).toBe("environment.deleted");
    const next = await watchEvents(service.address, { environmentId, start: fromBeginning });
    expect(typesOf(next.events)).toEqual(["environment.created", "role.created", "role_config.updated"]);
    next.close();
    all.close();
    acme.close();
    again.close();
  });
});

describe("a watch", () => {
  const engine = present(engines[0]);
  const credential = (name: string, grant: object) => ({
    name,
    token_sha256: tokenDigest(tokenOf(name)).toString("hex"),
    ...grant,
  });
  let service: TestService;

  beforeAll(async () => {
    const credentials = [
      credential("root", { action: "admin", environments: "*" }),
      credential("acme", { action: "read", environments: ["alpha"], organizations: ["acme"] }),
    ];
    const settings = { ORGROLES_CREDENTIALS: JSON.stringify(credentials), ORGROLES_MAX_WATCHERS: "40" };
    service = await startService(engine, settings, undefined, bearer(tokenOf("root")));
  });
  afterAll(() => service?.drop());
  const root = bearer(tokenOf("root"));
  const set = (organizationId: string, userId: string) =>
    service.memberships.setMemberRoles({ environmentId: "alpha", organizationId, userId });

  test("of credentials of some organizations gets only what is theirs", async () => {
    const request = { environmentId: "alpha", start: fromBeginning };
    const acme = await watchEvents(service.address, request, bearer(tokenOf("acme")));
    const all = await watchEvents(service.address, request, root);
    await set("globex", "ann");
    await set("acme", "ann");
    await set("globex", "bob");
    await acme.received(1);
    await all.received(3 + 3);
    expect(acme.events.map(({ organizationId }) => organizationId)).toEqual(["acme"]);
    acme.close();
    all.close();
  });

  test("names the field of a start that is none", async () => {
    for (const [start, field] of [
      [{ $case: "fromNow", value: false }, "from_now"],
      [{ $case: "fromBeginning", value: false }, "from_beginning"],
      [{ $case: "after", value: "" }, "after"],
    ] as const) {
      const watch = await watchEvents(service.address, { environmentId: "alpha", start }, root);
      expect(await watch.ended).toMatchObject({ reason: "INVALID_FIELDS", violations: [{ field }] });
      watch.close();
    }
  });

  test("is one of 32 on its connection, and of as many as the process may have", async () => {
    const request = { environmentId: "alpha", start: fromNow };
    const connections = [connectEvents(service.address), connectEvents(service.address)] as const;
    const watches = [];
    for (let count = 0; count < 32; count += 1) watches.push(await watchEvents(connections[0], request, root));
    const tooMany = await watchEvents(connections[0], request, root);
    expect(await tooMany.ended).toMatchObject({ reason: "WATCH_LIMIT_REACHED", metadata: { limit: "connection" } });
    for (let count = 0; count < 8; count += 1) watches.push(await watchEvents(connections[1], request, root));
    const more = await watchEvents(connections[1], request, root);
    expect(await more.ended).toMatchObject({ reason: "WATCH_LIMIT_REACHED", metadata: { limit: "server" } });
    watches[0]?.close();
    await watches[0]?.ended;
    // the server may learn of the end on one connection after it hears of the next watch on another
    const freed = await until("there is room", async () => {
      const next = await watchEvents(connections[1], request, root);
      return next.messages.length ? next : undefined;
    });
    await set("initech", "ann");
    await freed.received(1);
    for (const watch of watches.slice(1)) await watch.received(1);
    for (const watch of [...watches, freed]) watch.close();
    for (const connection of connections) connection.close();
  });

  test("without anything to deliver sends a token past what its filter leaves out", async () => {
    const request = { environmentId: "alpha", start: fromNow, organizationId: "nobody" };
    const watch = await watchEvents(service.address, request, root);
    const first = watch.token();
    await set("umbrella", "ann");
    const all = await watchEvents(
      service.address,
      { ...request, organizationId: undefined, start: after(first) },
      root,
    );
    await until("the second message", async () => watch.messages[1]);
    expect((watch.times[1] ?? 0) - (watch.times[0] ?? 0)).toBeGreaterThan(5000);
    expect(watch.events).toEqual([]);
    expect(watch.token()).toBe(all.token());
    expect(watch.token()).not.toBe(first);
    watch.close();
    all.close();
  }, 30_000);

  test("ends when the server stops", async () => {
    const stopping = await startService(engine);
    const watch = await watchEvents(stopping.address, { environmentId: "alpha", start: fromNow });
    await stopping.stop();
    expect(await watch.ended).toMatchObject({ code: "UNAVAILABLE", message: "The server is stopping" });
    watch.close();
    await stopping.database.drop();
  });
});

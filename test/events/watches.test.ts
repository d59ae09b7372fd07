import type { WatchMessage, WatchStart } from "../../src/application/events/watch-events";
import { ownCall } from "../../src/application/request/idempotency";
import { createServices } from "../../src/app/services";
import { defaultQuotas } from "../../src/domain/limits";
import { engines } from "../support/engines";
import { fromBeginning, fromNow } from "../support/event-watch";
import { present } from "../support/stage";
import { type TestStorage, anEvent, openStorage } from "../support/storage";

/** Returns the types and organizations of the events of the next message. */
const next = async (messages: AsyncGenerator<WatchMessage, void, void>) => {
  const { value } = await messages.next();
  return present(value ?? undefined).events.map(({ change, organizationId }) =>
    `${change.type} ${organizationId}`.trim(),
  );
};

const notFound = { reason: "ENVIRONMENT_NOT_FOUND" };

describe("watches that read at their own pace", () => {
  let storage: TestStorage;
  let services: ReturnType<typeof createServices>;
  const open: AbortController[] = [];
  let environments = 0;

  beforeAll(async () => {
    storage = await openStorage(present(engines[0]));
    services = createServices(storage.database, defaultQuotas, Date.now);
  });
  afterAll(async () => {
    for (const controller of open) controller.abort(new Error("over"));
    await storage?.drop();
  });

  async function newEnvironment(): Promise<string> {
    environments += 1;
    const environmentId = `environment-${environments}`;
    await services.environments.createEnvironment({ environmentId, displayName: "" }, ownCall);
    return environmentId;
  }

  const set = (environmentId: string, organizationId: string, ...userIds: string[]) =>
    services.memberships.batchSetMemberRoles(
      { environmentId, memberships: userIds.map((userId) => ({ organizationId, userId, roleSlugs: [] })) },
      ownCall,
    );

  function watch(environmentId: string, start: WatchStart, organizationId?: string) {
    const controller = new AbortController();
    open.push(controller);
    const call = { ...ownCall, signal: controller.signal };
    return services.events.watchEvents({ environmentId, organizationId, types: [], start }, call);
  }

  test("one of an organization ends with the environment, although it has not read so far", async () => {
    const environmentId = await newEnvironment();
    await set(environmentId, "acme", ...Array.from({ length: 150 }, (_, index) => `user-${index}`));
    const slow = watch(environmentId, fromBeginning, "acme");
    let received = (await next(slow)).length;
    const quick = watch(environmentId, fromNow);
    await next(quick);
    await services.environments.deleteEnvironment({ environmentId, force: true }, ownCall);
    expect(await next(quick)).toEqual(["environment.deleted"]);
    await expect(quick.next()).rejects.toMatchObject(notFound);
    const readOn = async () => {
      for (;;) received += (await next(slow)).length;
    };
    await expect(readOn()).rejects.toMatchObject(notFound);
    expect(received).toBe(150);
  });

  test("none delivers what an organization changed in an environment that was being deleted", async () => {
    const environmentId = await newEnvironment();
    const [row] = await storage.query<{ uid: never }>("SELECT uid FROM environments WHERE id = ?", [environmentId]);
    const quick = watch(environmentId, fromNow);
    await next(quick);
    const slow = watch(environmentId, fromBeginning);
    await storage.units.write(async ({ events, environments: all }) => {
      const { uid } = present(await all.get(row?.uid as never));
      const deleted = { ...anEvent(uid, ""), revision: 2, environmentRevision: 2 };
      const change = { type: "environment.deleted", subject: "environment", content: {} } as const;
      await events.append([
        { ...deleted, change },
        { ...anEvent(uid, "acme"), environmentRevision: 2 },
      ]);
    });
    expect(await next(quick)).toEqual(["environment.deleted"]);
    await expect(quick.next()).rejects.toMatchObject(notFound);
    expect((await next(slow)).at(-1)).toBe("environment.deleted");
    await expect(slow.next()).rejects.toMatchObject(notFound);
  });

  test("none delivers erased events from memory", async () => {
    const environmentId = await newEnvironment();
    const watching = watch(environmentId, fromNow);
    const { resumeToken } = present((await watching.next()).value ?? undefined);
    for (const organizationId of ["acme", "globex"]) {
      await set(environmentId, organizationId, "ann");
      expect(await next(watching)).toEqual([`membership.created ${organizationId}`]);
    }
    await services.environments.deleteOrganizationData(
      { environmentId, organizationId: "acme", eraseEvents: true },
      ownCall,
    );
    expect(await next(watching)).toEqual(["organization.data_deleted acme"]);
    const again = watch(environmentId, { $case: "after", value: resumeToken });
    expect(await next(again)).toEqual(["membership.created globex", "organization.data_deleted acme"]);
  });
});

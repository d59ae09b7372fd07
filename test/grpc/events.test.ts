import type { Event } from "../../gen/orgroles/v1/event";
import type { ListEventsRequest } from "../../gen/orgroles/v1/event_service";
import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { type Stage, stageOn } from "../support/stage";

const typesOf = (events: readonly Event[]) => events.map(({ type }) => type);
const idsOf = (events: readonly Event[]) => events.map(({ id }) => id);

/** Returns all events of a list, page by page. */
async function listAll(stage: Stage, request: Partial<ListEventsRequest>): Promise<Event[]> {
  const all: Event[] = [];
  let pageToken = "";
  do {
    const page = await stage.events.listEvents({ ...request, pageToken });
    all.push(...page.events);
    pageToken = page.nextPageToken;
  } while (pageToken);
  return all;
}

describe.each(engines)("ListEvents on $name", (engine) => {
  const stage = stageOn(engine);
  /** The types of the events of a furnished environment. */
  const ofEnvironment = [
    "environment.created",
    "role.created",
    "role_config.updated",
    "permission.created",
    "permission.created",
    "permission.created",
    "role.created",
  ];
  const ofGlobex = ["role.created", "role_config.updated", "membership.created", "group_role.created"];

  test("returns every change in the order of its scope, with what it saw before it", async () => {
    const environmentId = await stage.changingEnvironment();
    const { events } = await stage.events.listEvents({ environmentId });
    expect(typesOf(events)).toEqual([...ofEnvironment, ...ofGlobex]);
    for (const event of events) {
      expect(event).toMatchObject({ environmentId, actor: "anonymous", actingUserId: "" });
      expect(event.id).toMatch(/^evt_[0-9A-HJKMNP-TV-Z]{26}$/);
      expect(event.callId).not.toBe("");
      expect(Math.abs(Date.now() - (event.time?.getTime() ?? 0))).toBeLessThan(60_000);
    }
    const own = events.filter(({ organizationId }) => organizationId === "");
    expect(own.map(({ environmentRevision }) => environmentRevision)).toEqual([1, 1, 1, 2, 3, 4, 5]);
  });

  test("reads on from any token, with any page size, and misses nothing", async () => {
    const environmentId = await stage.changingEnvironment();
    const all = await listAll(stage, { environmentId });
    for (const pageSize of [1, 2, 3, 1000]) {
      expect(idsOf(await listAll(stage, { environmentId, pageSize }))).toEqual(idsOf(all));
      for (const [index, { resumeToken: after }] of all.entries())
        if (pageSize > 2 || index % 5 === 0)
          expect(idsOf(await listAll(stage, { environmentId, after, pageSize }))).toEqual(idsOf(all.slice(index + 1)));
    }
    const newest = await listAll(stage, { environmentId, newestFirst: true, pageSize: 2 });
    expect(idsOf(newest)).toEqual(idsOf(all.toReversed()));
  });

  test("selects by organization, type, user and time", async () => {
    const environmentId = await stage.changingEnvironment();
    const scope = { environmentId, organizationId: "acme" };
    await stage.memberships.setMemberRoles({ ...scope, userId: "gil" });
    const select = async (filter: Partial<ListEventsRequest>) =>
      typesOf(await listAll(stage, { environmentId, ...filter }));
    expect(await select({ organizationId: "globex" })).toEqual(ofGlobex);
    expect(await select({ organizationId: "acme" })).toEqual(["membership.created"]);
    expect(await select({ organizationId: "nobody" })).toEqual([]);
    expect(await select({ types: ["permission"] })).toEqual(Array(3).fill("permission.created"));
    expect(await select({ types: ["group_role.created", "environment"] })).toEqual([
      "environment.created",
      "group_role.created",
    ]);
    expect(await select({ userId: "gil" })).toEqual(["membership.created", "membership.created"]);
    expect(await select({ userId: "gil", organizationId: "globex" })).toEqual(["membership.created"]);
    expect(await select({ userId: "nobody" })).toEqual([]);
    expect(await select({ sinceTime: new Date(Date.now() + 60_000) })).toEqual([]);
    expect(await select({ sinceTime: new Date(Date.now() - 60_000) })).toHaveLength(12);
    expect(await select({ newestFirst: true, organizationId: "globex", pageSize: 1 })).toEqual(ofGlobex.toReversed());
  });

  test("returns a token up to where it looked, also past what a filter leaves out", async () => {
    const environmentId = await stage.changingEnvironment();
    const looked = await stage.events.listEvents({ environmentId, userId: "nobody" });
    expect([looked.events, looked.nextPageToken]).toEqual([[], ""]);
    expect((await stage.events.listEvents({ environmentId, after: looked.resumeToken })).events).toEqual([]);
    await stage.roles.createRole({ environmentId, slug: "later", name: "Later" });
    const later = await stage.events.listEvents({ environmentId, after: looked.resumeToken });
    expect(typesOf(later.events)).toEqual(["role.created"]);
    const end = await stage.events.listEvents({ environmentId, newestFirst: true, pageSize: 1 });
    expect(end.resumeToken).toBe(later.resumeToken);
    expect(end.nextPageToken).not.toBe("");
    const older = { environmentId, newestFirst: true, pageSize: 1, pageToken: end.nextPageToken };
    expect((await stage.events.listEvents(older)).resumeToken).toBe(later.resumeToken);
  });

  test("refuses tokens of other environments and lists", async () => {
    const environmentId = await stage.changingEnvironment();
    const other = await stage.changingEnvironment();
    const { nextPageToken, resumeToken } = await stage.events.listEvents({ environmentId, pageSize: 1 });
    const reasonOf = async (request: Partial<ListEventsRequest>) =>
      (await failureOf(stage.events.listEvents(request))).reason;
    for (const after of ["x", `${resumeToken}A`, nextPageToken])
      expect(await reasonOf({ environmentId, after })).toBe("RESUME_TOKEN_INVALID");
    expect(await reasonOf({ environmentId: other, after: resumeToken })).toBe("RESUME_TOKEN_INVALID");
    for (const pageToken of ["x", resumeToken, `${nextPageToken}.`, nextPageToken.replace(/\..*\./, ".AA.")])
      expect(await reasonOf({ environmentId, pageSize: 1, pageToken })).toBe("PAGE_TOKEN_INVALID");
    expect(await reasonOf({ environmentId, types: ["role"], pageToken: nextPageToken })).toBe("PAGE_TOKEN_INVALID");
    expect(await reasonOf({ environmentId: other, pageToken: nextPageToken })).toBe("PAGE_TOKEN_INVALID");
    expect(await reasonOf({ environmentId: "none" })).toBe("ENVIRONMENT_NOT_FOUND");
    const both = { environmentId, newestFirst: true, after: resumeToken };
    expect(await failureOf(stage.events.listEvents(both))).toMatchObject({
      reason: "INVALID_FIELDS",
      violations: [{ field: "after" }],
    });
  });

  test("reads a deleted environment to its end, and never leads into the next one of its id", async () => {
    const environmentId = await stage.changingEnvironment();
    const { resumeToken } = await stage.events.listEvents({ environmentId, pageSize: 1 });
    await stage.environments.deleteEnvironment({ environmentId, force: true });
    const read = async () => {
      const events = await listAll(stage, { environmentId, after: resumeToken, pageSize: 3 });
      expect(typesOf(events)).toEqual([...ofEnvironment.slice(1), ...ofGlobex, "environment.deleted"]);
      const end = { environmentId, after: events.at(-1)?.resumeToken };
      expect((await failureOf(stage.events.listEvents(end))).reason).toBe("ENVIRONMENT_NOT_FOUND");
    };
    await read();
    await stage.environments.createEnvironment({ environmentId });
    await read();
    expect(typesOf(await listAll(stage, { environmentId }))).toEqual(ofEnvironment.slice(0, 3));
  });

  test("erases the events of an organization with its data, but for the one that says so", async () => {
    const environmentId = await stage.changingEnvironment();
    const scope = { environmentId, organizationId: "globex" };
    const initech = { environmentId, organizationId: "initech" };
    await stage.memberships.setMemberRoles({ ...initech, userId: "ann" });
    await stage.environments.deleteOrganizationData({ ...scope, eraseEvents: true });
    const left = async () => {
      const events = await listAll(stage, { environmentId });
      return events.flatMap(({ type, organizationId, change }) =>
        organizationId && change?.$case === "organization" ? [[type, change.value]] : organizationId ? [[type]] : [],
      );
    };
    const counts = { deletedRoleCount: 1, deletedMembershipCount: 1, eventsErased: true };
    expect(await left()).toEqual([["membership.created"], ["organization.data_deleted", counts]]);
    await stage.environments.deleteOrganizationData({ ...scope, eraseEvents: true });
    const none = { deletedRoleCount: 0, deletedMembershipCount: 0, eventsErased: true };
    expect(await left()).toEqual([["membership.created"], ["organization.data_deleted", none]]);
    await stage.environments.deleteOrganizationData({ environmentId, organizationId: "unknown", eraseEvents: true });
    expect(await left()).toHaveLength(2);
    await stage.environments.deleteOrganizationData(initech);
    expect((await left()).map(([type]) => type)).toEqual([
      "membership.created",
      "organization.data_deleted",
      "organization.data_deleted",
    ]);
  });

  test("ends a page at a mebibyte", async () => {
    const environmentId = await stage.changingEnvironment();
    const members = Array.from({ length: 1000 }, (_, index) => ({ organizationId: "acme", userId: `user-${index}` }));
    const memberships = members.map((one) => ({ ...one, roleSlugs: ["admin"] }));
    await stage.memberships.batchSetMemberRoles({ environmentId, memberships });
    const pages: number[] = [];
    let pageToken = "";
    const seen: string[] = [];
    do {
      const page = await stage.events.listEvents({ environmentId, organizationId: "acme", pageSize: 1000, pageToken });
      pages.push(page.events.length);
      seen.push(
        ...page.events.map(({ change }) => (change?.$case === "membership" && change.value.after?.userId) || ""),
      );
      pageToken = page.nextPageToken;
    } while (pageToken);
    expect(seen).toEqual(members.map(({ userId }) => userId));
    expect(pages.length).toBeLessThan(4);
  });
});

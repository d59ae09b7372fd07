import type { EventName, WorkOS } from "@workos-inc/node";
import { engines } from "../support/engines";
import { failure, startWorkos } from "./stage";

const every: EventName[] = (["created", "updated", "deleted"] as const).flatMap((verb) => [
  `role.${verb}` as const,
  `organization_role.${verb}` as const,
  `permission.${verb}` as const,
  `organization_membership.${verb}` as const,
]);

const namesOf = (list: { data: { event: string }[] }) => list.data.map(({ event }) => event);

/** Reads all pages, each after the last event of the one before. */
const collect = async (workos: WorkOS, order: "asc" | "desc") => {
  const names: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await workos.events.listEvents({ events: every, limit: 4, order, ...(after && { after }) });
    names.push(...namesOf(page));
    if (!page.listMetadata.after) return names;
    after = page.listMetadata.after;
    expect(after).toBe(page.data.at(-1)?.id);
  }
};

describe.each(engines.filter(({ name }) => name !== "mysql"))("events on $name", (engine) => {
  let stage: Awaited<ReturnType<typeof startWorkos>>;
  let workos: WorkOS;
  let membership: string;
  beforeAll(async () => {
    stage = await startWorkos(engine);
    workos = stage.by("alpha");
    const { authorization, userManagement } = workos;
    await authorization.createPermission({ slug: "docs:read", name: "Read" });
    await authorization.createOrganizationRole("acme", { slug: "org-auditor", name: "Auditor" });
    const permissions = ["docs:read"];
    await authorization.setOrganizationRolePermissions("acme", "org-auditor", { permissions });
    await authorization.setOrganizationRolePermissions("acme", "org-auditor", { permissions }); // changes nothing
    const made = await userManagement.createOrganizationMembership({ organizationId: "acme", userId: "ann" });
    membership = made.id;
    await userManagement.updateOrganizationMembership(membership, { roleSlug: "org-auditor" });
    await userManagement.deleteOrganizationMembership(membership);
    await authorization.deleteOrganizationRole("acme", "org-auditor");
    await authorization.createOrganizationRole("globex", { slug: "org-other", name: "Other" });
    await authorization.deletePermission("docs:read");
  });
  afterAll(() => stage?.service.drop());

  const sequence = [
    "role.created",
    "permission.created",
    "organization_role.created",
    "organization_role.updated",
    "organization_membership.created",
    "organization_membership.updated",
    "organization_membership.deleted",
    "organization_role.deleted",
    "organization_role.created",
    "permission.deleted",
  ];

  test("every change is there under its name, once, in its order", async () => {
    expect(namesOf(await workos.events.listEvents({ events: every, limit: 100 }))).toEqual(sequence);
    const other = await stage.by("beta").events.listEvents({ events: every });
    expect(namesOf(other)).toEqual(["role.created"]);
  });

  test("content is what clients read: the last state of what was deleted, and the same ids", async () => {
    const { data } = await workos.events.listEvents({
      events: ["organization_role.deleted", "organization_membership.deleted"],
    });
    expect(data).toEqual([
      expect.objectContaining({
        event: "organization_membership.deleted",
        data: expect.objectContaining({ id: membership, userId: "ann", role: { slug: "org-auditor" } }),
      }),
      expect.objectContaining({
        event: "organization_role.deleted",
        data: expect.objectContaining({
          object: "organization_role",
          organizationId: "acme",
          slug: "org-auditor",
          permissions: ["docs:read"],
        }),
      }),
    ]);
  });

  test("pages follow the last event that the client has, in both orders", async () => {
    expect(await collect(workos, "asc")).toEqual(sequence);
    expect(await collect(workos, "desc")).toEqual(sequence.toReversed());
  });

  test("an organization, kinds and a time select events", async () => {
    const ofGlobex = await workos.events.listEvents({ events: every, organizationId: "globex" });
    expect(namesOf(ofGlobex)).toEqual(["organization_role.created"]);
    const custom = await workos.events.listEvents({ events: ["organization_role.created"] });
    expect(custom.data).toHaveLength(2);
    expect(namesOf(await workos.events.listEvents({ events: ["role.created"] }))).toEqual(["role.created"]);
    const [first] = (await workos.events.listEvents({ events: ["permission.deleted"] })).data;
    const since = await workos.events.listEvents({ events: every, rangeStart: first?.createdAt ?? "" });
    expect(namesOf(since).at(-1)).toBe("permission.deleted");
    const until = await workos.events.listEvents({ events: every, limit: 100, rangeEnd: first?.createdAt ?? "" });
    expect(namesOf(until)).not.toContain("permission.deleted");
  });

  test("kinds that this service does not have are none, and a list of none is refused", async () => {
    expect((await workos.events.listEvents({ events: ["user.created"] })).data).toEqual([]);
    expect(await failure(workos.events.listEvents({ events: [] }))).toMatchObject({ status: 422 });
  });

  test.each(["evt_0", `evt_${"0".repeat(26)}`, "évt"])("the cursor %s is refused", async (after) => {
    expect(await failure(workos.events.listEvents({ events: every, after }))).toMatchObject({ status: 400 });
  });
});

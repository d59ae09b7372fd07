import { randomUUID } from "node:crypto";
import type { TestClient } from "../support/client";
import { type TestDatabase, isOnCluster, servers } from "../support/engines";
import { many } from "../support/many";
import { type ServiceProcess, startProcess } from "../support/process";
import { listOrg, outcomeOf, reasonsOf } from "../support/race";
import { repeatConflicts } from "../support/repeat-conflicts";
import { serving } from "../support/service";
import { queryOnce } from "../support/storage";
import { until } from "../support/until";
import { type Member, Watch, membersOf, nameOf } from "../support/watch";

const newId = (kind: string) => `${kind}-${randomUUID()}`;

describe.each(servers)("members in two processes on $name", (engine) => {
  let database: TestDatabase;
  let services: ServiceProcess[];
  const at = (index: number): TestClient => services[index % services.length] as ServiceProcess;

  beforeAll(async () => {
    database = await engine.create();
    const start = () => startProcess({ ORGROLES_DATABASE_URL: database.url, ORGROLES_ENVIRONMENTS: "alpha,beta" });
    services = await Promise.all(many(2, start));
    await Promise.all(services.map(serving));
    if (isOnCluster) services = services.map(repeatConflicts);
  });
  afterAll(async () => {
    await Promise.all((services ?? []).map((service) => service.end()));
    await database?.drop();
  });

  /** An environment of its own with the roles `member` (default), `admin` and `viewer`. */
  async function newEnvironment(multiple: boolean): Promise<string> {
    const environmentId = newId("e");
    await at(0).environments.createEnvironment({ environmentId });
    if (multiple) await setMultiple(0, environmentId, true);
    for (const slug of ["admin", "viewer"]) await createRole(environmentId, slug);
    return environmentId;
  }

  const createRole = (environmentId: string, slug: string, organizationId?: string) =>
    at(1).roles.createRole({ environmentId, slug, name: "Name", ...(organizationId && { organizationId }) });
  const setMultiple = (index: number, environmentId: string, multipleRolesEnabled: boolean) =>
    at(index).environments.updateEnvironment({
      environmentId,
      environment: { multipleRolesEnabled } as never,
      updateMask: ["multiple_roles_enabled"],
    });
  const setMember = (index: number, environmentId: string, member: Member, ...roleSlugs: string[]) =>
    at(index).memberships.setMemberRoles({ environmentId, ...member, roleSlugs });

  /** An organization with a configuration of its own and the custom role `org-lead`. */
  async function newOwnOrganization(environmentId: string): Promise<string> {
    const organizationId = newId("o");
    await createRole(environmentId, "org-lead", organizationId);
    return organizationId;
  }

  /** The members of an organization as both processes show them. */
  async function membersEverywhere(environmentId: string, organizationId: string): Promise<Map<string, string[]>> {
    const lists = await Promise.all(services.map((service) => membersOf(service, environmentId, organizationId)));
    expect(lists[1]).toEqual(lists[0]);
    const { roles } = await listOrg(at(0), environmentId, organizationId);
    const listed = new Set(roles.map(({ slug }) => slug));
    for (const slugs of lists[0]?.values() ?? []) for (const slug of slugs) expect(listed).toContain(slug);
    return lists[0] as Map<string, string[]>;
  }

  test("assignments of a role against its deletion: what was acknowledged has the successor afterwards", async () => {
    const environmentId = await newEnvironment(true);
    for (let round = 0; round < 3; round += 1) {
      const slug = `temporary-${round}`;
      await createRole(environmentId, slug);
      const inheriting = many(3, () => newId("o"));
      const own = await newOwnOrganization(environmentId);
      await at(round).roles.setDefaultRole({ environmentId, organizationId: own, slug: "org-lead" });
      const organizations = [...inheriting, own];
      for (const organizationId of organizations)
        await at(round).memberships.setGroupRole({ environmentId, organizationId, groupId: "crew", roleSlug: slug });

      const watch = new Watch(environmentId, organizations, ["member", "org-lead", "viewer", slug]);
      const acknowledge = async <T>(call: Promise<T>, ...members: Member[]): Promise<T> => {
        const answer = await call;
        watch.acknowledged.push(...members);
        return answer;
      };
      const member = (index: number, kind: string): Member => ({
        organizationId: organizations[index % organizations.length] ?? "",
        userId: `${kind}-${index}`,
      });
      const set = (index: number) => {
        const one = member(index, "set");
        return acknowledge(setMember(index, environmentId, one, slug), one);
      };
      const setBoth = (index: number) => {
        const one = member(index, "both");
        return acknowledge(setMember(index, environmentId, one, "viewer", slug), one);
      };
      const batch = (index: number) => {
        const members = many(20, (number) => member(number, `batch-${index}`));
        const memberships = members.map((one) => ({ ...one, roleSlugs: [slug] }));
        return acknowledge(at(index).memberships.batchSetMemberRoles({ environmentId, memberships }), ...members);
      };
      const sync = (index: number) => {
        const one = member(index, "sync");
        return acknowledge(
          at(index).memberships.syncMemberGroups({ environmentId, ...one, groupIds: ["crew", "nobody"] }),
          one,
        );
      };
      await Promise.all([...many(4, (index) => set(1000 + index)), batch(1000), sync(1000)]);
      const remove = async () => {
        await until("some are acknowledged", async () => (watch.acknowledged.length > 60 ? true : undefined));
        const answer = await at(round).roles.deleteEnvironmentRole({ environmentId, slug });
        watch.gone.add(slug);
        return answer;
      };
      const writing = outcomeOf<unknown>([
        ...many(2, batch),
        ...many(40, (index) => (index % 4 === 0 ? sync : index % 4 === 1 ? setBoth : set)(index)),
        remove(),
        ...many(40, (index) => (index % 4 === 0 ? sync : index % 4 === 1 ? setBoth : set)(index + 40)),
        ...many(2, (index) => batch(index + 2)),
      ]);
      const { failures } = await watch.during(services, writing);
      expect(Object.keys(reasonsOf(failures)).filter((reason) => reason !== "ROLE_NOT_ASSIGNABLE")).toEqual([]);
      const acknowledged = new Set(watch.acknowledged.map(nameOf));
      for (const organizationId of organizations) {
        const successor = organizationId === own ? "org-lead" : "member";
        for (const [userId, slugs] of await membersEverywhere(environmentId, organizationId)) {
          expect(acknowledged).toContain(nameOf({ organizationId, userId }));
          expect({ userId, slugs }).toEqual({ userId, slugs: [userId.startsWith("both") ? "viewer" : successor] });
          acknowledged.delete(nameOf({ organizationId, userId }));
        }
      }
      expect([...acknowledged]).toEqual([]);
    }
  });

  test("an organization's new default against a deletion: no member shows first the old one and then the new one", async () => {
    const environmentId = await newEnvironment(false);
    for (let round = 0; round < 6; round += 1) {
      const slug = `leaving-${round}`;
      await createRole(environmentId, slug);
      const organizationId = await newOwnOrganization(environmentId);
      await at(round).roles.setDefaultRole({ environmentId, organizationId, slug: "admin" });
      const members = many(60, (index) => ({ organizationId, userId: `user-${index}` }));
      await at(round).memberships.batchSetMemberRoles({
        environmentId,
        memberships: members.map((member) => ({ ...member, roleSlugs: [slug] })),
      });
      const watch = new Watch(environmentId, [organizationId], ["admin", "viewer", slug]);
      watch.acknowledged.push(...members);
      const remove = at(round).roles.deleteEnvironmentRole({ environmentId, slug });
      const change = at(round + 1).roles.setDefaultRole({ environmentId, organizationId, slug: "viewer" });
      const both = round % 2 ? [remove, change] : [change, remove];
      const { failures } = await watch.during(services, outcomeOf<unknown>(both));
      expect(reasonsOf(failures)).toEqual({});

      const after = await membersEverywhere(environmentId, organizationId);
      const shown = new Set([...after.values()].map((slugs) => slugs.join()));
      expect(shown.size).toBe(1);
      const [final = ""] = shown;
      expect(["admin", "viewer"]).toContain(final);
      for (const sequence of watch.sequences.values())
        expect([[slug], [final], [slug, final]]).toContainEqual(sequence);
    }
  });

  test("the end of multiple roles against orders and assignments: each member keeps one role, the highest of a moment", async () => {
    for (let round = 0; round < 3; round += 1) {
      const environmentId = await newEnvironment(true);
      const organizationId = await newOwnOrganization(environmentId);
      const members = many(40, (index) => ({ organizationId, userId: `user-${index}` }));
      await at(round).memberships.batchSetMemberRoles({
        environmentId,
        memberships: members.map((member) => ({ ...member, roleSlugs: ["admin", "viewer"] })),
      });
      const watch = new Watch(environmentId, [organizationId], ["admin", "viewer"]);
      watch.acknowledged.push(...members);
      const late = many(30, (index) => ({ organizationId, userId: `late-${index}` }));
      const assign = async (member: Member, index: number) => {
        await setMember(index, environmentId, member, "admin", "viewer");
        watch.acknowledged.push(member);
      };
      const order = ["viewer", "admin", "member", "org-lead"];
      const work = outcomeOf<unknown>([
        ...late.slice(0, 10).map(assign),
        at(round).roles.setPriority({ environmentId, organizationId, slugs: order }),
        ...late.slice(10, 15).map(assign),
        setMultiple(round + 1, environmentId, false),
        ...late.slice(15).map(assign),
      ]);
      const { failures } = await watch.during(services, work);
      expect(Object.keys(reasonsOf(failures)).filter((reason) => reason !== "MULTIPLE_ROLES_DISABLED")).toEqual([]);

      const after = await membersEverywhere(environmentId, organizationId);
      expect(new Set(after.keys())).toEqual(new Set(watch.acknowledged.map(({ userId }) => userId)));
      const shown = new Set([...after.values()].map((slugs) => slugs.join()));
      expect(shown.size).toBe(1);
      const [final = ""] = shown;
      expect(["admin", "viewer"]).toContain(final);
      const both = new Set(["admin,viewer", "viewer,admin"]);
      for (const [key, sequence] of watch.sequences) {
        const end = sequence.findIndex((roles) => !both.has(roles));
        if (end >= 0) expect([key, sequence.slice(end)]).toEqual([key, [final]]);
      }
    }
  });

  test("a custom role's deletion against assignments of it: what was acknowledged has the replacement", async () => {
    const environmentId = await newEnvironment(false);
    for (let round = 0; round < 4; round += 1) {
      const organizationId = await newOwnOrganization(environmentId);
      const watch = new Watch(environmentId, [organizationId], ["org-lead", "viewer"]);
      const assign = async (index: number) => {
        const member = { organizationId, userId: `user-${index}` };
        await setMember(index, environmentId, member, "org-lead");
        watch.acknowledged.push(member);
      };
      await Promise.all(many(10, assign));
      const remove = async () => {
        const answer = await at(round).roles.deleteOrgRole({
          environmentId,
          organizationId,
          slug: "org-lead",
          replacementRoleSlug: "viewer",
        });
        watch.gone.add("org-lead");
        return answer;
      };
      const work = outcomeOf<unknown>([
        ...many(15, (index) => assign(index + 10)),
        remove(),
        ...many(25, (index) => assign(index + 25)),
      ]);
      const { failures, answers } = await watch.during(services, work);
      expect(Object.keys(reasonsOf(failures)).filter((reason) => reason !== "ROLE_NOT_ASSIGNABLE")).toEqual([]);
      const after = await membersEverywhere(environmentId, organizationId);
      expect(new Set(after.keys())).toEqual(new Set(watch.acknowledged.map(({ userId }) => userId)));
      for (const slugs of after.values()) expect(slugs).toEqual(["viewer"]);
      expect(answers).toContainEqual(expect.objectContaining({ reassignedMembershipCount: watch.acknowledged.length }));
    }
  });

  test("the last member's end against creations in its organization: what was created stays, with its row", async () => {
    const environmentId = await newEnvironment(false);
    const [{ uid } = { uid: "" }] = await queryOnce<{ uid: string }>(
      database,
      `SELECT uid FROM environments WHERE id = '${environmentId}'`,
    );
    const rowsOf = (organizationId: string) =>
      queryOnce(database, `SELECT id FROM organizations WHERE environment_uid = '${uid}' AND id = '${organizationId}'`);
    const round = async (index: number) => {
      const organizationId = newId("o");
      const scope = { environmentId, organizationId };
      const [last, next] = ["last", "next"].map((userId) => ({ organizationId, userId })) as [Member, Member];
      await setMember(index, environmentId, last, "admin");
      const creations = [
        () => setMember(index, environmentId, next, "viewer"),
        () => at(index + 1).roles.createRole({ ...scope, slug: "org-first", name: "First" }),
        () => at(index + 1).memberships.setGroupRole({ ...scope, groupId: "crew", roleSlug: "viewer" }),
      ].filter((_, number) => number === index % 4 || index % 4 === 3);
      const remove = () => at(index + 1).memberships.deleteMembership({ ...scope, userId: "last" });
      const calls: (() => Promise<unknown>)[] = index % 2 ? [remove, ...creations] : [...creations, remove];
      expect(reasonsOf((await outcomeOf(calls.map((call) => call()))).failures)).toEqual({});

      const made = (number: number) => index % 4 === number || index % 4 === 3;
      const expected = new Map(made(0) ? [["next", ["viewer"]]] : []);
      expect(await membersEverywhere(environmentId, organizationId)).toEqual(expected);
      const { roles } = await listOrg(at(index), environmentId, organizationId);
      expect(roles.some(({ slug }) => slug === "org-first")).toBe(made(1));
      const { groupRoles } = await at(index).memberships.listGroupRoles(scope);
      expect(groupRoles.map(({ groupId }) => groupId)).toEqual(made(2) ? ["crew"] : []);
      expect(await rowsOf(organizationId)).toHaveLength(1);

      if (made(0)) await at(index).memberships.deleteMembership({ ...scope, userId: "next" });
      if (made(2)) await at(index).memberships.deleteGroupRole({ ...scope, groupId: "crew" });
      expect(await rowsOf(organizationId)).toHaveLength(made(1) ? 1 : 0);
    };
    for (let start = 0; start < 24; start += 8) await Promise.all(many(8, (index) => round(start + index)));

    for (const table of ["role_assignments", "group_roles"])
      expect(
        await queryOnce(
          database,
          `SELECT 1 FROM ${table} a LEFT JOIN organizations o ON o.environment_uid = a.environment_uid` +
            " AND o.uid = a.organization_uid LEFT JOIN purges p ON p.kind = 'organization'" +
            " AND p.environment_uid = a.environment_uid AND p.subject_id = a.organization_uid" +
            " WHERE o.id IS NULL AND p.kind IS NULL",
        ),
      ).toEqual([]);
  });

  test("at the end every process stops cleanly, and none has logged a failure of its own", async () => {
    expect(await Promise.all(services.map((service) => service.end()))).toEqual([0, 0]);
    for (const service of services) expect(service.output()).not.toMatch(/internal error|unhandled|"level":[56]0/i);
  });
});

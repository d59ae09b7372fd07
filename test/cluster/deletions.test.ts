import { setTimeout as sleep } from "node:timers/promises";
import type { TestClient } from "../support/client";
import { many } from "../support/many";
import { listOrg, outcomeOf, reasonsOf } from "../support/race";
import { queryOnce } from "../support/storage";
import { membersOf } from "../support/watch";
import { Processes } from "./processes";

/**
 * Deletions against writes on other nodes that must not meet them. The nodes do not see each other's locks: each of
 * these pairs has to write the same row, or to mean nothing together.
 */
let processes: Processes;
const at = (index: number): TestClient => processes.at(index);

beforeAll(async () => {
  processes = await Processes.start();
}, 90_000);
afterAll(() => processes?.end());

const rounds = 40;
const atOnce = 4;

/** Runs the rounds, some at once. The environment and the nodes are others in each. */
async function inRounds(name: string, round: (environmentId: string, index: number) => Promise<void>): Promise<void> {
  for (let start = 0; start < rounds; start += atOnce)
    await Promise.all(
      many(atOnce, async (offset) => {
        const index = start + offset;
        const environmentId = `${name}-${index}`;
        await at(index).environments.createEnvironment({ environmentId });
        await round(environmentId, index);
      }),
    );
}

async function after(milliseconds: number, call: () => Promise<unknown>): Promise<unknown> {
  await sleep(milliseconds);
  return call();
}

/** Runs calls at once, the first of them earlier or later than the others by up to three milliseconds. */
async function raceOf(index: number, first: () => Promise<unknown>, others: readonly (() => Promise<unknown>)[]) {
  const delay = (index % 7) - 3;
  const [one, more] = await Promise.all([
    outcomeOf([after(delay, first)]),
    outcomeOf(others.map((call) => after(-delay, call))),
  ]);
  return { isFirstDone: one.answers.length > 0, first: reasonsOf(one.failures), others: more };
}

const firstData = {
  "custom roles": (client: TestClient, scope: { environmentId: string; organizationId: string }) =>
    client.roles.createRole({ ...scope, name: "Lead" }),
  members: (client: TestClient, scope: { environmentId: string; organizationId: string }) =>
    client.memberships.setMemberRoles({ ...scope, userId: "ann" }),
  groups: (client: TestClient, scope: { environmentId: string; organizationId: string }) =>
    client.memberships.setGroupRole({ ...scope, groupId: "crew", roleSlug: "member" }),
};

test.each(Object.entries(firstData))(
  "an environment that must be empty against first %s: one side wins, and nothing is left of the other",
  async (kind, create) => {
    await inRounds(`empty-${kind.replace(" ", "-")}`, async (environmentId, index) => {
      const organizationIds = many((index % 2) + 1, (number) => `acme-${number}`);
      const race = await raceOf(
        index,
        () => at(index).environments.deleteEnvironment({ environmentId }),
        organizationIds.map(
          (organizationId, number) => () => create(at(index + 1 + number), { environmentId, organizationId }),
        ),
      );
      if (race.isFirstDone) {
        expect(race.others.answers).toEqual([]);
        expect(reasonsOf(race.others.failures)).toEqual({ ENVIRONMENT_NOT_FOUND: organizationIds.length });
      } else {
        expect(race.first).toEqual({ ENVIRONMENT_NOT_EMPTY: 1 });
        expect(reasonsOf(race.others.failures)).toEqual({});
        for (const organizationId of organizationIds)
          await at(index).environments.getOrganization({ environmentId, organizationId });
      }
    });
    const orphans = "SELECT id FROM organizations WHERE environment_uid NOT IN (SELECT uid FROM environments)";
    expect(await queryOnce(processes.database, orphans)).toEqual([]);
  },
);

test("an environment with everything in it against first custom roles: nothing is left of it, and its id is free", async () => {
  await inRounds("forced", async (environmentId, index) => {
    const organizationIds = many(2, (number) => `acme-${number}`);
    const race = await raceOf(
      index,
      () => at(index).environments.deleteEnvironment({ environmentId, force: true }),
      organizationIds.map(
        (organizationId, number) => () =>
          at(index + 1 + number).roles.createRole({ environmentId, organizationId, name: "Lead" }),
      ),
    );
    expect(race.first).toEqual({});
    for (const reason of Object.keys(reasonsOf(race.others.failures))) expect(reason).toBe("ENVIRONMENT_NOT_FOUND");
    await at(index + 1).environments.createEnvironment({ environmentId });
    for (const organizationId of organizationIds)
      expect((await listOrg(at(index + 2), environmentId, organizationId)).roles).toHaveLength(1);
    expect(await at(index).environments.deleteEnvironment({ environmentId })).toEqual({ deletedOrganizationCount: 0 });
  });
});

test("a permission against its grants to custom roles: no role has it afterwards, nor one with its slug", async () => {
  const organizationId = "acme";
  await inRounds("permission", async (environmentId, index) => {
    const key = { environmentId, slug: "invoices:read" };
    await at(index).permissions.createPermission({ ...key, name: "Read" });
    const { role } = await at(index).roles.createRole({ environmentId, organizationId, name: "Lead" });
    const slug = role?.slug ?? "";
    const race = await raceOf(index, () => at(index).permissions.deletePermission(key), [
      () => at(index + 1).roles.addRolePermissions({ environmentId, organizationId, slug, permissions: [key.slug] }),
      () => at(index + 2).roles.createRole({ environmentId, organizationId, name: "Second", permissions: [key.slug] }),
    ]);
    expect(race.first).toEqual({});
    for (const reason of Object.keys(reasonsOf(race.others.failures))) expect(reason).toBe("PERMISSION_UNKNOWN");
    const granted = async (node: number) => {
      const { roles } = await listOrg(at(node), environmentId, organizationId);
      return roles.flatMap(({ permissions }) => permissions);
    };
    expect(await granted(index + 1)).toEqual([]);
    await at(index + 2).permissions.createPermission({ ...key, name: "Read again" });
    expect(await granted(index)).toEqual([]);
  });
});

test("a custom role against its assignment and its mapping: it is in use, or they do not find it", async () => {
  const organizationId = "acme";
  await inRounds("custom-role", async (environmentId, index) => {
    const scope = { environmentId, organizationId };
    const slug = "org-lead";
    await at(index).roles.createRole({ ...scope, slug, name: "Lead" });
    const isMember = index % 2 === 0;
    const race = await raceOf(index, () => at(index).roles.deleteOrgRole({ ...scope, slug }), [
      () =>
        isMember
          ? at(index + 1).memberships.setMemberRoles({ ...scope, userId: "ann", roleSlugs: [slug] })
          : at(index + 1).memberships.setGroupRole({ ...scope, groupId: "crew", roleSlug: slug }),
    ]);
    const listed = (await listOrg(at(index + 2), environmentId, organizationId)).roles.map((role) => role.slug);
    const members = await membersOf(at(index + 2), environmentId, organizationId);
    const { groupRoles } = await at(index).memberships.listGroupRoles(scope);
    const users = [...members.values()].flat().concat(groupRoles.map(({ roleSlug }) => roleSlug));
    expect(race.isFirstDone).toBe(race.others.answers.length === 0);
    expect(listed).toEqual(race.isFirstDone ? ["member"] : ["member", slug]);
    expect(users).toEqual(race.isFirstDone ? [] : [slug]);
    if (!race.isFirstDone) expect(Object.keys(race.first)).toEqual(["ROLE_IN_USE"]);
  });
});

test("a default role against its choice by an organization: the default is a role that is there", async () => {
  const organizationId = "acme";
  await inRounds("default-role", async (environmentId, index) => {
    const slug = "admin";
    await at(index).roles.createRole({ environmentId, slug, name: "Admin" });
    await at(index).roles.createRole({ environmentId, organizationId, name: "Lead" });
    const race = await raceOf(index, () => at(index).roles.deleteEnvironmentRole({ environmentId, slug }), [
      () => at(index + 1).roles.setDefaultRole({ environmentId, organizationId, slug }),
      () =>
        at(index + 2).memberships.setMemberRoles({ environmentId, organizationId, userId: "ann", roleSlugs: [slug] }),
    ]);
    const { roles, config } = await listOrg(at(index + 2), environmentId, organizationId);
    expect(roles.some((role) => role.slug === slug)).toBe(!race.isFirstDone);
    if (race.isFirstDone) expect(config?.defaultRoleSlug).toBe("member");
    else expect(race.first).toEqual({ REPLACEMENT_DEFAULT_ROLE_REQUIRED: 1 });
    const listed = new Set(roles.map((role) => role.slug));
    for (const slugs of (await membersOf(at(index), environmentId, organizationId)).values()) {
      expect(slugs).toHaveLength(1);
      for (const one of slugs) expect(listed).toContain(one);
    }
  });
});

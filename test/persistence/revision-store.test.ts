import * as fc from "fast-check";
import type { CurrentRevisions, RevisionQuery } from "../../src/application/ports/revision-store";
import type { EnvironmentId, OrganizationId } from "../../src/domain/values";
import { splitWords } from "../../src/persistence/stores/single-member-revisions";
import { engines } from "../support/engines";
import { aMember, environmentId, newOrganizationUid, newUid, org, user } from "../support/storage";
import { acme, useWorld } from "../support/world";

/** What callers read of a result. */
function shown(
  found: CurrentRevisions,
  { environmentId: id, environmentUid, organizationIds, members }: RevisionQuery,
) {
  const [organizationId = org("")] = organizationIds;
  const environment = found.environment(id);
  const organization = found.organization(environmentUid, organizationId);
  return {
    environment: environment && { uid: environment.uid, revision: environment.revision },
    organization: organization && { uid: organization.uid, revision: organization.revision },
    members: members.map((key) => {
      const member = found.member(environmentUid, key);
      return member && { ...member, roleIds: member.roleIds.toSorted() };
    }),
  };
}

describe.each(engines)("the revision store on $name", (engine) => {
  const world = useWorld(engine);

  const find = async (...queries: RevisionQuery[]): Promise<CurrentRevisions> => {
    const found = await world.units.lookup((stores) => stores.revisions.find(queries));
    if (!found) throw new Error("too many rows");
    return found;
  };
  const query = (
    userId: string,
    {
      id = world.environment.id,
      uid = world.uid,
      organizationId = acme,
      organizationUid = world.ids.acme,
    }: {
      id?: EnvironmentId;
      uid?: typeof world.uid;
      organizationId?: OrganizationId;
      organizationUid?: typeof world.ids.acme;
    } = {},
  ): RevisionQuery => ({
    environmentId: id,
    environmentUid: uid,
    organizationIds: [organizationId],
    members: [{ organizationUid, userId: user(userId) }],
  });

  test("returns revisions and members with all their roles", async () => {
    const { uid, ids, environment } = world;
    expect(shown(await find(query("bob")), query("bob"))).toEqual({
      environment: { uid, revision: environment.revision },
      organization: { uid: ids.acme, revision: 1 },
      members: [aMember(ids.acme, "bob", [ids.admin, ids.lead])],
    });
  });

  test("one query for one member returns the same as the same query among others", async () => {
    const queries = [
      query("ann"),
      query("bob"),
      query("nobody"),
      query("ANN"),
      query("ann", { organizationId: org("nowhere"), organizationUid: newOrganizationUid() }),
      query("ann", { organizationUid: newOrganizationUid() }),
      query("ann", { uid: newUid() }),
    ];
    for (const each of queries) expect(shown(await find(each), each)).toEqual(shown(await find(each, each), each));
    const all = await find(...queries);
    for (const each of queries.slice(0, 4)) expect(shown(all, each)).toEqual(shown(await find(each), each));
  });

  test("an environment that does not exist is not found, alone and among others", async () => {
    const none = query("ann", { id: environmentId("none") });
    for (const found of [await find(none), await find(none, none), await find(none, query("ann"))])
      expect(found.environment(none.environmentId)).toBeUndefined();
  });

  test("members with far more roles than a result should have are not returned", async () => {
    const roles = Array.from({ length: 2600 }, (_, index) => `role_${String(index).padStart(26, "0")}`);
    const crowded = aMember(world.ids.acme, "crowded", roles as (typeof world.ids.admin)[]);
    await world.units.write((stores) => stores.memberships.put(world.uid, [crowded]));
    const each = query("crowded");
    expect(await world.units.lookup((stores) => stores.revisions.find([each, each]))).toBeUndefined();
  });
});

test("a text is split at its spaces as by `split`", () => {
  const texts = fc.array(fc.constantFrom(" ", "  ", "a", "role_1", "é", "")).map((parts) => parts.join(""));
  fc.assert(fc.property(texts, (text) => expect(splitWords(text)).toEqual(text.split(" "))));
});

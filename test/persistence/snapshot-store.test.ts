import type { ContentQuery, CurrentContents } from "../../src/application/ports/snapshot-store";
import { engines } from "../support/engines";
import { org, user } from "../support/storage";
import { acme, useWorld } from "../support/world";

const globex = org("globex");

/** Returns the permissions of roles as text, in no order. */
const sorted = (grants: ReadonlyMap<string, readonly string[]> = new Map()) =>
  new Set([...grants].map(([id, permissions]) => `${id}: ${permissions.toSorted().join()}`));

describe.each(engines)("the snapshot store on $name", (engine) => {
  const world = useWorld(engine);

  const find = async (...queries: ContentQuery[]): Promise<CurrentContents> => {
    const found = await world.units.lookup((stores) => stores.snapshots.find(queries));
    if (!found) throw new Error("too many rows");
    return found;
  };
  const query = (parts: Partial<ContentQuery>): ContentQuery => ({
    environmentId: world.environment.id,
    environmentUid: world.uid,
    organizationIds: [acme, globex],
    members: [],
    users: [],
    ...parts,
  });
  const uidOf = { [acme]: world.ids.acme, [globex]: world.ids.globex };
  const asked = [
    [acme, "ann"],
    [acme, "bob"],
    [acme, "nobody"],
    [globex, "ann"],
    [globex, "BOB"],
  ] as const;
  const users = asked.map(([organizationId, userId]) => ({ organizationId, userId: user(userId) }));
  const members = users.map(({ organizationId, userId }) => ({ organizationUid: uidOf[organizationId]!, userId }));
  const shown = (found: CurrentContents) => ({
    organizations: [acme, globex, org("nowhere")].map((id) => found.content(world.uid, id)),
    members: members.map((key) => {
      const member = found.member(world.uid, key);
      return member && { ...member, roleIds: member.roleIds.toSorted() };
    }),
  });

  test("finds members by the ids of their organizations as by their uids", async () => {
    const byUid = shown(await find(query({ members })));
    expect(byUid.members.filter(Boolean).length).toBeGreaterThanOrEqual(2);
    expect(shown(await find(query({ users })))).toEqual(byUid);
    const single = users.map((one) => query({ organizationIds: [one.organizationId], users: [one] }));
    expect(shown(await find(...single, query({ organizationIds: [org("nowhere")] })))).toEqual(byUid);
  });

  test("returns the permissions of custom roles, each of its own role and organization", async () => {
    const content = shown(await find(query({}))).organizations[0];
    const granted = await world.units.lookup((stores) => stores.roles.grants(world.uid, [acme]));
    expect(granted.size).toBeGreaterThan(0);
    expect(sorted(content?.grants)).toEqual(sorted(granted));
  });

  test("answers for several environments, and for none of their organizations", async () => {
    const elsewhere = await find(query({ environmentUid: world.other.uid, users }), query({ users: [] }));
    expect(elsewhere.content(world.uid, acme)).toBeDefined();
    const none = await find(query({ organizationIds: [], users: [] }));
    expect(none.environment(world.environment.id)?.uid).toBe(world.uid);
  });
});

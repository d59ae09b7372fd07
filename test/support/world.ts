import type { Stores } from "../../src/application/ports/unit-of-work";
import type { Environment } from "../../src/domain/environment";
import type { EnvironmentUid, OrganizationUid, RoleId } from "../../src/domain/ids";
import type { TestEngine } from "./engines";
import {
  type TestStorage,
  aMember,
  anEnvironment,
  aPermission,
  aRole,
  group,
  newOrganizationUid,
  newPermissionId,
  newRoleId,
  openStorage,
  org,
} from "./storage";

const acme = org("acme");
const globex = org("globex");

/** The ids that every environment of a world uses, so that only an environment's uid tells their rows apart. */
const ids = {
  member: newRoleId(),
  admin: newRoleId(),
  lead: newRoleId(),
  read: newPermissionId(),
  write: newPermissionId(),
  acme: newOrganizationUid(),
  globex: newOrganizationUid(),
};

/**
 * The place a storage test works in: an environment with the organization `acme`, its members `ann` (`member`) and `bob`
 * (`admin` and `org-lead`), and its group `crew` (`org-lead`). Beside it stand a second organization, `globex`, and a
 * second environment that holds the same ids, slugs and users; both must be untouched at the end of every test.
 */
export interface World {
  readonly storage: TestStorage;
  readonly units: TestStorage["units"];
  readonly environment: Environment;
  readonly uid: EnvironmentUid;
  readonly other: Environment;
  readonly ids: typeof ids;
}

/** Makes one database for the tests of the `describe` it is called in, and a new world before each of them. */
export function useWorld(engine: TestEngine, { watchesOrganization = true } = {}): World {
  let storage: TestStorage;
  let environment: Environment;
  let other: Environment;
  let before: unknown;
  beforeAll(async () => {
    storage = await openStorage(engine);
  });
  afterAll(() => storage?.drop());
  beforeEach(async () => {
    environment = anEnvironment({ defaultRoleId: ids.member });
    other = anEnvironment({ defaultRoleId: ids.member });
    for (const each of [environment, other]) await storage.units.write((stores) => populate(stores, each));
    before = await bystanders();
  });
  afterEach(async () => {
    expect(await bystanders()).toEqual(before);
  });

  /** Every row of the second environment, and every row of the second organization. */
  async function bystanders(): Promise<unknown> {
    const watched = watchesOrganization ? environment.uid : "";
    const tables: string[][] = [];
    const ofGlobex = "environment_uid = ? OR environment_uid = ? AND organization_uid = ?";
    for (const [name, where, values] of [
      ["environments", "uid = ?", [other.uid]],
      ["environment_anchors", "environment_uid = ?", [other.uid]],
      ["successions", "environment_uid = ?", [other.uid]],
      ["role_collapses", "environment_uid = ?", [other.uid]],
      ["role_assignments", ofGlobex, [other.uid, watched, ids.globex]],
      ["group_roles", ofGlobex, [other.uid, watched, ids.globex]],
      ["organizations", "environment_uid = ? OR environment_uid = ? AND id = ?", [other.uid, watched, globex]],
      ["roles", "environment_uid = ? OR environment_uid = ? AND organization_id = ?", [other.uid, watched, globex]],
      [
        "role_permissions",
        "environment_uid = ? OR environment_uid = ? AND organization_id = ?",
        [other.uid, watched, globex],
      ],
      ["permissions", "environment_uid = ?", [other.uid]],
      ["purges", "environment_uid = ?", [other.uid]],
      ["answered_requests", "environment_id = ?", [other.id]],
    ] as const) {
      const rows = await storage.query(`SELECT * FROM ${name} WHERE ${where}`, values);
      tables.push([name, ...rows.map((row) => JSON.stringify(row)).toSorted()]);
    }
    return tables;
  }

  return {
    ids,
    get storage() {
      return storage;
    },
    get units() {
      return storage.units;
    },
    get environment() {
      return environment;
    },
    get uid() {
      return environment.uid;
    },
    get other() {
      return other;
    },
  };
}

async function populate(stores: Stores, environment: Environment) {
  const { environments, organizations, permissions, roles, memberships, groupRoles } = stores;
  const { uid } = environment;
  await environments.insert(environment);
  await permissions.insert(uid, aPermission("docs.read", { id: ids.read }));
  await permissions.insert(uid, aPermission("docs.write", { id: ids.write }));
  const grant = async (role: ReturnType<typeof aRole>) => {
    await roles.insert(uid, role);
    await roles.addPermissions(uid, role, [ids.write, ids.read]);
  };
  await grant(aRole("member", { id: ids.member }));
  await grant(aRole("admin", { id: ids.admin, createdRevision: 2 }));
  for (const [id, organizationUid] of [
    [acme, ids.acme],
    [globex, ids.globex],
  ] as const) {
    await organizations.insert(uid, [{ id, uid: organizationUid }]);
    const order: RoleId[] = [ids.member, ids.admin, ids.lead];
    await organizations.saveOwn(uid, id, { defaultRoleId: ids.member, order });
    await grant(aRole("org-lead", { id: ids.lead, organizationId: id }));
    await memberships.put(uid, membersOf(organizationUid));
    const times = { createTime: 1000, updateTime: 1000 };
    await groupRoles.put(uid, organizationUid, { groupId: group("crew"), roleId: ids.lead, ...times });
  }
}

/** The members that each organization of a world has. */
export const membersOf = (organizationUid: OrganizationUid) => [
  aMember(organizationUid, "ann", [ids.member]),
  aMember(organizationUid, "bob", [ids.admin, ids.lead]),
];

export { acme, globex };

import * as fc from "fast-check";
import { deepEqual } from "node:assert/strict";
import { addCustomRole, environmentRoles, idsOf, organizationRoles } from "../../src/domain/effective-roles";
import type { EnvironmentState } from "../../src/domain/environment";
import type { OrganizationUid, RoleId } from "../../src/domain/ids";
import type { Membership } from "../../src/domain/membership";
import type { OrganizationState } from "../../src/domain/organization";
import type { EnvironmentRole, Role } from "../../src/domain/role";
import {
  defaultRoleOf,
  predecessors,
  resolveGroupRole,
  resolveMemberRoles,
  successor,
} from "../../src/domain/role-resolution";
import type { Slug } from "../../src/domain/slug";
import type { Description, Name } from "../../src/domain/values";
import { EagerEnvironment } from "../histories/model";

const role = (id: string, createdRevision = 1, organizationId = ""): EnvironmentRole => ({
  id: id as RoleId,
  organizationId: organizationId as Role["organizationId"],
  slug: id as Slug,
  name: id as Name,
  description: "" as Description,
  createdRevision,
  createTime: 0,
  updateTime: 0,
});
const deleted = (id: string, deletedRevision: number, environmentDefault: string, replacement?: string) => ({
  ...role(id),
  tombstone: {
    deletedRevision,
    replacementRoleId: replacement as RoleId | undefined,
    environmentDefaultRoleId: environmentDefault as RoleId,
  },
});
const state = (
  roles: EnvironmentRole[],
  multipleRolesDisabled: EnvironmentState["multipleRolesDisabled"] = [],
): EnvironmentState => ({
  environment: { revision: 100, defaultRoleId: "member", order: [] } as unknown as EnvironmentState["environment"],
  roles: new Map(roles.map((one) => [one.id, one])),
  multipleRolesDisabled,
});
const organization = (changes: Partial<OrganizationState> = {}): OrganizationState => ({
  uid: "uid" as OrganizationUid,
  id: "acme" as OrganizationState["id"],
  revision: 2,
  customRoles: [],
  replaced: new Map(),
  ...changes,
});
const own = (defaultRoleId: string, ...order: string[]) => ({
  own: { defaultRoleId: defaultRoleId as RoleId, order: order as RoleId[] },
});
const stored = (materializedAtRevision: number, ...roleIds: string[]) => ({
  materializedAtRevision,
  roleIds: roleIds as RoleId[],
});
const ids = (...texts: string[]) => texts as RoleId[];
const collapse = (revision: number, ...order: string[]) => ({ revision, order: order as RoleId[], createTime: 0 });

const chain = state([
  role("member"),
  role("admin"),
  deleted("editor", 5, "viewer"),
  deleted("viewer", 7, "member", "admin"),
  deleted("owner", 9, "member"),
]);

test.each([
  ["as its first", organization()],
  ["with later roles that its order lacks", { ...own("member", "admin"), customRoles: [role("lead", 3, "acme")] }],
  ["with deleted and removed roles in its order", own("viewer", "viewer", "gone", "admin")],
])("what holds after a custom role is what its organization reads then: %s", (_, changes) => {
  const before = organization(changes);
  const custom = role("new", 2, "acme");
  const { own: config, effective } = addCustomRole(custom, chain, before);
  const after = { ...before, own: config, customRoles: [...before.customRoles, custom] };
  expect(effective).toEqual(organizationRoles(chain, after));
  expect(effective.roles.at(-1)).toBe(custom);
});

test.each([
  ["a live role is itself", "member", "member"],
  ["a deleted role is its replacement", "viewer", "admin"],
  ["without one it is the environment's default of that moment", "owner", "member"],
  ["which may be deleted itself", "editor", "admin"],
])("as a default %s", (_, id, expected) => {
  expect(successor(chain.roles, id as RoleId).id).toBe(expected);
});

test("the predecessors of a role are those that lead to it", () => {
  expect(predecessors(chain.roles, "admin" as RoleId)).toEqual(["admin", "editor", "viewer"]);
});

test.each([
  ["roles that live stay", organization(), stored(1, "member", "admin"), ["member", "admin"]],
  ["a deleted role goes where others are left", organization(), stored(1, "owner", "admin"), ["admin"]],
  ["the environment's default takes the place of the only one", organization(), stored(1, "owner"), ["member"]],
  ["which may be deleted later", organization(), stored(1, "editor"), ["member"]],
  ["an own default takes its place", organization(own("admin")), stored(1, "owner"), ["admin"]],
  ["an own default that was deleted is its replacement", organization(own("viewer")), stored(1, "owner"), ["admin"]],
  ["the last of several counts that all went", organization(), stored(1, "viewer", "owner"), ["member"]],
  [
    "a deleted custom role is its replacement",
    organization({
      ...own("member"),
      replaced: new Map([
        ["c1" as RoleId, "c2" as RoleId],
        ["c2" as RoleId, "admin" as RoleId],
      ]),
    }),
    stored(1, "c1", "member"),
    ["admin", "member"],
  ],
  [
    "and follows when that is deleted",
    organization({ ...own("admin"), replaced: new Map([["c1" as RoleId, "owner" as RoleId]]) }),
    stored(1, "c1"),
    ["admin"],
  ],
])("of a member's roles: %s", (_, home, membership, expected) => {
  expect(resolveMemberRoles(chain, home, membership)).toEqual(ids(...expected));
});

const collapsed = (...order: string[]) =>
  state([role("member", 1), role("admin", 2), deleted("owner", 9, "member")], [collapse(5, ...order)]);

test.each([
  ["the highest by the environment's order", organization(), stored(4, "member", "admin"), ["admin"]],
  ["by an own order", organization(own("member", "member", "admin")), stored(4, "member", "admin"), ["member"]],
  ["nothing of what was given later", organization(), stored(5, "member", "admin"), ["member", "admin"]],
  ["a role that is deleted after it", organization(), stored(4, "admin", "owner"), ["member"]],
  [
    "a role that the order does not name is lower",
    organization(own("member", "admin")),
    stored(4, "member", "admin"),
    ["admin"],
  ],
])("the end of multiple roles takes or leaves %s", (_, home, membership, expected) => {
  expect(resolveMemberRoles(collapsed("owner", "admin", "member"), home, membership)).toEqual(ids(...expected));
});

test("a group mapped to a deleted environment role is not mapped, one mapped to a replaced custom role is", () => {
  const home = organization({
    replaced: new Map([
      ["c1" as RoleId, "admin" as RoleId],
      ["c2" as RoleId, "owner" as RoleId],
    ]),
  });
  const mapped = (id: string) => resolveGroupRole(chain, home, id as RoleId);
  expect([mapped("member"), mapped("owner"), mapped("c1"), mapped("c2")]).toEqual([
    "member",
    undefined,
    "admin",
    undefined,
  ]);
});

/** Everything is stored as it was given, and read through the rules; members are settled when the rules demand it. */
class LazyEnvironment {
  private revision = 1;
  private multiple = false;
  private state: EnvironmentState = state([role("member")]);
  private home = organization();
  private members = new Map<string, Pick<Membership, "roleIds" | "materializedAtRevision">>();
  private defaultId = "member" as RoleId;
  private order = ids("member");

  private get present(): EnvironmentState {
    const environment = {
      ...this.state.environment,
      revision: this.revision,
      defaultRoleId: this.defaultId,
      order: this.order,
    };
    return { ...this.state, environment };
  }

  private settle(users: Iterable<string> = this.members.keys()): void {
    for (const user of users) {
      const member = this.members.get(user);
      if (member)
        this.members.set(user, {
          roleIds: resolveMemberRoles(this.present, this.home, member),
          materializedAtRevision: this.revision,
        });
    }
  }

  sweep(number: number): void {
    this.settle([...this.members.keys()].slice(0, number % 4));
  }

  createRole(id: string): void {
    this.revision += 1;
    this.state = { ...this.state, roles: new Map(this.state.roles).set(id as RoleId, role(id, this.revision)) };
    this.order = [...this.order, id as RoleId];
  }

  createCustomRole(id: string): void {
    if (!this.home.own) this.settle();
    const custom = role(id, this.revision, "acme");
    const after = addCustomRole(custom, this.present, this.home);
    this.home = { ...this.home, own: after.own, customRoles: [...this.home.customRoles, custom] };
  }

  deleteRole(id: string, replacement: string): void {
    this.revision += 1;
    if (this.defaultId === id) this.defaultId = replacement as RoleId;
    this.order = this.order.filter((other) => other !== id);
    const tombstone = deleted(id, this.revision, this.defaultId, replacement);
    const createdRevision = this.state.roles.get(id as RoleId)?.createdRevision ?? 0;
    this.state = {
      ...this.state,
      roles: new Map(this.state.roles).set(id as RoleId, { ...tombstone, createdRevision }),
    };
  }

  deleteCustomRole(id: string, replacement: string): void {
    this.settle();
    const { own: config, customRoles, replaced } = this.home;
    if (!config) return;
    this.home = {
      ...this.home,
      own: { ...config, defaultRoleId: config.defaultRoleId === id ? (replacement as RoleId) : config.defaultRoleId },
      customRoles: customRoles.filter((custom) => custom.id !== id),
      replaced: new Map(replaced).set(id as RoleId, replacement as RoleId),
    };
  }

  setDefault(id: string, inOrganization: boolean): void {
    if (!inOrganization) this.revision += 1;
    if (!inOrganization) this.defaultId = id as RoleId;
    else this.change((config) => ({ ...config, defaultRoleId: id as RoleId }));
  }

  setPriority(order: readonly string[], inOrganization: boolean): void {
    if (!inOrganization) this.revision += 1;
    if (!inOrganization) this.order = ids(...order);
    else this.change((config) => ({ ...config, order: ids(...order) }));
  }

  reset(): void {
    this.settle();
    const { own: _, ...inheriting } = this.home;
    this.home = inheriting;
  }

  private change(
    changed: (config: NonNullable<OrganizationState["own"]>) => NonNullable<OrganizationState["own"]>,
  ): void {
    this.settle();
    if (this.home.own) this.home = { ...this.home, own: changed(this.home.own) };
  }

  setMultiple(enabled: boolean): void {
    this.revision += 1;
    if (this.multiple && !enabled) {
      const order = idsOf(environmentRoles(this.present).roles);
      this.state = {
        ...this.state,
        multipleRolesDisabled: [...this.state.multipleRolesDisabled, collapse(this.revision, ...order)],
      };
    }
    this.multiple = enabled;
  }

  setMember(user: string, roleIds: readonly string[]): void {
    const given = roleIds.length ? ids(...roleIds) : [organizationRoles(this.present, this.home).defaultRole.id];
    this.members.set(user, { roleIds: given, materializedAtRevision: this.revision });
  }

  read() {
    const { roles, defaultRole } = organizationRoles(this.present, this.home);
    const { own: config } = this.home;
    if (config && defaultRoleOf(this.present, { ...this.home, own: config }) !== defaultRole)
      throw new Error("the default role has two meanings");
    const held = [...this.members].map(([user, member]) => [
      user,
      resolveMemberRoles(this.present, this.home, member).toSorted(),
    ]);
    return { order: idsOf(roles), defaultId: defaultRole.id, held };
  }
}

const step = fc.record({
  action: fc.constantFrom(
    "create",
    "custom",
    "delete",
    "deleteCustom",
    "default",
    "priority",
    "reset",
    "multiple",
    "member",
    "member",
    "sweep",
  ),
  one: fc.nat(59),
  other: fc.nat(59),
  many: fc.array(fc.nat(59), { maxLength: 3 }),
});

const pick = (from: readonly string[], number: number) => from[number % from.length] as string;

test("what is read through the rules is what a model reads that rewrites everything at once", () => {
  const numRuns = Number(process.env["ORGROLES_TEST_SUCCESSIONS"] ?? 3000);
  const failure = fc.check(
    fc.property(fc.array(step, { minLength: 60, maxLength: 80 }), (all) => {
      const lazy = new LazyEnvironment();
      const eager = new EagerEnvironment();
      all.forEach(({ action, one, other, many }, index) => {
        const order = eager.orderOf("acme");
        const { own: config, custom } = eager.organization("acme");
        const inOrganization = config !== undefined && one % 2 === 0;
        const scope = inOrganization ? "acme" : undefined;
        const among = inOrganization ? order : eager.order;
        const shuffled = among.toSorted(
          (a, b) => ((a.charCodeAt(1) * (other + 3)) % 23) - ((b.charCodeAt(1) * (other + 3)) % 23),
        );
        const both = (tell: (world: LazyEnvironment) => void, model: () => void) => (model(), tell(lazy));
        switch (action) {
          case "create":
            both(
              (world) => world.createRole(`e${index}`),
              () => eager.createRole(undefined, `e${index}`, []),
            );
            break;
          case "custom":
            both(
              (world) => world.createCustomRole(`c${index}`),
              () => eager.createRole("acme", `c${index}`, []),
            );
            break;
          case "delete": {
            const [gone, replacement] = [pick(eager.order, one), pick(eager.order, other)];
            if (gone !== replacement)
              both(
                (world) => world.deleteRole(gone, replacement),
                () => eager.deleteEnvironmentRole(gone, replacement),
              );
            break;
          }
          case "deleteCustom": {
            const [gone, replacement] = [pick([...custom], one), pick(order, other)];
            if (gone && gone !== replacement)
              both(
                (world) => world.deleteCustomRole(gone, replacement),
                () => eager.deleteOrgRole("acme", gone, replacement),
              );
            break;
          }
          case "default":
            both(
              (world) => world.setDefault(pick(among, other), inOrganization),
              () => eager.setDefault(scope, pick(among, other)),
            );
            break;
          case "priority":
            both(
              (world) => world.setPriority(shuffled, inOrganization),
              () => eager.setPriority(scope, shuffled),
            );
            break;
          case "reset":
            if (!custom.size)
              both(
                (world) => world.reset(),
                () => eager.reset("acme"),
              );
            break;
          case "multiple":
            both(
              (world) => world.setMultiple(one % 2 === 0),
              () => eager.setMultiple(one % 2 === 0),
            );
            break;
          case "member": {
            const given = [...new Set(many.map((number) => pick(order, number)))].slice(0, eager.multiple ? 3 : 1);
            both(
              (world) => world.setMember(pick(["ann", "bob", "cyd"], one), given),
              () => eager.setMember("acme", pick(["ann", "bob", "cyd"], one), given),
            );
            break;
          }
          default:
            lazy.sweep(one);
        }
        const expected = {
          order: eager.orderOf("acme"),
          defaultId: eager.defaultOf("acme"),
          held: [...eager.organization("acme").members].map(([user, held]) => [user, [...held].sort()]),
        };
        deepEqual(lazy.read(), expected);
      });
    }),
    { numRuns },
  );
  expect(fc.defaultReportMessage(failure)).toBeUndefined();
});

import { addCustomRole, organizationRoles } from "../../src/domain/effective-roles";
import type { RoleId } from "../../src/domain/ids";
import { predecessors, resolveGroupRole, resolveMemberRoles, successor } from "../../src/domain/role-resolution";
import { collapse, deleted, ids, organization, role, state } from "../support/role-states";

const own = (defaultRoleId: string, ...order: string[]) => ({
  own: { defaultRoleId: defaultRoleId as RoleId, order: order as RoleId[] },
});
const stored = (materializedAtRevision: number, ...roleIds: string[]) => ({
  materializedAtRevision,
  roleIds: roleIds as RoleId[],
});

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

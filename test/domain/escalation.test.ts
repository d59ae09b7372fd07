import * as fc from "fast-check";
import { giftOf, risingRoles } from "../../src/domain/escalation";
import type { EventChange } from "../../src/domain/event";
import type { RoleId } from "../../src/domain/ids";

const ids = (text: string) => text.split("") as RoleId[];

/** Returns a configuration with the roles of a text, highest first. */
const config = (roles: string, defaultRoleSlug: string) => ({ priorityOrder: roles.split(""), defaultRoleSlug });

const role = (permissions: string) => ({ permissions: permissions.split("") });

test.each<[string, object, string, string, string]>([
  ["a new role", { type: "role.created", content: { after: role("xy") } }, "", "xy", ""],
  [
    "a role that gains and loses",
    { type: "role.updated", content: { before: role("xy"), after: role("yz") } },
    "",
    "z",
    "",
  ],
  ["a renamed role", { type: "role.updated", content: { before: role("xy"), after: role("xy") } }, "", "", ""],
  ["a deleted role", { type: "role.deleted", content: { before: role("xy") } }, "", "", ""],
  [
    "a replaced role",
    { type: "role.deleted", content: { before: role("xy"), deletion: { replacementRole: { id: "r" } } } },
    "",
    "",
    "r",
  ],
  ["a new member", { type: "membership.created", content: { roleIds: ids("ab") } }, "", "", "ab"],
  [
    "a member with another role",
    { type: "membership.updated", content: { beforeRoleIds: ids("ab"), roleIds: ids("bc") } },
    "",
    "",
    "c",
  ],
  ["the end of a member", { type: "membership.deleted", content: { beforeRoleIds: ids("ab") } }, "", "", ""],
  ["a new group", { type: "group_role.created", content: { roleId: "a" } }, "", "", "a"],
  [
    "a group with another role",
    { type: "group_role.updated", content: { beforeRoleId: "a", roleId: "b" } },
    "",
    "",
    "b",
  ],
  ["the end of a group", { type: "group_role.deleted", content: { beforeRoleId: "a" } }, "", "", ""],
  [
    "another default",
    {
      type: "role_config.updated",
      content: {
        before: config("abc", "a"),
        after: config("abc", "c"),
        beforeRoleIds: ids("abc"),
        roleIds: ids("abc"),
      },
    },
    "a",
    "",
    "c",
  ],
  [
    "a role that rises above one of the user",
    {
      type: "role_config.updated",
      content: {
        before: config("abc", "a"),
        after: config("acb", "a"),
        beforeRoleIds: ids("abc"),
        roleIds: ids("acb"),
      },
    },
    "b",
    "",
    "c",
  ],
  [
    "the end of an own configuration",
    {
      type: "role_config.reset",
      content: {
        before: config("abc", "a"),
        after: config("cba", "b"),
        beforeRoleIds: ids("abc"),
        roleIds: ids("cba"),
      },
    },
    "a",
    "",
    "b",
  ],
])("%s gives what is new", (_, change, held, permissions, roleIds) => {
  const subject = (change as EventChange).type.split(".")[0];
  expect(giftOf({ subject, ...change } as EventChange, ids(held))).toEqual({
    permissions: permissions.split("").filter(Boolean),
    roleIds: ids(roleIds),
  });
});

const isAbove = (all: RoleId[], one: RoleId, other: RoleId) => all.indexOf(one) < all.indexOf(other);

const order = fc.shuffledSubarray(ids("abcdefg"), { minLength: 7 });

test("roles rise that were below one of the user's and are above it", () => {
  fc.assert(
    fc.property(order, order, fc.subarray(ids("abcdefg")), (before, after, held) => {
      const passed = held.length ? held : before;
      const rising = after.filter((one) =>
        passed.some((other) => isAbove(before, other, one) && isAbove(after, one, other)),
      );
      expect([...risingRoles(before, after, held)].toSorted()).toEqual(rising.toSorted());
    }),
  );
});

test("a role that is new at the bottom does not rise", () => {
  expect(risingRoles(ids("abc"), ids("abcd"), [])).toEqual([]);
});

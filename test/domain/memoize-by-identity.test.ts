import * as fc from "fast-check";
import { checkAccess, viewAccess } from "../../src/domain/access-check";
import { accessInEnvironment } from "../../src/domain/effective-access";
import { environmentRoles } from "../../src/domain/effective-roles";
import type { EnvironmentState } from "../../src/domain/environment";
import type { PermissionId, RoleId } from "../../src/domain/ids";
import { memoizeByIdentity } from "../../src/domain/memoize-by-identity";
import { PermissionTable } from "../../src/domain/permission-set";
import type { EnvironmentRole } from "../../src/domain/role";
import { roleEvents } from "../../src/domain/role-resolution";
import type { PermissionSlug } from "../../src/domain/values";

const slugs = Array.from({ length: 40 }, (_, index) => `docs:${index}` as PermissionSlug).sort();
const table = new PermissionTable(new Map(slugs.map((slug) => [`perm_${slug}` as PermissionId, slug])));
const ids = ["member", "admin", "viewer", "auditor"] as RoleId[];

const environment = fc
  .record({
    order: fc.shuffledSubarray(ids),
    deleted: fc.subarray(ids.slice(1)),
    disabledAt: fc.uniqueArray(fc.integer({ min: 20, max: 29 })),
  })
  .map(({ order, deleted, disabledAt }): EnvironmentState => {
    const roles = ids.map((id, index) => {
      const role = { id, organizationId: "", slug: id as string, createdRevision: index };
      const tombstone = { deletedRevision: 10 + 7 * index, environmentDefaultRoleId: ids[0] };
      return { ...role, ...(deleted.includes(id) && { tombstone }) } as EnvironmentRole;
    });
    return {
      environment: {
        id: "production",
        order,
        defaultRoleId: ids[0],
        revision: 30,
      } as unknown as EnvironmentState["environment"],
      roles: new Map(roles.map((role) => [role.id, role])),
      multipleRolesDisabled: disabledAt.map((revision) => ({ revision, order, createTime: 0 })),
    };
  });

test("memoized functions return what their plain twins compute, each time", () => {
  fc.assert(
    fc.property(environment, (state) => {
      for (const memoized of [environmentRoles, roleEvents]) {
        const value = memoized(state);
        expect(value).toEqual(memoized.plain(state));
        expect(memoized(state)).toBe(value);
      }
    }),
  );
});

const permissionsOf = fc.uniqueArray(fc.constantFrom(...slugs), { minLength: 1 });

test("the access of a member with one role is what the lists say, in each snapshot", () => {
  fc.assert(
    fc.property(environment, permissionsOf, permissionsOf, (state, before, after) => {
      const effective = environmentRoles(state);
      const role = effective.defaultRole;
      for (const permissions of [before, after]) {
        const sets = new Map([[role.id, table.setOf(permissions.map((slug) => `perm_${slug}` as PermissionId))]]);
        const access = accessInEnvironment(state, table, sets);
        const expected = { role: role.slug, roles: [role.slug], permissions: permissions.toSorted() };
        expect(viewAccess(access, [role])).toEqual(expected);
        expect(viewAccess(access, [role])).toBe(viewAccess(access, [role]));
        expect({ ...viewAccess(access, [role, role]), roles: [role.slug] }).toEqual(expected); // the union of sets
        for (const slug of slugs)
          expect(checkAccess(access, [role], slug).grantedBy).toEqual(permissions.includes(slug) ? [role.slug] : []);
      }
    }),
  );
});

test("equal content in another object is another key", () => {
  let computed = 0;
  const count = memoizeByIdentity(({ name }: { readonly name: string }) => ({ name, number: (computed += 1) }));
  const key = { name: "member" };
  expect([count(key), count(key), count({ ...key })].map(({ number }) => number)).toEqual([1, 1, 2]);
});

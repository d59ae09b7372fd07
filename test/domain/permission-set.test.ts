import * as fc from "fast-check";
import type { PermissionId } from "../../src/domain/ids";
import { countBeyond, hasPlace, PermissionTable } from "../../src/domain/permission-set";
import type { PermissionSlug } from "../../src/domain/values";

const permissions = Array.from({ length: 70 }, (_, index) => `p${(index * 37) % 70}`);
const idOf = (slug: string) => `perm_${slug}` as PermissionId;
const table = new PermissionTable(new Map(permissions.map((slug) => [idOf(slug), slug as PermissionSlug])));
const some = fc.uniqueArray(fc.constantFrom(...permissions, "gone"));
const setOf = (slugs: readonly string[]) => table.setOf(slugs.map(idOf));
const present = (slugs: readonly string[]) => slugs.filter((slug) => slug !== "gone");

test("a set has what it was made of, sorted, but for what the environment has lost", () => {
  fc.assert(
    fc.property(some, (slugs) => {
      const set = setOf(slugs);
      expect(table.slugsIn(set)).toEqual(present(slugs).toSorted());
      for (const slug of permissions) {
        const place = table.placeOf(slug as PermissionSlug);
        expect(place !== undefined && hasPlace(set, place)).toBe(slugs.includes(slug));
      }
    }),
  );
});

test("sets are united and compared as lists are", () => {
  fc.assert(
    fc.property(some, some, (one, other) => {
      const [a, b] = [setOf(one), setOf(other)];
      expect(table.slugsIn(table.unionOf([a, undefined, b]))).toEqual(
        [...new Set(present([...one, ...other]))].toSorted(),
      );
      expect(countBeyond(a, b)).toBe(present(one).filter((slug) => !other.includes(slug)).length);
    }),
  );
});

test("a permission that the environment does not have has no place", () => {
  expect(table.placeOf("gone" as PermissionSlug)).toBeUndefined();
  expect(table.size).toBe(70);
});

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

const ids = fc.uniqueArray(fc.constantFrom(...permissions), { maxLength: 40 });
const steps = fc.array(fc.record({ from: fc.nat(20), present: ids }), { minLength: 2, maxLength: 12 });
const tableOf = (slugs: readonly string[], previous?: PermissionTable) =>
  new PermissionTable(new Map(slugs.map((slug) => [idOf(slug), slug as PermissionSlug])), previous);

test("a set is valid in every table of its lineage, whichever of these a table continues", () => {
  fc.assert(
    fc.property(ids, steps, (first, later) => {
      const tables = [{ present: first, table: tableOf(first) }];
      for (const { from, present: slugs } of later)
        tables.push({ present: slugs, table: tableOf(slugs, tables[from % tables.length]?.table) });
      for (const one of tables)
        for (const other of tables) {
          if (one.table.lineage !== other.table.lineage) continue;
          const set = one.table.setOf(one.present.map(idOf));
          const common = one.present.filter((slug) => other.present.includes(slug));
          expect(other.table.slugsIn(other.table.current(set))).toEqual(common.toSorted());
        }
    }),
  );
});

test("a table with many more places than permissions begins a lineage", () => {
  let latest = tableOf(["first"]);
  const lineages = new Set([latest.lineage]);
  for (let number = 0; number < 200; number += 1) lineages.add((latest = tableOf([`p-${number}`], latest)).lineage);
  expect(lineages.size).toBeGreaterThan(1);
  expect(lineages.size).toBeLessThan(10);
});

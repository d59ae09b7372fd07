import * as fc from "fast-check";
import { differenceFromPermutation, inOrder } from "../../src/domain/priority";

const role = (id: string, createdRevision: number) => ({ id, createdRevision });
const ids = (roles: readonly { id: string }[]) => roles.map(({ id }) => id);

test.each([
  ["an empty order shows the roles as they were created", [], ["a", "b", "c"]],
  ["a whole order stands as it is", ["c", "a", "b"], ["c", "a", "b"]],
  ["roles that it does not name follow in order of creation", ["c"], ["c", "a", "b"]],
  ["roles that are gone are left out", ["x", "b", "y", "a", "c"], ["b", "a", "c"]],
  ["a role named twice counts where it is first", ["b", "a", "b", "c"], ["b", "a", "c"]],
])("%s", (_, stored, expected) => {
  expect(ids(inOrder(stored, [role("b", 2), role("a", 1), role("c", 3)]))).toEqual(expected);
});

const someIds = fc.uniqueArray(fc.constantFrom(..."abcdefghij".split("")));

test("an order is always a permutation of the roles, whatever was stored", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(..."abcdefghijxyz".split(""))), someIds, (stored, present) => {
      const ordered = ids(
        inOrder(
          stored,
          present.map((id, index) => role(id, index)),
        ),
      );
      expect(ordered).toHaveLength(present.length);
      expect(new Set(ordered)).toEqual(new Set(present));
      const placed = [...new Set(stored)].filter((id) => present.includes(id));
      expect(ordered).toEqual([...placed, ...present.filter((id) => !placed.includes(id))]);
    }),
  );
});

test.each([
  ["the same order", ["a", "b", "c"], undefined],
  ["another order", ["c", "b", "a"], undefined],
  ["a missing role", ["a", "c"], { missing: ["b"], unknown: [], duplicate: [] }],
  ["an unknown role", ["a", "b", "c", "x"], { missing: [], unknown: ["x"], duplicate: [] }],
  ["a role twice", ["a", "b", "a", "c"], { missing: [], unknown: [], duplicate: ["a"] }],
  ["an unknown role twice", ["a", "b", "c", "x", "x"], { missing: [], unknown: ["x"], duplicate: ["x"] }],
  ["everything at once", ["x", "a", "a"], { missing: ["b", "c"], unknown: ["x"], duplicate: ["a"] }],
  ["nothing", [], { missing: ["a", "b", "c"], unknown: [], duplicate: [] }],
])("%s", (_, wanted, difference) => {
  expect(differenceFromPermutation(wanted, ["a", "b", "c"])).toEqual(difference);
});

test("there is no difference exactly for permutations", () => {
  fc.assert(
    fc.property(someIds, fc.array(fc.constantFrom(..."abcdefghij".split(""))), (present, wanted) => {
      const isPermutation = wanted.toSorted().join() === present.toSorted().join();
      expect(differenceFromPermutation(wanted, present) === undefined).toBe(isPermutation);
      expect(differenceFromPermutation(present.toReversed(), present)).toBeUndefined();
    }),
  );
});

import * as fc from "fast-check";
import { MultiMap } from "../../src/persistence/stores/multi-map";

interface Value {
  readonly name: string;
  readonly parent: string;
  readonly number: number;
}

const names = fc.constantFrom("ann", "bob", "", "constructor");
const parents = fc.constantFrom("acme", "globex", "");
const values = fc.array(fc.record({ name: names, parent: parents, number: fc.nat() }));

test("a multi-map finds what a map by all parts of a key finds", () => {
  const property = fc.property(values, names, parents, (all: Value[], name, parent) => {
    const multi = new MultiMap<string, Value>();
    const plain = new Map<string, Value>();
    for (const value of all) {
      multi.add(value.name, value);
      const key = JSON.stringify([value.name, value.parent]);
      if (!plain.has(key)) plain.set(key, value);
    }
    expect(multi.find(name, (value) => value.parent === parent)).toBe(plain.get(JSON.stringify([name, parent])));
    expect(new Set(multi.all())).toEqual(new Set(all));
  });
  fc.assert(property);
});

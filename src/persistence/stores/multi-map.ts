/**
 * Finds values by a name that only few of them share and by a condition.
 *
 * Its plain twin is a `Map` whose keys are made of all parts that identify a value. There each look-up has to put a key
 * together and to hash it anew; here the key is a string that exists and knows its hash.
 */
export class MultiMap<Name, Value> {
  private readonly values = new Map<Name, Value[]>();

  add(name: Name, value: Value): void {
    const same = this.values.get(name);
    if (same) same.push(value);
    else this.values.set(name, [value]);
  }

  /** Returns the first value of the name that the condition is true for. */
  find(name: Name, is: (value: Value) => boolean): Value | undefined {
    return this.values.get(name)?.find(is);
  }

  /** Returns the values of the name that the condition is true for. */
  filter(name: Name, is: (value: Value) => boolean): Value[] {
    return this.values.get(name)?.filter(is) ?? [];
  }

  all(): Value[] {
    return [...this.values.values()].flat();
  }
}

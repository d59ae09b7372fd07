/** A read or a write of a register by a client, by one clock. */
export interface Operation {
  readonly kind: "read" | "write";
  readonly value: string;
  readonly begin: number;
  /** Infinity: nobody knows whether the write was done, or will be. */
  readonly end: number;
}

/**
 * Whether all that clients saw can be put in one order, in which every operation takes place between its begin and its
 * end and every read sees the write before it (Wing and Gong's search, with a memory of the states that led nowhere).
 */
export function isLinearizable(initial: string, history: readonly Operation[]): boolean {
  const operations = history.toSorted((a, b) => a.begin - b.begin);
  const deadEnds = new Set<string>();
  const done = operations.map(() => false);

  const search = (first: number, value: string): boolean => {
    let from = first;
    while (from < done.length && done[from]) from += 1;
    // whatever begins behind the first end of those that are left cannot be next
    let horizon = Infinity;
    const candidates: number[] = [];
    for (let index = from; index < operations.length; index += 1) {
      const operation = operations[index] as Operation;
      if (operation.begin > horizon) break;
      if (done[index]) continue;
      candidates.push(index);
      horizon = Math.min(horizon, operation.end);
    }
    if (horizon === Infinity) return true; // only writes that may never be done
    const key = `${from} ${candidates.join(",")} ${value}`;
    if (deadEnds.has(key)) return false;
    for (const index of candidates) {
      const operation = operations[index] as Operation;
      if (operation.begin > horizon || (operation.kind === "read" && operation.value !== value)) continue;
      done[index] = true;
      if (search(from, operation.value)) return true;
      done[index] = false;
    }
    deadEnds.add(key);
    return false;
  };
  return search(0, initial);
}

/** An item that has a place in a priority order. */
interface PriorityItem {
  readonly id: string;
  readonly createdRevision: number;
}

/**
 * Returns roles in priority order. A stored order may name roles that have been deleted and lack newer ones: the
 * former are left out, the latter follow at the bottom in order of creation.
 */
export function inOrder<Role extends PriorityItem>(stored: readonly string[], roles: Iterable<Role>): Role[] {
  const unplaced = new Map<string, Role>();
  for (const role of roles) unplaced.set(role.id, role);
  const placed: Role[] = [];
  for (const id of stored) {
    const role = unplaced.get(id);
    if (role && unplaced.delete(id)) placed.push(role);
  }
  return [...placed, ...[...unplaced.values()].sort((a, b) => a.createdRevision - b.createdRevision)];
}

export interface OrderDifference {
  readonly missing: string[];
  readonly unknown: string[];
  readonly duplicate: string[];
}

/** Returns how an order differs from a permutation of the present slugs, undefined if it is one. */
export function differenceFromPermutation(
  order: readonly string[],
  presentSlugs: readonly string[],
): OrderDifference | undefined {
  const present = new Set(presentSlugs);
  const missing = new Set(presentSlugs);
  const unknown = new Set<string>();
  const duplicate = new Set<string>();
  const seen = new Set<string>();
  for (const slug of order) {
    if (seen.has(slug)) duplicate.add(slug);
    else if (!present.has(slug)) unknown.add(slug);
    seen.add(slug);
    missing.delete(slug);
  }
  return missing.size + unknown.size + duplicate.size === 0
    ? undefined
    : { missing: [...missing], unknown: [...unknown], duplicate: [...duplicate] };
}

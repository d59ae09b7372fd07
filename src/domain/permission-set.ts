import type { PermissionId } from "./ids";
import type { PermissionSlug } from "./values";

/**
 * A set of permissions of one environment: a bit for each, at its place in the environment's table. The plain twin is
 * a `Set` of slugs. Measured with 200 roles of 500 among 2000 permissions: a set takes 0.27 kB rather than 10 kB, and the
 * search for the nearest roles 23 µs rather than 860 µs.
 */
export type PermissionSet = Uint32Array;

/** The permissions of an environment, in order of their slugs. */
export class PermissionTable {
  private readonly slugs: readonly PermissionSlug[];
  private readonly places = new Map<PermissionSlug, number>();
  private readonly placesById = new Map<PermissionId, number>();

  constructor(permissions: ReadonlyMap<PermissionId, PermissionSlug>) {
    this.slugs = [...permissions.values()].sort();
    for (const [place, slug] of this.slugs.entries()) this.places.set(slug, place);
    for (const [id, slug] of permissions) this.placesById.set(id, this.places.get(slug) ?? 0);
  }

  get size(): number {
    return this.slugs.length;
  }

  /** Returns undefined if the environment does not have the permission. */
  placeOf(slug: PermissionSlug): number | undefined {
    return this.places.get(slug);
  }

  /** Returns the set of the permissions that are in the table; others may have been deleted. */
  setOf(ids: readonly PermissionId[]): PermissionSet {
    const set = this.emptySet();
    for (const id of ids) {
      const place = this.placesById.get(id);
      if (place !== undefined) set[place >>> 5] = (set[place >>> 5] ?? 0) | (1 << (place & 31));
    }
    return set;
  }

  unionOf(sets: readonly (PermissionSet | undefined)[]): PermissionSet {
    const union = this.emptySet();
    for (const set of sets) set?.forEach((word, index) => (union[index] = (union[index] ?? 0) | word));
    return union;
  }

  /** Returns the permissions of the set, sorted. */
  slugsIn(set: PermissionSet): PermissionSlug[] {
    const slugs: PermissionSlug[] = [];
    set.forEach((word, index) => {
      for (let rest = word; rest; rest &= rest - 1) {
        const slug = this.slugs[index * 32 + 31 - Math.clz32(rest & -rest)];
        if (slug !== undefined) slugs.push(slug);
      }
    });
    return slugs;
  }

  private emptySet(): PermissionSet {
    return new Uint32Array(Math.ceil(this.slugs.length / 32));
  }
}

export const hasPlace = (set: PermissionSet, place: number): boolean =>
  (((set[place >>> 5] ?? 0) >>> (place & 31)) & 1) === 1;

/** Counts the permissions of a set that another one lacks. */
export function countBeyond(set: PermissionSet, other: PermissionSet): number {
  let count = 0;
  for (let index = 0; index < set.length; index += 1) count += bitsIn((set[index] ?? 0) & ~(other[index] ?? 0));
  return count;
}

/** Counts the bits that are set in a word of 32, summed up in pairs, fours, eights, and all. */
function bitsIn(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

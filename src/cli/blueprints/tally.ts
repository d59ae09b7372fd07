import type { Change } from "../../application/blueprints/change";

/** Counts the additions, changes and deletions. */
export class Tally {
  private readonly counts = { "+": 0, "~": 0, "-": 0 };

  add(changes: readonly Change[]): void {
    for (const { sign, count } of changes) this.counts[sign] += count;
  }

  get total(): number {
    return this.counts["+"] + this.counts["~"] + this.counts["-"];
  }

  /** Returns a text such as `3 to add, 1 to change, 0 to delete`. */
  get planned(): string {
    return `${this.counts["+"]} to add, ${this.counts["~"]} to change, ${this.counts["-"]} to delete`;
  }

  get made(): string {
    return `${this.counts["+"]} added, ${this.counts["~"]} changed, ${this.counts["-"]} deleted`;
  }
}

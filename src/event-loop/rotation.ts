/** Work that waits: each source has its turn with one piece, and its other pieces wait for its next turn. */
export class Rotation<Source extends object> {
  private readonly waiting = new Map<Source, Set<() => void>>();

  get isEmpty(): boolean {
    return !this.waiting.size;
  }

  add(source: Source, work: () => void): void {
    const queue = this.waiting.get(source);
    if (queue) queue.add(work);
    else this.waiting.set(source, new Set([work]));
  }

  /** Removes the next piece of work and returns it. */
  take(): (() => void) | undefined {
    const [first] = this.waiting;
    if (!first) return undefined;
    const [source, queue] = first;
    const [work] = queue;
    this.waiting.delete(source);
    if (work) queue.delete(work);
    if (queue.size) this.waiting.set(source, queue); // at the end of the rotation
    return work;
  }

  /** Drops work that waits: without this, the process would keep all requests of a peer that makes and ends them. */
  forget(source: Source, work: () => void): void {
    const queue = this.waiting.get(source);
    queue?.delete(work);
    if (!queue?.size) this.waiting.delete(source);
  }
}

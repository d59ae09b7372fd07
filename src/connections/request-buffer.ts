/** The smallest size in bytes of a buffer that has grown. */
const smallestGrowth = 4096;

const nothing = Buffer.alloc(0);

/**
 * Collects the chunks of a request in one buffer. Copies each chunk, because a chunk shares the memory of everything that
 * arrived with it. A base class and not a member, because every call has one.
 */
export abstract class RequestBuffer {
  private buffer = nothing;
  protected length = 0;

  constructor(private readonly keeper: { keep(bytes: number): void }) {}

  protected append(chunk: Buffer): void {
    const needed = this.length + chunk.length;
    if (needed > this.buffer.length)
      this.grow(this.length ? Math.max(needed, this.length * 2, smallestGrowth) : needed);
    chunk.copy(this.buffer, this.length);
    this.length = needed;
  }

  /** Returns everything that was appended, without a copy. */
  protected content(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  /** Forgets what was appended. */
  protected forget(): void {
    this.buffer = nothing;
  }

  private grow(size: number): void {
    const { buffer } = this;
    this.keeper.keep(size - buffer.length);
    this.buffer = Buffer.allocUnsafe(size);
    buffer.copy(this.buffer, 0, 0, this.length);
  }
}

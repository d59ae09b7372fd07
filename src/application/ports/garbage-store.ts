/** Rows of one kind that nothing reads any more. */
export interface Garbage {
  /**
   * Deletes at most `limit` of the rows in a transaction of its own. Returns how many; fewer than `limit` if none is
   * left.
   */
  remove(limit: number): Promise<number>;
}

/** A deletion that took constant time: one row is gone, and the rows that belonged to it are still there. */
export interface DeletionMarker {
  readonly deleteTime: number;
  /** The rows that belonged to what was deleted, in the order in which they are removed. */
  readonly garbage: readonly Garbage[];
  /** Removes the marker. Rows written after that stay forever. */
  remove(): Promise<void>;
}

/** Finds what constant-time deletions left behind. Nothing here takes a lock that callers wait for. */
export interface GarbageStore {
  /** Returns the idempotency records from before a time. */
  idempotencyRecords(before: number): Garbage;
  /** Returns all markers, the oldest first. */
  listDeletions(): Promise<DeletionMarker[]>;
}

/** Keeps the values that were used last, within a limit of memory. */
export interface Cache<Value> {
  /** Returns the value of a key, or undefined if it was never set or has been dropped. */
  get(key: string): Value | undefined;
  /** Keeps a value whose approximate size is `bytes`, and drops others to make room. */
  set(key: string, value: Value, bytes: number): void;
  clear(): void;
  /** Returns the approximate size of all values. */
  bytes(): number;
}

/** Creates an empty cache. */
export interface Caches {
  /** `share` is the part of all memory that the cache may use. */
  <Value extends object>(share: number): Cache<Value>;
}

/** Keeps what was used last, within some memory. */
export interface Cache<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value, bytes: number): void;
  clear(): void;
  /** What all values take. */
  bytes(): number;
}

export interface Caches {
  /** `share` is the part of all memory that the cache may use. */
  <Value extends object>(share: number): Cache<Value>;
}

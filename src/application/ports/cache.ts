/** Keeps what was used last, within some memory. */
export interface Cache<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value, bytes: number): void;
  clear(): void;
  /** What all values take. */
  bytes(): number;
}

export interface Caches {
  <Value extends object>(): Cache<Value>;
}

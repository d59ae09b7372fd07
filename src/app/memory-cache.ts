import { LRUCache } from "lru-cache";
import type { Cache } from "../application/ports/cache";

/** Returns a cache that keeps what was used last, of at most so many bytes. */
export function memoryCache<Value extends object>(maxSize: number): Cache<Value> {
  const cache = new LRUCache<string, Value>({ maxSize });
  return {
    get: (key) => cache.get(key),
    set: (key, value, size) => void cache.set(key, value, { size }),
    clear: () => cache.clear(),
    bytes: () => cache.calculatedSize,
  };
}

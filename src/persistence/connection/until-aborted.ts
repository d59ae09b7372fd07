/**
 * Resolves or rejects as the work does, or rejects as soon as the signal aborts. The work then goes on, and `dispose`
 * receives its result.
 */
export function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  dispose: (result: T) => unknown = () => undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const abandon = () => {
      reject(signal.reason);
      void work.then(dispose).catch(() => undefined);
    };
    if (signal.aborted) return abandon();
    signal.addEventListener("abort", abandon, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abandon));
  });
}

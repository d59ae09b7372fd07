/** Starts as many at once. */
export const many = <T>(count: number, start: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => start(index));

/** Waits for all of them; the reasons of those that failed. */
export async function failuresOf(work: readonly Promise<unknown>[]): Promise<unknown[]> {
  const results = await Promise.allSettled(work);
  return results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
}

import { setTimeout as sleep } from "node:timers/promises";

/** Tries until it answers something other than undefined; at the deadline it throws what went wrong last. */
export async function until<T>(what: string, attempt: () => Promise<T | undefined>, seconds = 30): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    let cause: unknown;
    try {
      const answer = await attempt();
      if (answer !== undefined) return answer;
    } catch (error) {
      cause = error;
    }
    if (Date.now() > deadline) throw new Error(`not in ${seconds} s: ${what}`, { cause });
    await sleep(20);
  }
}

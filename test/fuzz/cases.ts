import * as fc from "fast-check";
import { until } from "../support/until";
import type { SharedService } from "./shared-service";

/** Sets how many cases there are in all; a nightly run has many more. */
export const cases = Number(process.env["ORGROLES_TEST_FUZZ"] ?? 3000);
const seed = Number(process.env["ORGROLES_TEST_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const batchSize = 50;

/** Runs as many cases, some at once, and reports the case that failed and how to have it again. */
export async function run<T>(
  count: number,
  half: number,
  arbitrary: fc.Arbitrary<T>,
  attempt: (one: T) => Promise<void>,
): Promise<void> {
  const all = fc.sample(arbitrary, { numRuns: count, seed: seed + half });
  expect(all).toHaveLength(count);
  for (let start = 0; start < count; start += batchSize)
    await Promise.all(
      all.slice(start, start + batchSize).map(async (one) => {
        try {
          await attempt(one);
        } catch (error) {
          throw new Error(`ORGROLES_TEST_FUZZ_SEED=${seed}: ${fc.stringify(one)}`, { cause: error });
        }
      }),
    );
}

/** Waits until the service uses hardly more memory than before. */
export async function untilMemoryIsBack(service: SharedService, before: number): Promise<void> {
  const bound = before + 24 * 2 ** 20;
  await until("memory is given back", async () => ((await service.memory()) < bound ? true : undefined));
}

/** Does the same work twice: what the second half leaves in memory is left by every such half. */
export async function withoutGrowth(
  service: SharedService,
  work: (share: number, half: number) => Promise<void>,
  count: number,
): Promise<void> {
  await work(Math.ceil(count / 2), 0);
  const before = await service.memory();
  await work(Math.ceil(count / 2), 1);
  await untilMemoryIsBack(service, before);
}

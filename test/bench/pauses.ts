import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fillOrganization } from "../support/full-organization";
import { heaviestCalls } from "../support/heaviest-calls";
import { startWatched } from "../support/pauses";
import { openStorage } from "../support/storage";

/**
 * For how long at a time one call keeps everybody else waiting: each RPC as large as limits and quotas allow, on SQLite,
 * or on the empty database of DATABASE_URL. Milliseconds of the processor between two turns of the event loop; the
 * promise is 50. ONLY is a regular expression of the calls to print.
 */
const only = new RegExp(process.env["ONLY"] ?? "");
const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
const url = process.env["DATABASE_URL"] ?? `sqlite:${folder}/orgroles.db`;

async function measure(): Promise<void> {
  const storage = await openStorage({ name: "sqlite", create: async () => ({ url, drop: async () => undefined }) });
  const full = await fillOrganization(storage, "full");
  await storage.close();
  const service = await startWatched(folder, {
    ORGROLES_DATABASE_URL: url,
    ORGROLES_ENVIRONMENTS: "beta",
    ORGROLES_LOG_LEVEL: "warn",
  });
  try {
    console.log(`yardstick ${service.yardstick} ms`);
    for (const { rpc, with: sentence, call } of heaviestCalls(service, full)) {
      await sleep(50);
      await service.longestPause();
      const start = performance.now();
      await call();
      const took = Math.round(performance.now() - start);
      const pause = await service.longestPause();
      const line = `${rpc}, ${sentence}`;
      if (only.test(line))
        console.log(`${line.padEnd(80)}${pause.toFixed(1).padStart(8)} ms, answered after ${took} ms`);
    }
  } finally {
    await service.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

void measure();

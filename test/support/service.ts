import { pino } from "pino";
import { createApp } from "../../src/app/app";
import { readConfig } from "../../src/config/config";
import { type Identity, type TestClient, connect } from "./client";
import type { TestDatabase, TestEngine } from "./engines";

export interface TestService extends TestClient {
  readonly address: string;
  readonly httpAddress: string;
  /** The lines of its log, parsed. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** Its metrics in the format of Prometheus. */
  metrics(): Promise<string>;
  readonly database: TestDatabase;
  /** Ends the service, keeps its database. */
  stop(): Promise<void>;
  /** Ends the service and drops its database. */
  drop(): Promise<void>;
}

/**
 * The whole service in this process, on a free port, with the environments `alpha` and `beta`. Settings are environment
 * variables. Gives the same database to several services when one is passed. A service that wants credentials needs an
 * identity that may read both environments.
 */
export async function startService(
  engine: TestEngine,
  settings: Record<string, string> = {},
  database?: TestDatabase,
  identity?: Identity,
): Promise<TestService> {
  const used = database ?? (await engine.create());
  const config = readConfig({
    ORGROLES_ADDRESS: "127.0.0.1:0",
    ORGROLES_DATABASE_URL: used.url,
    ORGROLES_ENVIRONMENTS: "alpha,beta",
    ORGROLES_LOG_LEVEL: "silent",
    ...settings,
  });
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const app = await createApp(config, pino({ level: config.logLevel }, { write }));
  const client = connect(app.address, identity);
  await serving(client);
  const stop = async () => {
    client.close();
    await app.close();
  };
  return {
    ...client,
    address: app.address,
    httpAddress: app.httpAddress ?? "",
    lines,
    metrics: () => app.registry.metrics(),
    database: used,
    stop,
    drop: async () => {
      await stop();
      await used.drop();
    },
  };
}

/** Waits until the service has its database and its environments. */
export async function serving(client: TestClient): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      await client.environments.getEnvironment({ environmentId: "beta" });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
  }
}

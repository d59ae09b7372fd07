import type { Command } from "commander";
import { type Logger, pino } from "pino";
import { type Config, readConfig } from "../config";
import { GatheredLines } from "../operations/gathered-lines";
import { ProbeServer } from "../operations/probe-server";
import { startTracing } from "../operations/tracing";
import type { supervisor as theSupervisor } from "../operations/workers";
import { banner } from "./banner";
import { loadApp } from "./load";
import { onlyCommands } from "./only-commands";
import { stopping } from "./stopping";

/** Adds the default command. */
export function addServeCommand(program: Command): void {
  program
    .command("serve", { isDefault: true })
    .description("serve over gRPC until SIGTERM or SIGINT; migrates first unless ORGROLES_MIGRATE=off")
    .allowExcessArguments()
    .action((_, { args }: Command) => onlyCommands(program, args) ?? serve());
}

async function serve(): Promise<void> {
  const config = readConfig(process.env);
  const log = pino({ level: config.logLevel }, new GatheredLines(pino.destination({ dest: 2, sync: false })));
  const { Supervisor, supervisor } = await import("../operations/workers");
  if (config.workers === 1) return serveAlone(config, log);
  if (supervisor.isThere) return serveAsWorker(config, log, supervisor);
  const workers = new Supervisor(config.workers, log);
  const probes = new ProbeServer(workers.exposition, () => workers.ready());
  const close = async () => {
    await workers.close();
    await probes.close();
  };
  const stop = stopping(log, close);
  process.on("SIGTERM", stop).on("SIGINT", stop);
  try {
    const port = config.metrics && (await probes.listen(config.metrics.host, config.metrics.port));
    const address = await workers.start();
    console.log(banner(config, { address, metricsAddress: config.metrics && `${config.metrics.host}:${port}` }));
  } catch (error) {
    await close();
    throw error;
  }
}

async function serveAlone(config: Config, log: Logger): Promise<void> {
  const tracing = await startTracing(process.env);
  const { createApp } = await loadApp();
  const app = await createApp(config, log, { tracing });
  const stop = stopping(log, () => app.close());
  process.on("SIGTERM", stop).on("SIGINT", stop);
  console.log(banner(config, app)); // who reads it may send signals
}

/** Signals from a terminal go to all processes; the supervisor ends its workers. */
async function serveAsWorker(config: Config, log: Logger, supervisor: typeof theSupervisor): Promise<void> {
  process.on("SIGINT", () => undefined);
  const tracing = await startTracing(process.env);
  const { createApp } = await loadApp();
  const onServing = (serving: boolean) => supervisor.tellServing(serving);
  const app = await createApp({ ...config, metrics: undefined }, log, { tracing, onServing });
  const stop = stopping(log, () => app.close());
  process.on("SIGTERM", stop);
  supervisor.onLost(() => stop("SIGTERM"));
  supervisor.tellListening(app.address, app.registry);
}

import type { Command } from "commander";
import type { Logger } from "pino";
import { type Config, readConfig } from "../config/config";
import { createLogger, logProcess } from "../observability/log";
import { logDestination } from "../observability/log-destination";
import { ProbeServer } from "../observability/probe-server";
import { startTracing } from "../observability/tracing";
import type { Supervisor as TheSupervisor, supervisor as theSupervisor } from "../workers/supervisor";
import { banner } from "./banner";
import { addExamples } from "./help";
import { loadApp } from "./load";
import { rejectArguments } from "./reject-arguments";
import { ignoreClosedOutput } from "./output";
import { closeOnSignals, onSignals, startStoppable } from "./signals";

/** Adds the default command. */
export function addServeCommand(program: Command): void {
  const command = program
    .command("serve", { isDefault: true })
    .description("serve over gRPC until SIGTERM, SIGINT or SIGHUP; migrate first unless ORGROLES_MIGRATE=off")
    .allowExcessArguments()
    .action((_, { args }: Command) => rejectArguments(program, args) ?? serve());
  addExamples(command, [
    "orgroles serve",
    "ORGROLES_ADDRESS=127.0.0.1:8080 ORGROLES_DATABASE_URL=sqlite:roles.db orgroles serve",
  ]);
}

async function serve(): Promise<void> {
  ignoreClosedOutput();
  const config = readConfig(process.env);
  const log = createLogger(config.logLevel, await logDestination(config.logFormat, { processes: config.workers }));
  logProcess(log);
  const { Supervisor, supervisor } = await import("../workers/supervisor");
  if (config.workers === 1) return serveAlone(config, log);
  if (supervisor.isThere) return serveAsWorker(config, log, supervisor);
  return supervise(config, log, new Supervisor(config.workers, log));
}

async function serveAlone(config: Config, log: Logger): Promise<void> {
  const tracing = await startTracing(process.env);
  const { createApp } = await loadApp();
  const { stop, started } = startStoppable(log, (signal) => createApp(config, log, { tracing, signal }));
  onSignals(stop);
  const app = await started;
  if (!app) return;
  warnOfTrouble(log, app);
  console.log(banner(config, { ...app, environment: await app.environment() }));
}

/** Warns that nothing is served over HTTP, because the default address is taken. */
function warnOfTrouble(log: Logger, { httpTrouble }: { readonly httpTrouble: string | undefined }): void {
  if (httpTrouble) log.warn(`nothing is served over HTTP: ${httpTrouble}`);
}

/** Runs several worker processes on one port. */
async function supervise(config: Config, log: Logger, workers: TheSupervisor): Promise<void> {
  const probes = new ProbeServer(workers.exposition, () => workers.ready());
  const close = async () => {
    await workers.close();
    await probes.close();
  };
  closeOnSignals(log, close);
  try {
    const { metrics } = config;
    const port = metrics && (await probes.listen(metrics.host, metrics.port));
    const started = await workers.start();
    warnOfTrouble(log, started);
    console.log(banner(config, { ...started, metricsAddress: metrics && `${metrics.host}:${port}` }));
  } catch (error) {
    if (workers.isClosing) return; // a signal is already closing the workers
    await close();
    throw error;
  }
}

/** Serves as a worker. It ignores signals of a terminal, which reach all processes: the supervisor ends its workers. */
async function serveAsWorker(config: Config, log: Logger, supervisor: typeof theSupervisor): Promise<void> {
  process.on("SIGINT", () => undefined).on("SIGHUP", () => undefined);
  try {
    const tracing = await startTracing(process.env);
    const { createApp } = await loadApp();
    const onServing = (serving: boolean) => supervisor.reportServing(serving);
    const { stop, started } = startStoppable(log, (signal) =>
      createApp({ ...config, metrics: undefined }, log, { tracing, onServing, signal }),
    );
    process.on("SIGTERM", stop);
    supervisor.onLost(() => stop("SIGTERM"));
    const app = await started;
    if (app) supervisor.reportListening({ ...app, environment: await app.environment() }, app.registry);
  } catch (error) {
    supervisor.reportFailure(error); // the supervisor reports one failure for all workers
    process.exitCode = 1;
  }
}

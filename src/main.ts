#!/usr/bin/env -S node --max-semi-space-size=32
import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { Command, InvalidArgumentError } from "commander";
import { type Logger, pino } from "pino";
import type { App } from "./app";
import { type Config, describeConfig, readConfig } from "./config";
import { isToken, tokenDigest } from "./auth/authenticator";
import { addBlueprintCommands } from "./blueprints/commands";
import { GatheredLines } from "./operations/gathered-lines";
import { ProbeServer } from "./operations/probe-server";
import { startTracing } from "./operations/tracing";
import type { supervisor as theSupervisor } from "./operations/workers";
import { describeDatabaseUrl } from "./persistence/database-url";

const { version } = require("#package") as { version: string };

/** The service itself, which takes a while to load and which not every command needs. */
const theApp = () => import("./app");

const program = new Command("orgroles")
  .description("Org Roles: the open role service for products that sell to organizations")
  .version(version)
  .showHelpAfterError("See `orgroles --help`.")
  .addHelpText("after", "\nSettings are environment variables and a file: see README.md, and `orgroles check-config`.");

program
  .command("serve", { isDefault: true })
  .description("serve over gRPC until SIGTERM or SIGINT; migrates first unless ORGROLES_MIGRATE=off")
  .allowExcessArguments()
  .action((_, { args }: Command) => onlyCommands(args) ?? serve());

const migrate = program.command("migrate").description("bring the database up to date");
migrate
  .command("up", { isDefault: true })
  .description("run the migrations that the database lacks")
  .allowExcessArguments()
  .action((_, { args }: Command) => onlyCommands(args) ?? migrateTo("up"));
migrate
  .command("down")
  .description("take back the last migration, with everything in the tables it had made")
  .action(() => migrateTo("down"));
migrate
  .command("status")
  .description("list the migrations, and which the database lacks")
  .action(async () => {
    const { migrationStatus } = await theApp();
    for (const { name, done } of await migrationStatus(ownConfig()))
      console.log(`${done ? "done   " : "pending"} ${name}`);
  });

const token = program.command("token").description("tokens for ORGROLES_CREDENTIALS");
token
  .command("make")
  .description("make a token: the token for the caller, its digest for token_sha256")
  .action(() => {
    const made = `orgroles_${randomBytes(32).toString("base64url")}`;
    console.log(`token: ${made}\ntoken_sha256: ${tokenDigest(made).toString("hex")}`);
  });
token
  .command("hash")
  .description("read a token from standard input, print its digest for token_sha256")
  .action(async () => {
    const given = (await text(process.stdin)).trim();
    if (!isToken(given)) throw new Error("A token is one or more of A–Z, a–z, 0–9 and - . _ ~ + / =");
    console.log(tokenDigest(given).toString("hex"));
  });

program
  .command("check-config")
  .description("print the configuration as it is in force, without secrets, or everything that is wrong with it")
  .action(async () => {
    const config = readConfig(process.env);
    if (config.tls) await (await theApp()).checkFiles(config);
    console.log(JSON.stringify(describeConfig(config), undefined, 2));
  });

program
  .command("sweep-progress")
  .description("print how many rows of members each environment has left to sweep")
  .action(async () => {
    const { sweepProgress } = await theApp();
    console.table(await sweepProgress(ownConfig()));
  });

addBlueprintCommands(program, async (work) => {
  const { withServices } = await theApp();
  await withServices(ownConfig(), ({ blueprints }) => work(blueprints));
});

/** The default command is given what is no command. */
function onlyCommands([first]: readonly string[]): undefined {
  if (first !== undefined) program.error(`error: unknown command '${first}'`);
}

/** Of the commands that need no credentials, because they serve nobody. */
const ownConfig = () => readConfig(process.env, { serves: false });

program
  .command("health")
  .description("ask a server by the gRPC health protocol whether it serves; ends with 1 unless it does")
  .option("--address <host:port>", "whom to ask; else the server of this configuration, on this machine")
  .option("--tls", "ask over TLS")
  .option("--ca-file <file>", "who has to have signed its certificate, PEM; implies --tls")
  .option("--server-name <name>", "the name that its certificate has to have, if not that of the address")
  .option("--service <name>", "ask for one service, such as orgroles.v1.RoleService", "")
  .option("--timeout <milliseconds>", "how long to wait for the answer", parseTimeout, 5000)
  .action(health);

interface HealthFlags {
  readonly address?: string;
  readonly tls?: boolean;
  readonly caFile?: string;
  readonly serverName?: string;
  readonly service: string;
  readonly timeout: number;
}

function parseTimeout(given: string): number {
  if (!/^[1-9]\d{0,6}$/.test(given)) throw new InvalidArgumentError("It must be a number of milliseconds.");
  return Number(given);
}

async function health({ address, tls, caFile, serverName, service, timeout }: HealthFlags): Promise<void> {
  const { askHealth } = await import("./operations/health");
  const rest = { authorityFile: caFile, serverName, service, timeout };
  const ask = () => {
    if (address !== undefined) return askHealth({ ...rest, address, tls: tls || caFile ? "verified" : "off" });
    const config = ownConfig();
    // its own server, whose certificate has other names than this machine's
    return askHealth({ ...rest, address: `${config.host}:${config.port}`, tls: config.tls ? "unverified" : "off" });
  };
  const status = await ask();
  console.log(status);
  if (status !== "SERVING") process.exitCode = 1;
}

/** A signal ends the waiting at once, and migrations after the statement under way. */
async function migrateTo(direction: "up" | "down"): Promise<void> {
  const config = ownConfig();
  const { migrateDatabase } = await theApp();
  const stopped = new AbortController();
  const stop = () => (stopped.signal.aborted ? process.exit(1) : stopped.abort());
  process.on("SIGTERM", stop).on("SIGINT", stop);
  try {
    await migrateDatabase(config, direction, { signal: stopped.signal, onWait: console.error });
  } catch (error) {
    if (!stopped.signal.aborted) throw error;
    console.error("Stopped by a signal: the migrations are not complete. The next `orgroles migrate` completes them.");
    process.exit(1); // a connection may still be under way
  }
  console.log(`Migrated ${direction}: ${describeDatabaseUrl(config.database)}`);
  process.off("SIGTERM", stop).off("SIGINT", stop);
}

async function serve(): Promise<void> {
  const config = readConfig(process.env);
  const log = pino({ level: config.logLevel }, new GatheredLines(pino.destination({ dest: 2, sync: false })));
  const { Supervisor, supervisor } = await import("./operations/workers");
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
    const first = await workers.start();
    console.log(greeting(config, { ...first, metricsAddress: config.metrics && `${config.metrics.host}:${port}` }));
  } catch (error) {
    if (workers.isClosing) return; // the signal's own close goes on
    await close();
    throw error;
  }
}

async function serveAlone(config: Config, log: Logger): Promise<void> {
  const tracing = await startTracing(process.env);
  const { createApp } = await theApp();
  const { stop, started } = startStoppable(log, (signal) => createApp(config, log, { tracing, signal }));
  process.on("SIGTERM", stop).on("SIGINT", stop);
  const app = await started;
  if (app) console.log(greeting(config, app));
}

/** Signals from a terminal go to all processes; the supervisor ends its workers. */
async function serveAsWorker(config: Config, log: Logger, supervisor: typeof theSupervisor): Promise<void> {
  process.on("SIGINT", () => undefined);
  const tracing = await startTracing(process.env);
  const { createApp } = await theApp();
  const onServing = (serving: boolean) => supervisor.tellServing(serving);
  const options = { tracing, onServing };
  const { stop, started } = startStoppable(log, (signal) =>
    createApp({ ...config, metrics: undefined }, log, { ...options, signal }),
  );
  process.on("SIGTERM", stop);
  supervisor.onLost(() => stop("SIGTERM"));
  const app = await started;
  if (app) supervisor.tellListening(app);
}

/** Starts an app that `stop` also ends while it starts: there is none then. */
function startStoppable(log: Logger, start: (signal: AbortSignal) => Promise<App>) {
  const stopped = new AbortController();
  const app = start(stopped.signal);
  const unlessStopped = (error: unknown) => {
    if (!stopped.signal.aborted) throw error;
    return undefined;
  };
  const stop = stopping(log, async () => {
    stopped.abort();
    await (await app.catch(unlessStopped))?.close();
  });
  return { stop, started: app.catch(unlessStopped) };
}

/** Ends the process in order at the first signal, and at once at the second. */
function stopping(log: Logger, close: () => Promise<void>): (signal: NodeJS.Signals) => void {
  let begun = false;
  return (signal) => {
    if (begun) process.exit(1);
    begun = true;
    log.info({ signal }, "stopping");
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ err: error }, "not stopped cleanly");
        process.exit(1);
      },
    );
  };
}

function greeting(
  config: Config,
  { address, metricsAddress, databaseTrouble }: Pick<App, "address" | "metricsAddress" | "databaseTrouble">,
): string {
  const environment = config.environments[0];
  const [rpc, request] = environment
    ? ["RoleService/ListEnvironmentRoles", { environment_id: environment }]
    : ["EnvironmentService/ListEnvironments", {}];
  const json = JSON.stringify(request);
  const lines = [`Org Roles listens on ${address}${config.tls ? " (TLS)" : ""}`];
  lines.push(`Database: ${describeDatabaseUrl(config.database)}`);
  if (databaseTrouble) lines.push(`Not ready, and trying again: ${databaseTrouble}`);
  if (metricsAddress) lines.push(`Metrics and probes: http://${metricsAddress}/metrics /livez /readyz`);
  const isOpen = !config.credentials.length && !config.jwt;
  const header = isOpen ? "" : "-H 'authorization: Bearer TOKEN' ";
  const [plain, scheme, clear] = config.tls ? ["", "https", ""] : ["-plaintext ", "http", "--http2-prior-knowledge "];
  lines.push(
    "A first call:",
    `  grpcurl ${plain}${header}-d '${json}' ${address} orgroles.v1.${rpc}`,
    `  npx buf curl --protocol grpc ${clear}${header}-d '${json}' ${scheme}://${address}/orgroles.v1.${rpc}`,
  );
  return lines.join("\n");
}

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
  if (process.connected) process.disconnect(); // a worker would wait for its supervisor
});

#!/usr/bin/env -S node --max-semi-space-size=32
import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { Command, InvalidArgumentError } from "commander";
import { type Logger, pino } from "pino";
import type { App } from "./app";
import { type Config, describeConfig, readConfig } from "./config";
import { isToken, tokenDigest } from "./auth/authenticator";
import { addBlueprintCommands } from "./blueprints/commands";
import { withoutArguments } from "./cli/command-errors";
import { Fault } from "./domain/fault";
import { printable } from "./domain/shown-text";
import { describeError } from "./operations/error-serializer";
import { GatheredLines } from "./operations/gathered-lines";
import { createLogger, logProcess, reportCrashes } from "./operations/log";
import { ProbeServer } from "./operations/probe-server";
import { startTracing } from "./operations/tracing";
import type { supervisor as theSupervisor } from "./operations/workers";
import { describeDatabaseUrl } from "./persistence/database-url";

const { version } = require("#package") as { version: string };

/** The service itself, which takes a while to load and which not every command needs. */
const theApp = () => import("./app");

reportCrashes();

const program = new Command("orgroles")
  .configureOutput(withoutArguments)
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
  .action((_, { args }: Command) => onlyCommands(args) ?? migrateUp());
migrate
  .command("down")
  .description("take back the last migration, with everything in the tables it had made")
  .action(async () => {
    const config = ownConfig();
    await (await theApp()).migrateDatabase(config, "down");
    console.log(`Migrated down: ${describeDatabaseUrl(config.database)}`);
  });
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
    if (!isToken(given)) throw new Fault("A token is one or more of A–Z, a–z, 0–9 and - . _ ~ + / =");
    console.log(tokenDigest(given).toString("hex"));
  });

program
  .command("check-config")
  .description("print the configuration as it is in force, without secrets, or everything that is wrong with it")
  .action(async () => {
    const config = readConfig(process.env);
    if (config.tls) await (await theApp()).checkFiles(config);
    console.log(printable(JSON.stringify(describeConfig(config), undefined, 2)));
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

async function migrateUp(): Promise<void> {
  const config = ownConfig();
  await (await theApp()).migrateDatabase(config, "up");
  console.log(`Migrated up: ${describeDatabaseUrl(config.database)}`);
}

async function serve(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLogger(config.logLevel, new GatheredLines(pino.destination({ dest: 2, sync: false })));
  logProcess(log);
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
    const address = await workers.start();
    console.log(greeting(config, { address, metricsAddress: config.metrics && `${config.metrics.host}:${port}` }));
  } catch (error) {
    await close();
    throw error;
  }
}

async function serveAlone(config: Config, log: Logger): Promise<void> {
  const tracing = await startTracing(process.env);
  const { createApp } = await theApp();
  const app = await createApp(config, log, { tracing });
  const stop = stopping(log, () => app.close());
  process.on("SIGTERM", stop).on("SIGINT", stop);
  console.log(greeting(config, app)); // who reads it may send signals
}

/** Signals from a terminal go to all processes; the supervisor ends its workers. */
async function serveAsWorker(config: Config, log: Logger, supervisor: typeof theSupervisor): Promise<void> {
  process.on("SIGINT", () => undefined);
  const tracing = await startTracing(process.env);
  const { createApp } = await theApp();
  const onServing = (serving: boolean) => supervisor.tellServing(serving);
  const app = await createApp({ ...config, metrics: undefined }, log, { tracing, onServing });
  const stop = stopping(log, () => app.close());
  process.on("SIGTERM", stop);
  supervisor.onLost(() => stop("SIGTERM"));
  supervisor.tellListening(app.address, app.registry);
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

function greeting(config: Config, { address, metricsAddress }: Pick<App, "address" | "metricsAddress">): string {
  const environment = config.environments[0];
  const [rpc, request] = environment
    ? ["RoleService/ListEnvironmentRoles", { environment_id: environment }]
    : ["EnvironmentService/ListEnvironments", {}];
  const json = JSON.stringify(request);
  const lines = [`Org Roles listens on ${address}${config.tls ? " (TLS)" : ""}`];
  lines.push(`Database: ${describeDatabaseUrl(config.database)}`);
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
  console.error(describeError(error));
  process.exitCode = 1;
  if (process.connected) process.disconnect(); // a worker would wait for its supervisor
});

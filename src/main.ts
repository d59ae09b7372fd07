import { pino } from "pino";
import { type App, createApp, migrateDatabase, sweepProgress } from "./app";
import { type Config, ConfigError, readConfig } from "./config";
import { describeDatabaseUrl } from "./persistence/database-url";

const usage = "Usage: npm start | npm run migrate [-- down] | npm run sweep-progress";

async function main([command = "serve", ...rest]: string[]): Promise<void> {
  const config = readConfig(process.env);
  if (command === "serve" && rest.length === 0) return serve(config);
  if (command === "sweep-progress" && rest.length === 0) return console.table(await sweepProgress(config));
  const [direction = "up"] = rest;
  if (command !== "migrate" || rest.length > 1 || (direction !== "up" && direction !== "down")) throw new Error(usage);
  await migrateDatabase(config, direction);
  console.log(`Migrated ${direction}: ${describeDatabaseUrl(config.database)}`);
}

async function serve(config: Config): Promise<void> {
  const log = pino({ level: config.logLevel }, pino.destination(2));
  const app = await createApp(config, log);
  console.log(greeting(config, app));

  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, "stopping");
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ err: error }, "not stopped cleanly");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
}

function greeting(config: Config, { address }: App): string {
  const environment = config.environments[0];
  const [rpc, request] = environment
    ? ["RoleService/ListEnvironmentRoles", { environment_id: environment }]
    : ["EnvironmentService/ListEnvironments", {}];
  const json = JSON.stringify(request);
  return [
    `Org Roles listens on ${address}`,
    `Database: ${describeDatabaseUrl(config.database)}`,
    "A first call:",
    `  grpcurl -plaintext -d '${json}' ${address} orgroles.v1.${rpc}`,
    `  npx buf curl --protocol grpc --http2-prior-knowledge -d '${json}' http://${address}/orgroles.v1.${rpc}`,
  ].join("\n");
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const known = error instanceof ConfigError || !(error instanceof Error);
  console.error(known ? String(error) : error.message);
  process.exitCode = 1;
});

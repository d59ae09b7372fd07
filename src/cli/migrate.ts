import type { Command } from "commander";
import type { MigrationOptions, StepBack } from "../app/commands";
import type { Config } from "../config/config";
import { Fault } from "../domain/fault";
import { describeDatabaseUrl } from "../persistence/connection/database-url";
import { askToConfirm } from "./ask-to-confirm";
import { examples } from "./help";
import { loadCommands, ownConfig } from "./load";
import { onlyCommands } from "./only-commands";
import { endings } from "./signals";
import { counted } from "./words";

/** Adds the commands that change and show the schema. */
export function addMigrateCommands(program: Command): void {
  const migrate = program
    .command("migrate")
    .description("bring the schema of the database up to date, show it, or take it back");
  examples(migrate, ["orgroles migrate", "orgroles migrate status", "orgroles migrate down"]);
  examples(
    migrate
      .command("up", { isDefault: true })
      .description("run the migrations that the database lacks; several at once are safe")
      .allowExcessArguments()
      .action((_, { args }: Command) => onlyCommands(program, args) ?? migrateUp()),
    ["orgroles migrate up", "ORGROLES_DATABASE_URL=mysql://app:PASSWORD@db/roles orgroles migrate up"],
  );
  examples(
    migrate
      .command("down")
      .description("take back the last migration with the data it had made room for, after showing what that deletes")
      .option("--yes", "do not ask")
      .option("--force", "do so although others are connected to the database")
      .option("--delete-everything", "take back the first migration too, which deletes all data")
      .action(migrateDown),
    ["orgroles migrate down", "orgroles migrate down --yes"],
  );
  examples(
    migrate
      .command("status")
      .description("list the migrations, and which the database lacks; ends with 2 when it lacks any")
      .action(migrateStatus),
    ["orgroles migrate status"],
  );
}

/** Runs migrations that a signal ends: the waiting at once, and a migration after the statement under way. */
async function stoppable<T>(work: (options: MigrationOptions) => Promise<T>): Promise<T> {
  const stopped = new AbortController();
  const stop = () => (stopped.signal.aborted ? process.exit(1) : stopped.abort());
  for (const signal of endings) process.on(signal, stop);
  try {
    return await work({ signal: stopped.signal, onWait: console.error });
  } catch (error) {
    if (!stopped.signal.aborted) throw error;
    console.error("Stopped by a signal: the migrations are not complete. The next `orgroles migrate` completes them.");
    return process.exit(1); // a connection may still be under way
  } finally {
    for (const signal of endings) process.off(signal, stop);
  }
}

const nameDatabase = ({ database }: Config) => console.log(`Database: ${describeDatabaseUrl(database)}`);

async function migrateUp(): Promise<void> {
  const config = ownConfig();
  nameDatabase(config);
  const app = await loadCommands();
  const { unknown } = await stoppable((options) => app.migrateUp(config, options));
  console.log("Migrated up.");
  if (unknown.length) console.log(newer(unknown));
}

async function migrateStatus(): Promise<void> {
  const config = ownConfig();
  nameDatabase(config);
  const { done, pending, unknown } = await (await loadCommands()).migrationStatus(config);
  for (const name of done) console.log(`done    ${name}`);
  for (const name of pending) console.log(`pending ${name}`);
  for (const name of unknown) console.log(`newer   ${name}`);
  if (unknown.length) console.log(newer(unknown));
  else if (!pending.length) console.log("The database is up to date.");
  if (!pending.length) return;
  console.log(`The database lacks ${counted(pending.length, "migration")}: run \`orgroles migrate\`.`);
  process.exitCode = 2;
}

const newer = (unknown: readonly string[]) =>
  `The database is newer than this version: it has ${counted(unknown.length, "migration")} of a later one.`;

interface DownFlags {
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly deleteEverything?: boolean;
}

async function migrateDown(flags: DownFlags): Promise<void> {
  const config = ownConfig();
  nameDatabase(config);
  const app = await loadCommands();
  const { migration } = await stoppable((options) =>
    app.migrateDown(config, (step) => confirmStepBack(step, flags), options),
  );
  console.log(`Migrated down: ${migration} is taken back.`);
}

/** Shows what a step back deletes; throws unless that is wanted. */
async function confirmStepBack(step: StepBack, { yes, force, deleteEverything }: DownFlags): Promise<void> {
  console.log(`Taking back ${step.migration} deletes${step.losses.length ? ":" : " no data."}`);
  for (const { what, rows } of step.losses) console.log(`  ${what}: ${counted(rows, "row")}`);
  if (step.isFirst && !deleteEverything)
    throw new Fault(
      "Nothing was changed: this is the first migration, and taking it back deletes all data. " +
        "Repeat the command with --delete-everything if you want that.",
    );
  if (step.otherConnections && !force)
    throw new Fault(
      "Nothing was changed: others are connected to the database. Stop all servers first. " +
        "If none of them is a server that needs the migration, repeat the command with --force.",
    );
  if (!yes && !(await askToConfirm("Take it back?"))) throw new Fault("Nothing was changed.");
}

import type { Command } from "commander";
import type { MigrationOptions, StepBack } from "../app/commands";
import type { Config } from "../config/config";
import { Fault } from "../domain/fault";
import { describeDatabaseUrl } from "../persistence/connection/database-url";
import { askToConfirm } from "./ask-to-confirm";
import { addExamples } from "./help";
import { loadCommands, ownConfig } from "./load";
import { rejectArguments } from "./reject-arguments";
import { stopSignals } from "./signals";
import { formatCount } from "./words";

/** Adds the commands that migrate the schema and show its state. */
export function addMigrateCommands(program: Command): void {
  const migrate = program
    .command("migrate")
    .description("migrate the database schema, list its migrations, or revert the last one");
  addExamples(migrate, ["orgroles migrate", "orgroles migrate status", "orgroles migrate down"]);
  addExamples(
    migrate
      .command("up", { isDefault: true })
      .description("run the migrations that the database lacks; several processes may do so at once")
      .allowExcessArguments()
      .action((_, { args }: Command) => rejectArguments(program, args) ?? migrateUp()),
    ["orgroles migrate up", "ORGROLES_DATABASE_URL=mysql://app:PASSWORD@db/roles orgroles migrate up"],
  );
  addExamples(
    migrate
      .command("down")
      .description("revert the last migration, after showing the data that this deletes")
      .option("--yes", "do not ask for confirmation")
      .option("--force", "revert even if other clients are connected to the database")
      .option("--delete-everything", "revert even the first migration, which deletes all data")
      .action(migrateDown),
    ["orgroles migrate down", "orgroles migrate down --yes"],
  );
  addExamples(
    migrate
      .command("status")
      .description("list the migrations, and those that the database lacks; exit with 2 if it lacks any")
      .action(migrateStatus),
    ["orgroles migrate status"],
  );
}

/** Runs migrations that a signal stops: at once while they wait, otherwise after the current statement. */
async function runStoppable<T>(work: (options: MigrationOptions) => Promise<T>): Promise<T> {
  const stopped = new AbortController();
  const stop = () => (stopped.signal.aborted ? process.exit(1) : stopped.abort());
  for (const signal of stopSignals) process.on(signal, stop);
  try {
    return await work({ signal: stopped.signal, onWait: console.error });
  } catch (error) {
    if (!stopped.signal.aborted) throw error;
    console.error("Stopped by a signal: the migrations are not complete. The next `orgroles migrate` completes them.");
    return process.exit(1); // a connection attempt may still be open
  } finally {
    for (const signal of stopSignals) process.off(signal, stop);
  }
}

const printDatabase = ({ database }: Config) => console.log(`Database: ${describeDatabaseUrl(database)}`);

async function migrateUp(): Promise<void> {
  const config = ownConfig();
  printDatabase(config);
  const app = await loadCommands();
  const { unknown } = await runStoppable((options) => app.migrateUp(config, options));
  console.log("The migrations are complete.");
  if (unknown.length) console.log(describeNewer(unknown));
}

async function migrateStatus(): Promise<void> {
  const config = ownConfig();
  printDatabase(config);
  const { done, pending, unknown } = await (await loadCommands()).migrationStatus(config);
  for (const name of done) console.log(`done    ${name}`);
  for (const name of pending) console.log(`pending ${name}`);
  for (const name of unknown) console.log(`newer   ${name}`);
  if (unknown.length) console.log(describeNewer(unknown));
  else if (!pending.length) console.log("The database is up to date.");
  if (!pending.length) return;
  console.log(`The database lacks ${formatCount(pending.length, "migration")}: run \`orgroles migrate\`.`);
  process.exitCode = 2;
}

const describeNewer = (unknown: readonly string[]) =>
  `The database is newer than this version: it has ${formatCount(unknown.length, "migration")} of a later version.`;

interface DownFlags {
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly deleteEverything?: boolean;
}

async function migrateDown(flags: DownFlags): Promise<void> {
  const config = ownConfig();
  printDatabase(config);
  const app = await loadCommands();
  const { migration } = await runStoppable((options) =>
    app.migrateDown(config, (step) => confirmStepBack(step, flags), options),
  );
  console.log(`Migration ${migration} is reverted.`);
}

/** Shows what a step back deletes, and throws unless the user confirms it. */
async function confirmStepBack(step: StepBack, { yes, force, deleteEverything }: DownFlags): Promise<void> {
  console.log(`Reverting ${step.migration} deletes${step.losses.length ? ":" : " no data."}`);
  for (const { what, rows } of step.losses) console.log(`  ${what}: ${formatCount(rows, "row")}`);
  if (step.isFirst && !deleteEverything)
    throw new Fault(
      "Nothing was changed: this is the first migration, and reverting it deletes all data. " +
        "To do so, repeat the command with --delete-everything.",
    );
  if (step.otherConnections && !force)
    throw new Fault(
      "Nothing was changed: other clients are connected to the database. Stop all servers first. " +
        "If none of the clients is a server, repeat the command with --force.",
    );
  if (!yes && !(await askToConfirm("Revert it?"))) throw new Fault("Nothing was changed.");
}

import type { Command } from "commander";
import { describeDatabaseUrl } from "../persistence/database-url";
import { loadApp, ownConfig } from "./load";
import { onlyCommands } from "./only-commands";

/** Adds the commands that change and show the schema. */
export function addMigrateCommands(program: Command): void {
  const migrate = program.command("migrate").description("bring the database up to date");
  migrate
    .command("up", { isDefault: true })
    .description("run the migrations that the database lacks")
    .allowExcessArguments()
    .action((_, { args }: Command) => onlyCommands(program, args) ?? migrateUp());
  migrate
    .command("down")
    .description("take back the last migration, with everything in the tables it had made")
    .action(async () => {
      const config = ownConfig();
      await (await loadApp()).migrateDatabase(config, "down");
      console.log(`Migrated down: ${describeDatabaseUrl(config.database)}`);
    });
  migrate
    .command("status")
    .description("list the migrations, and which the database lacks")
    .action(async () => {
      const { migrationStatus } = await loadApp();
      for (const { name, done } of await migrationStatus(ownConfig()))
        console.log(`${done ? "done   " : "pending"} ${name}`);
    });
}

async function migrateUp(): Promise<void> {
  const config = ownConfig();
  await (await loadApp()).migrateDatabase(config, "up");
  console.log(`Migrated up: ${describeDatabaseUrl(config.database)}`);
}

import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import type { BlueprintService } from "../domain/blueprint-service";
import { Fault } from "../domain/fault";
import { shownPath } from "../domain/shown-text";
import { BlueprintFile, line } from "./apply";
import { exportBlueprints } from "./export";

/** Gives the work the blueprints of the configured database. */
export type WithBlueprints = (work: (blueprints: BlueprintService) => Promise<void>) => Promise<void>;

/** Adds the commands that move roles between environments and repositories. */
export function addBlueprintCommands(program: Command, withBlueprints: WithBlueprints): void {
  program
    .command("export")
    .description("print an environment's roles, permissions and what its organizations hold, as YAML for apply")
    .argument("<environment>", "the environment's id")
    .option("--organization <id...>", "of the organizations only these")
    .option("--no-organization", "the environment alone")
    .option("--members", "also the members of the organizations")
    .action(
      (
        environment: string,
        { organization, members = false }: { organization?: string[] | false; members?: boolean },
      ) =>
        withBlueprints((blueprints) =>
          exportBlueprints(
            blueprints,
            environment,
            { members, only: organization === false ? [] : organization },
            process.stdout,
          ),
        ),
    );
  program
    .command("apply")
    .description("make an environment hold what a file says, after showing what that changes")
    .argument("<file>", "YAML as export prints it; - for standard input")
    .option("--environment <id>", "apply to this environment, whatever the file names")
    .option("--prune", "delete the roles, permissions and groups that the file's lists do not have")
    .option("--dry-run", "show what would change, and change nothing")
    .option("--yes", "do not ask")
    .action((file: string, flags: ApplyFlags) =>
      withBlueprints((blueprints) =>
        onDisk(file, (copy) => {
          const name = file === "-" ? "standard input" : shownPath(file);
          const options = { environment: flags.environment, prune: flags.prune ?? false };
          return apply(new BlueprintFile(copy, name, blueprints, options), flags);
        }),
      ),
    );
}

interface ApplyFlags {
  readonly environment?: string;
  readonly prune?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

async function apply(file: BlueprintFile, flags: ApplyFlags): Promise<void> {
  const plan = await file.compare((place, changes) => console.log([place, ...changes.map(line)].join("\n")));
  if (!plan.changing) return console.log("Everything is as the file says.");
  if (flags.dryRun) return console.log("Nothing was changed: this was a dry run.");
  if (!flags.yes && !(await confirmed())) throw new Fault("Nothing was changed.");
  const advance = await progress(plan.blueprints);
  await file.apply(advance);
  console.log(`Applied: ${plan.changing} of ${plan.blueprints} documents made a difference.`);
}

async function confirmed(): Promise<boolean> {
  if (!process.stdin.isTTY) throw new Fault("Nothing was changed: --yes is needed where nobody can be asked.");
  const { confirm } = await import("@clack/prompts");
  return (await confirm({ message: "Apply this?", initialValue: false })) === true;
}

/** A bar for those who watch, where there is more to do than they would wait for without one. */
async function progress(total: number): Promise<(count: number) => void> {
  if (!process.stderr.isTTY || total < 20) return () => undefined;
  const bar = (await import("@clack/prompts")).progress({ max: total, output: process.stderr });
  bar.start("Applying");
  return (count) => {
    bar.advance(1, `${count} of ${total}`);
    if (count === total) bar.stop(`${total} of ${total}`);
  };
}

/** Standard input can be read once only, and a file is read twice: to compare, and to apply. */
async function onDisk(file: string, work: (file: string) => Promise<void>): Promise<void> {
  if (file !== "-") return work(file);
  const folder = await mkdtemp(path.join(tmpdir(), "orgroles-"));
  try {
    const copy = path.join(folder, "standard-input");
    await pipeline(process.stdin, createWriteStream(copy, { mode: 0o600 }));
    await work(copy);
  } finally {
    await rm(folder, { recursive: true });
  }
}

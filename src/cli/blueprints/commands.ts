import type { Command } from "commander";
import type { BlueprintService } from "../../application/blueprints/blueprint-service";
import type { Change } from "../../application/blueprints/change";
import { escapeUnseen } from "../../display/shown-text";
import { Fault } from "../../domain/fault";
import { parseId } from "../../domain/values";
import { askToConfirm } from "../ask-to-confirm";
import { BlueprintFile } from "./apply";
import { exportBlueprints } from "./export";
import { Source } from "./source";

/** Gives the work the blueprints of the configured database, and how people call the database. */
export type WithBlueprints = (work: (blueprints: BlueprintService, database: string) => Promise<void>) => Promise<void>;

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
        withBlueprints((blueprints, database) => {
          const parsed = parseId(environment);
          if ("rule" in parsed) throw new Fault(`The environment ${parsed.rule}.`);
          console.error(targetLine(environment, database));
          const only = organization === false ? [] : organization;
          return exportBlueprints(blueprints, environment, { members, only }, process.stdout);
        }),
    );
  program
    .command("apply")
    .description("make an environment hold what a file says, after showing what that changes")
    .argument("<file>", "YAML as export prints it; - for standard input")
    .option("--environment <id>", "apply to this environment, whatever the file names")
    .option("--prune", "delete the roles, permissions and groups that the file's lists do not have")
    .option("--dry-run", "show what would change, and change nothing")
    .option("--detailed-exitcode", "with --dry-run: end with 2 when something would change, with 0 when nothing would")
    .option("--yes", "do not ask")
    .action((file: string, flags: ApplyFlags) => {
      if (flags.detailedExitcode && !flags.dryRun) program.error("error: --detailed-exitcode needs --dry-run");
      return withBlueprints((blueprints, database) => apply(blueprints, database, file, flags));
    });
}

const targetLine = (environment: string, database: string) =>
  escapeUnseen(`Target: environment ${environment}, database ${database}`);

interface ApplyFlags {
  readonly environment?: string;
  readonly prune?: boolean;
  readonly dryRun?: boolean;
  readonly detailedExitcode?: boolean;
  readonly yes?: boolean;
}

async function apply(blueprints: BlueprintService, database: string, name: string, flags: ApplyFlags): Promise<void> {
  const { environment, prune = false, dryRun = false } = flags;
  const source = new Source(name);
  try {
    const file = new BlueprintFile(source, blueprints, { environment, prune });
    const plan = await file.compare(
      {
        target: (id) => console.log(targetLine(id, database)),
        document: (place) => console.log(place),
        changes: (changes) => changes.forEach((change) => console.log(changeLine(change))),
      },
      { keep: !dryRun },
    );
    if (!plan.changes.total) return console.log("Everything is as the file says.");
    console.log(`Would change: ${plan.changes.planned}.`);
    if (dryRun) {
      console.log("Nothing was changed: this was a dry run.");
      if (flags.detailedExitcode) process.exitCode = 2;
      return;
    }
    if (!flags.yes && !(await askToConfirm("Apply this?"))) throw new Fault("Nothing was changed.");
    const made = await file.apply(await progress(plan.blueprints));
    console.log(`Applied: ${made.made}.`);
  } finally {
    await source.close();
  }
}

/** Returns a change as people read it. */
function changeLine({ sign, subject, details }: Change): string {
  return `  ${sign} ${subject}${details.length ? `: ${details.join(", ")}` : ""}`;
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

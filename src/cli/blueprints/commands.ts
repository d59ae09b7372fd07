import type { Command } from "commander";
import type { BlueprintService } from "../../application/blueprints/blueprint-service";
import type { Change } from "../../application/blueprints/change";
import { escapeUnseen } from "../../display/shown-text";
import { Fault } from "../../domain/fault";
import { type UserId, parseId } from "../../domain/values";
import { askToConfirm } from "../ask-to-confirm";
import { addExamples } from "../help";
import { parseIdOption } from "../parse-id-option";
import { BlueprintFile } from "./apply";
import { exportBlueprints } from "./export";
import { Source } from "./source";

/** Runs work with the blueprints and the description of the configured database. */
export type WithBlueprints = (work: (blueprints: BlueprintService, database: string) => Promise<void>) => Promise<void>;

/** Adds the commands that export and apply blueprints. */
export function addBlueprintCommands(program: Command, withBlueprints: WithBlueprints): void {
  const exportCommand = program
    .command("export")
    .description("print an environment with its roles, permissions and organizations as YAML for apply")
    .argument("<environment>", "the id of the environment")
    .option("--organization <id...>", "export only these organizations")
    .option("--no-organization", "export no organizations")
    .option("--members", "also export the members of the organizations")
    .action(
      (
        environment: string,
        { organization, members = false }: { organization?: string[] | false; members?: boolean },
      ) =>
        withBlueprints((blueprints, database) => {
          const parsed = parseId(environment);
          if ("rule" in parsed) throw new Fault(`The environment id ${parsed.rule}.`);
          console.error(formatTarget(environment, database));
          const only = organization === false ? [] : organization;
          return exportBlueprints(blueprints, environment, { members, only }, process.stdout);
        }),
    );
  addExamples(exportCommand, ["orgroles export dev > roles.yaml", "orgroles export dev --organization acme --members"]);
  const applyCommand = program
    .command("apply")
    .description("change an environment to match a file, after showing the changes")
    .argument("<file>", "YAML as export prints it; - means standard input")
    .option("--environment <id>", "change this environment, even if the file names another")
    .option(
      "--acting-user <id>",
      "make the changes for this user, whom events name and an escalation guard limits",
      parseIdOption<UserId>,
    )
    .option("--prune", "delete roles, permissions and group mappings that are missing from the lists in the file")
    .option("--dry-run", "show the changes without making them")
    .option("--detailed-exitcode", "with --dry-run: exit with 2 if the file would change something, otherwise with 0")
    .option("--yes", "do not ask for confirmation")
    .action((file: string, flags: ApplyFlags) => {
      if (flags.detailedExitcode && !flags.dryRun) program.error("error: --detailed-exitcode requires --dry-run");
      return withBlueprints((blueprints, database) => apply(blueprints, database, file, flags));
    });
  addExamples(applyCommand, ["orgroles apply roles.yaml --dry-run", "orgroles apply roles.yaml --environment staging"]);
}

const formatTarget = (environment: string, database: string) =>
  escapeUnseen(`Target: environment ${environment}, database ${database}`);

interface ApplyFlags {
  readonly environment?: string;
  readonly actingUser?: UserId;
  readonly prune?: boolean;
  readonly dryRun?: boolean;
  readonly detailedExitcode?: boolean;
  readonly yes?: boolean;
}

async function apply(blueprints: BlueprintService, database: string, name: string, flags: ApplyFlags): Promise<void> {
  const { environment, actingUser: actingUserId, prune = false, dryRun = false } = flags;
  const source = new Source(name);
  try {
    const file = new BlueprintFile(source, blueprints, { environment, prune, actingUserId });
    const plan = await file.compare(
      {
        target: (id) => console.log(formatTarget(id, database)),
        document: (place) => console.log(place),
        changes: (changes) => changes.forEach((change) => console.log(formatChange(change))),
      },
      { keep: !dryRun },
    );
    if (!plan.changes.total) return console.log("The environment already matches the file.");
    console.log(`Would change: ${plan.changes.planned}.`);
    if (dryRun) {
      console.log("Nothing was changed: this was a dry run.");
      if (flags.detailedExitcode) process.exitCode = 2;
      return;
    }
    if (!flags.yes && !(await askToConfirm("Apply these changes?"))) throw new Fault("Nothing was changed.");
    const applied = await file.apply(await showProgress(plan.blueprints));
    console.log(`Applied: ${applied.made}.`);
  } finally {
    await source.close();
  }
}

/** Formats a change for people. */
function formatChange({ sign, subject, details }: Change): string {
  return `  ${sign} ${subject}${details.length ? `: ${details.join(", ")}` : ""}`;
}

/** Shows a progress bar on a terminal if there are many blueprints. Returns the function that advances it. */
async function showProgress(total: number): Promise<(count: number) => void> {
  if (!process.stderr.isTTY || total < 20) return () => undefined;
  const bar = (await import("@clack/prompts")).progress({ max: total, output: process.stderr });
  bar.start("Applying");
  return (count) => {
    bar.advance(1, `${count} of ${total}`);
    if (count === total) bar.stop(`${total} of ${total}`);
  };
}

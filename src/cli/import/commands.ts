import { type Command, InvalidArgumentError, Option } from "commander";
import { addExamples } from "../help";
import { parseIdOption } from "../parse-id-option";
import type { WorkosFlags } from "./workos";

/** Adds the commands that write a file for `apply` from another system. */
export function addImportCommands(program: Command): void {
  const importCommand = program.command("import").description("write a file for apply from another system");
  const command = importCommand
    .command("workos")
    .description("read permissions, roles, organizations and memberships through the REST API of WorkOS")
    .option("--environment <id>", "the id that the environment gets", parseIdOption<string>, "imported")
    .option("--output <file>", "write this file instead of standard output, once everything is read")
    .option("--api <url>", "the address of the API", parseApi, new URL("https://api.workos.com"))
    .option("--default-role <slug>", "the environment's default role, which the API does not return")
    .option(
      "--organization-default <id=slug>",
      "the default role of an organization, if it is another one; may be repeated",
      addDefault,
    )
    .addOption(new Option("--multiple-roles <switch>", "whether members may have several roles").choices(["on", "off"]))
    .option("--no-members", "leave out memberships")
    .action(async (flags: WorkosFlags) => (await import("./workos")).importWorkos(flags));
  addExamples(command, [
    "WORKOS_API_KEY=sk_… orgroles import workos --output roles.yaml",
    "orgroles import workos --environment production --default-role viewer < key-file > roles.yaml",
  ]);
}

const loopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

function parseApi(address: string): URL {
  if (!URL.canParse(address)) throw new InvalidArgumentError("It must be a URL such as https://api.workos.com.");
  const url = new URL(address);
  if (url.protocol === "https:" || (url.protocol === "http:" && loopback.test(url.hostname))) return url;
  throw new InvalidArgumentError("It must begin with https://, because the key is sent there.");
}

function addDefault(value: string, known: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> {
  const [id = "", slug = "", ...more] = value.split("=");
  if (!id || !slug || more.length) throw new InvalidArgumentError("It must be ORGANIZATION=SLUG.");
  return new Map([...known, [id, slug]]);
}

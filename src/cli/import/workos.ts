import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import type { Blueprint, EnvironmentBlueprint } from "../../application/blueprints/blueprint";
import { describeFileFault } from "../../display/shown-text";
import { Fault } from "../../domain/fault";
import { write } from "../blueprints/write";
import { writeText } from "../output";
import { WorkosApi } from "./workos-api";
import { type Choices, readEnvironment, readOrganizations } from "./workos-blueprints";

/** The options of the command, parsed. */
export interface WorkosFlags extends Choices {
  readonly environment: string;
  readonly output?: string;
  readonly api: URL;
}

/** Reads an environment through the API, and writes it as a file for `apply`. */
export async function importWorkos(flags: WorkosFlags): Promise<void> {
  const { environment: id, output, api: address, ...choices } = flags;
  const counts = { organizations: new Set<string>(), members: 0 };
  console.error(`Source: ${address.origin}`);
  const api = new WorkosApi(address, await readKey());
  const environment = await readEnvironment(api, choices);

  async function* file(): AsyncGenerator<string> {
    yield heading(address, choices, environment);
    yield write(id, environment);
    for await (const blueprint of readOrganizations(api, choices, environment)) {
      count(counts, blueprint);
      yield write(id, blueprint);
    }
  }

  await writeTo(output, file());
  const { permissions = [], roles = [] } = environment;
  console.error(
    `Imported: permissions ${permissions.length}, environment roles ${roles.length}, ` +
      `organizations with roles or members ${counts.organizations.size}, members ${counts.members}.`,
  );
}

function count(counts: { readonly organizations: Set<string>; members: number }, blueprint: Blueprint): void {
  if (blueprint.kind === "environment") return;
  counts.organizations.add(blueprint.organizationId);
  if (blueprint.kind === "members") counts.members += blueprint.members.size;
}

/** Returns the key of the environment variable, or what standard input contains. */
async function readKey(): Promise<string> {
  const given = process.env["WORKOS_API_KEY"] ?? (process.stdin.isTTY ? "" : await text(process.stdin));
  const key = given.trim();
  if (!/^[\x21-\x7E]+$/.test(key))
    throw new Fault("WORKOS_API_KEY: an API key is required, here or on standard input.");
  return key;
}

/** Returns comments that say where the file is from and what it assumes. */
function heading(address: URL, choices: Choices, { defaultRole }: EnvironmentBlueprint): string {
  const lines = [`From ${address.origin}, ${new Date().toISOString()}.`];
  if (choices.defaultRole === undefined)
    lines.push(`Assumed: the default role of the environment is ${defaultRole} (--default-role).`);
  lines.push(
    "Assumed: an organization with roles or an order of its own has the environment's default role, unless " +
      "--organization-default says otherwise.",
  );
  if (choices.multipleRoles === undefined) lines.push("Assumed: members may have several roles (--multiple-roles).");
  lines.push(
    `Left out: ${choices.members ? "memberships that are pending or inactive" : "memberships"}, the roles of groups, ` +
      "and roles of resources inside organizations.",
  );
  return lines.map((line) => `# ${line}\n`).join("");
}

/** Writes standard output, or a file that is there only when it is complete. */
async function writeTo(file: string | undefined, content: AsyncIterable<string>): Promise<void> {
  if (file === undefined) {
    for await (const part of content) if (!(await writeText(process.stdout, part))) return;
    return;
  }
  const unfinished = `${file}.unfinished`;
  try {
    await pipeline(Readable.from(content), createWriteStream(unfinished, { mode: 0o600 }));
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    if (error instanceof Fault) throw error;
    throw new Fault(`--output: ${describeFileFault(file, error)}`);
  }
}

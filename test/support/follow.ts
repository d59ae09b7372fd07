import { execFile } from "node:child_process";
import path from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";
import { type Block, type Step, expectOutput, stepsOf } from "./pages";

/** Where pages are followed: a folder, and a server in the place of the one at 127.0.0.1:50051. */
export interface Site {
  readonly folder: string;
  readonly address: string;
  /** A server in the place of the one at localhost:50080. */
  readonly httpAddress: string;
  readonly database: string;
}

/** What a step did. */
export interface Outcome {
  /** What it printed, standard error included. */
  readonly output: string;
  /** The output again, if one of its commands failed. */
  readonly failure: string | undefined;
}

const END = "\u001F";
const FAILURE = "\u001E";

const isRun = ({ kind, attributes }: Block) => kind === "sh" && !attributes.has("skip");

/** The steps of a page that are run: blocks of commands that are not marked `skip`. */
export const runStepsOf = (blocks: readonly Block[]): Step[] => stepsOf(blocks, isRun);

/** Does with a page what its reader does, in one shell: writes its files, and runs its commands to the last. */
export async function follow(
  blocks: readonly Block[],
  { folder, address, httpAddress, database }: Site,
): Promise<Outcome[]> {
  const here = (text: string) => text.replaceAll("127.0.0.1:50051", address).replaceAll("localhost:50080", httpAddress);
  const main = path.resolve(process.env["TEST_RUN_BUILD"] ?? "dist", "src", "main.js");
  const parts = blocks.flatMap((block) => {
    const name = block.attributes.get("file");
    if (name) {
      const file = path.join(folder, name);
      return [`mkdir -p '${path.dirname(file)}'`, `cat > '${file}' <<'END OF FILE'\n${here(block.text)}END OF FILE`];
    }
    return isRun(block) ? [here(block.text.replaceAll("npx orgroles", "orgroles")), "printf '\\037'"] : [];
  });
  const setUp = ["exec 2>&1", `orgroles() { node ${main} "$@"; }`, "set -E", "trap 'printf \"\\036\"' ERR"];
  const outside = Object.entries(process.env).filter(([name]) => !name.startsWith("ORGROLES_"));
  const env = { ...Object.fromEntries(outside), ORGROLES_DATABASE_URL: database };
  const script = [...setUp, ...parts, "true"].join("\n");
  const { stdout } = await promisify(execFile)("bash", ["-c", script], { cwd: folder, env, timeout: 500_000 });
  return stdout
    .split(END)
    .slice(0, -1)
    .map((printed) => {
      const output = stripVTControlCharacters(printed.replaceAll(FAILURE, "")).replaceAll(/^npm warn.*\n/gm, "");
      return { output, failure: printed.includes(FAILURE) ? output : undefined };
    });
}

/** Fails unless a step printed what its page says. */
export function expectPrinted(outcome: Outcome | undefined, { expected }: Step): void {
  if (expected) expectOutput(outcome?.output ?? "", expected);
}

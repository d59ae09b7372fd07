import { readFileSync, readdirSync } from "node:fs";
import { parse } from "yaml";

export interface Step {
  readonly call: string;
  readonly with?: Record<string, unknown>;
  readonly error?: { readonly reason?: string };
}

export interface Case {
  /** From the root of the repository. */
  readonly file: string;
  readonly needs?: string;
  readonly steps: readonly Step[];
}

const casesIn = (folder: string): Case[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .toSorted()
    .map((name) => {
      const file = `${folder}/${name}`;
      return { ...(parse(readFileSync(file, "utf8")) as Omit<Case, "file">), file };
    });

/** For any server. */
export const cases = casesIn("test/conformance/cases");

/** For servers that have been prepared. */
export const setUpCases = casesIn("test/conformance/cases/set-up");

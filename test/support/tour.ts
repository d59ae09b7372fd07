import { readFileSync } from "node:fs";
import { type Block, blocksOf } from "./pages";

/** The blocks of the README, which are those of its tour. */
export const tour: readonly Block[] = blocksOf(readFileSync("README.md", "utf8"));

const callerOf = ({ attributes }: Block) => attributes.get("caller");

/** The programs that the tour can be taken with. */
export const callers: readonly string[] = tour.flatMap((block) => callerOf(block) ?? []);

/** The tour with one of its callers. */
export const tourWith = (caller: string): Block[] =>
  tour.filter((block) => [undefined, caller].includes(callerOf(block)));

/** The commands that the tour has for those who have taken it before. */
export const startAfresh = (caller: string): Block[] =>
  tour.filter((block) => callerOf(block) === caller || block.text.includes("EnvironmentService/DeleteEnvironment"));

import { readFileSync, writeFileSync } from "node:fs";
import { settings } from "../../src/config/settings";

/** The page that has the table. */
export const settingsPage = "docs/configuration.md";

const table = /^\| variable +\| default +\| meaning +\|\n(?:\|.*\n)+/m;

/** The table of all settings, before it is formatted. */
export const settingsTable = [
  "| variable | default | meaning |",
  "| - | - | - |",
  ...settings.map(({ name, fallback, meaning }) => `| \`${name}\` | ${fallback} | ${meaning} |`),
].join("\n");

/** The table that a page has, without what formatting added. */
export const tableOf = (page: string): string | undefined =>
  table
    .exec(page)?.[0]
    .trim()
    .replaceAll(/ +/g, " ")
    .replaceAll(/-+/g, (dashes) => (dashes.length > 2 ? "-" : dashes));

if (require.main === module) {
  const page = readFileSync(settingsPage, "utf8");
  writeFileSync(
    settingsPage,
    page.replace(table, () => `${settingsTable}\n`),
  );
}

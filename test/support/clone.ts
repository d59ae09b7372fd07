import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";

/** What somebody has who cloned the repository and ran `npm ci`, as far as clients need it. Others do not meet there. */
export function cloneTo(folder: string): string {
  mkdirSync(folder);
  for (const name of ["proto", "buf.yaml", "package.json", "tsconfig.json", "docs", "test/conformance"])
    cpSync(name, path.join(folder, name), { recursive: true, filter: (source) => path.basename(source) !== "gen" });
  symlinkSync(path.resolve("node_modules"), path.join(folder, "node_modules"));
  return folder;
}

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

test("npx orgroles runs the program of a clone that has been built", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "orgroles-clone-"));
  try {
    for (const name of ["gen", "src", "package.json", "tsconfig.json"])
      cpSync(name, path.join(folder, name), { recursive: true });
    symlinkSync(path.resolve("node_modules"), path.join(folder, "node_modules"));
    const outside = Object.entries(process.env).filter(([name]) => !name.startsWith("ORGROLES_"));
    const env = { ...Object.fromEntries(outside), npm_config_cache: path.join(folder, "cache") };
    const run = (command: string) => execFileSync("bash", ["-c", command], { cwd: folder, env, encoding: "utf8" });
    run("npm run build");
    expect(run("npx orgroles token make")).toMatch(/^token: orgroles_\S+\ntoken_sha256: [0-9a-f]{64}\n$/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A folder for the tests of one file, which goes with them. */
export function temporaryFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let made = 0;
  const newName = (extension: string) => path.join(folder, `${(made += 1)}.${extension}`);
  return {
    folder,
    newName,
    /** A new YAML file. */
    fileOf: (content: string): string => {
      const file = newName("yaml");
      writeFileSync(file, content);
      return file;
    },
  };
}

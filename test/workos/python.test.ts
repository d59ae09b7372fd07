import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { engines } from "../support/engines";
import { languages } from "../support/languages";
import { startWorkos } from "./stage";

const execute = promisify(execFile);
const isTried = languages.includes("python");

if (!isTried) test.todo("the client for Python: set ORGROLES_TEST_CLIENTS");

(isTried ? describe : describe.skip)("the client for Python", () => {
  beforeAll(() => void execFileSync("test/workos/python/build"), 180_000);

  test.each(engines.filter(({ name }) => name !== "mysql"))("tells its stories on $name", async (engine) => {
    const { service } = await startWorkos(engine);
    try {
      const url = `http://${service.httpAddress}/`;
      const program = "dist/workos/python/venv/bin/python";
      const { stdout } = await execute(program, ["-B", "test/workos/python/stories.py", url, "sk_alpha", "sk_beta"]);
      expect(stdout).toBe("told\n");
    } finally {
      await service.drop();
    }
  });
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect } from "../support/client";

test("npm start prints how to call it, and ends cleanly on a SIGTERM that npm passes on", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
  const settings = {
    ORGROLES_ADDRESS: "127.0.0.1:0",
    ORGROLES_DATABASE_URL: `sqlite:${folder}/orgroles.db`,
    ORGROLES_ENVIRONMENTS: "dev",
  };
  const npm = spawn("npm", ["start"], {
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...settings },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(npm, "exit");
  try {
    let printed = "";
    for await (const text of npm.stdout) {
      printed += String(text);
      if (/buf curl .*\n/.test(printed)) break;
    }
    const address = /listens on (\S+)/.exec(printed)?.[1] ?? "";
    expect(printed).toContain(`Database: ${settings.ORGROLES_DATABASE_URL}\n`);
    expect(printed).toContain(`grpcurl -plaintext -d '{"environment_id":"dev"}' ${address} orgroles.v1.`);
    const client = connect(address);
    const { environment } = await client.environments.getEnvironment({ environmentId: "dev" });
    expect(environment?.displayName).toBe("dev");
    client.close();
  } finally {
    npm.kill("SIGTERM");
    expect((await ended)[0]).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  }
});

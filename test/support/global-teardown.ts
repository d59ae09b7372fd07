import { rmSync } from "node:fs";
import { browserPath } from "./browser-path";

export default async function tearDown(): Promise<void> {
  const { testRun } = globalThis;
  if (!testRun) return;
  await Promise.all(testRun.servers.map((server) => server.stop()));
  rmSync(testRun.build, { recursive: true, force: true });
  if (!browserPath && process.env["ORGROLES_TEST_BROWSER"] !== "off")
    console.error(
      "\n*** NOTHING RAN IN A BROWSER: there is no Chromium. `apt-get install chromium`, or ORGROLES_TEST_CHROMIUM=PATH.\n*** ORGROLES_TEST_BROWSER=require makes this a failure.\n",
    );
  if (testRun.missing)
    console.error(
      `\n*** NOTHING RAN ON MYSQL: ${testRun.missing}\n*** ORGROLES_TEST_MYSQL=require makes this a failure.\n`,
    );
}

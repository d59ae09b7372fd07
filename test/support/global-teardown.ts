import { rmSync } from "node:fs";

export default async function tearDown(): Promise<void> {
  const { testRun } = globalThis;
  if (!testRun) return;
  await Promise.all(testRun.servers.map((server) => server.stop()));
  rmSync(testRun.build, { recursive: true, force: true });
  if (testRun.missing)
    console.error(
      `\n*** NOTHING RAN ON MYSQL: ${testRun.missing}\n*** ORGROLES_TEST_MYSQL=require makes this a failure.\n`,
    );
}

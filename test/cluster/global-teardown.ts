import { rmSync } from "node:fs";

export default async function tearDown(): Promise<void> {
  if (!globalThis.clusterRun) return;
  await globalThis.clusterRun.cluster.stop();
  rmSync(globalThis.clusterRun.build, { recursive: true, force: true });
}

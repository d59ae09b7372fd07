import { execFileSync } from "node:child_process";
import path from "node:path";
import { type Cluster, startCluster } from "../support/servers/galera";

declare global {
  var clusterRun: { readonly cluster: Cluster; readonly build: string } | undefined;
}

/** Compiles the service, and starts a cluster that all suites share whose nodes stay alive. */
export default async function setUp(): Promise<void> {
  const build = path.resolve("dist", `test-${process.pid}`);
  execFileSync("node_modules/.bin/tsc", ["--outDir", build], { stdio: "inherit" });
  const cluster = await startCluster("long").catch(leaveOut);
  process.env["TEST_RUN_BUILD"] = build;
  process.env["TEST_RUN_CLUSTER_URLS"] = cluster.nodes.map(({ url }) => url).join(" ");
  globalThis.clusterRun = { cluster, build };
}

/** Ends the run: without a cluster there is nothing to test. */
function leaveOut(error: unknown): Cluster {
  if (process.env["ORGROLES_TEST_CLUSTER"] === "require") throw error;
  console.error(
    `\n*** NOTHING RAN ON A CLUSTER: ${String(error)}\n*** ORGROLES_TEST_CLUSTER=require makes this a failure.\n`,
  );
  process.exit(0);
}

import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Engine } from "../../src/persistence/engines/dialect";
import { connectTo } from "./connection";

export interface TestDatabase {
  /** As `ORGROLES_DATABASE_URL` takes it. */
  readonly url: string;
  drop(): Promise<void>;
}

/** A database that the tests run on. Every test file makes databases of its own, so that files never meet. */
export interface TestEngine {
  readonly name: Engine;
  create(): Promise<TestDatabase>;
}

export const sqliteEngine: TestEngine = {
  name: "sqlite",
  create: async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
    return {
      url: `sqlite:${folder}/orgroles.db`,
      drop: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
};

/** A database for each test file on a server that runs. */
export const engineOn = (name: "mariadb" | "mysql", url: string): TestEngine => ({
  name,
  create: async () => {
    const database = `orgroles_${randomUUID().replaceAll("-", "").slice(0, 16)}`;
    await statement(url, `CREATE DATABASE ${database}`);
    return { url: `${url}/${database}`, drop: () => statement(url, `DROP DATABASE IF EXISTS ${database}`) };
  },
});

async function statement(url: string, sql: string): Promise<void> {
  const connection = await connectTo(url);
  try {
    await connection.query(sql);
  } finally {
    connection.destroy();
  }
}

/** Set by the global setup; MariaDB is always there, MySQL where it can be had. */
const urls = {
  mariadb: process.env["TEST_RUN_MARIADB_URL"],
  mysql: process.env["TEST_RUN_MYSQL_URL"],
};

/** The nodes of a cluster, of which each look at a URL gives the next: processes are on different ones. */
const clusterUrls = process.env["TEST_RUN_CLUSTER_URLS"]?.split(" ");

const clusterEngine = (nodes: readonly string[]): TestEngine => ({
  name: "mariadb",
  create: async () => {
    let looks = 0;
    const database = await engineOn("mariadb", nodes[0] ?? "").create();
    const { pathname } = new URL(database.url);
    return {
      get url() {
        looks += 1;
        return `${nodes[looks % nodes.length]}${pathname}`;
      },
      drop: () => database.drop(),
    };
  },
});

/** The engines with several connections: where transactions can meet. */
export const servers: readonly TestEngine[] = clusterUrls
  ? [clusterEngine(clusterUrls)]
  : (["mariadb", "mysql"] as const).flatMap((name) => {
      const url = urls[name];
      return url ? [engineOn(name, url)] : [];
    });

export const engines: readonly TestEngine[] = clusterUrls ? servers : [sqliteEngine, ...servers];

/** Whether writes may meet on different nodes, too often for the service to repeat them all. */
export const isOnCluster = clusterUrls !== undefined;

/** How many processes it takes to use each node of the engines. */
export const processesOfServers = clusterUrls?.length ?? 2;

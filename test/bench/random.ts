import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import mysql from "mysql2/promise";
import { AccessServiceService, CheckPermissionResponse } from "../../gen/orgroles/v1/access_service";
import { Role } from "../../gen/orgroles/v1/role";
import { many } from "../support/many";
import { findOrStartMariadb, findOrStartMysql } from "../support/servers";
import { median } from "./load";
import { type Subject, startBare, startSubject } from "./subjects";
import { Tenants } from "./tenants";

/**
 * Checks about random members of many organizations, every response verified, beside a server on grpc-js that returns one
 * response to everything. The generator is the Go program in `random/`. ORGANIZATIONS is a list of sizes, MEMBERS the
 * members of each organization, CACHE the cache in MiB, CHANGES how often in a second an environment role changes meanwhile,
 * ENGINE mariadb or mysql, PAIRS and SECONDS the length.
 */
const sizes = (process.env["ORGANIZATIONS"] ?? "1,1000,100000").split(",").map(Number);
const membersEach = Number(process.env["MEMBERS"] ?? 10);
const cache = process.env["CACHE"] ?? "64";
const changes = Number(process.env["CHANGES"] ?? 0);
const pairs = Number(process.env["PAIRS"] ?? 5);
const seconds = Number(process.env["SECONDS"] ?? 4);
const findServer = process.env["ENGINE"] === "mysql" ? findOrStartMysql : findOrStartMariadb;

const environmentId = "production";
const { checkPermission } = AccessServiceService;
const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
const run = promisify(execFile);

interface Outcome {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly wrong: number;
  readonly failed: number;
}

/** Writes requests about members at random, as the generator reads them. */
function writeRequests(tenants: Tenants, file: string): void {
  const records = many(Math.min(200_000, 200 * tenants.organizations), () => {
    const { organizationId, userId, permission, isAllowed } = tenants.question();
    const bytes = checkPermission.requestSerialize({ environmentId, organizationId, userId, permission });
    const head = Buffer.alloc(5);
    head.writeUInt8(Number(isAllowed), 0);
    head.writeUInt32BE(bytes.length, 1);
    return Buffer.concat([head, bytes]);
  });
  writeFileSync(file, Buffer.concat(records));
}

async function load(address: string, requests: string, token?: string): Promise<Outcome> {
  const target = ["-address", address, "-path", checkPermission.path, "-requests", requests];
  const shape = ["-seconds", String(seconds), "-warm", "1", ...(token ? ["-token", token] : [])];
  const { stdout } = await run(path.join(folder, "random"), [...target, ...shape]);
  return JSON.parse(stdout) as Outcome;
}

/** Changes the name of an environment role again and again. Returns a function that ends it. */
function keepChanging({ service }: Subject): () => void {
  if (!changes) return () => undefined;
  let number = 0;
  const timer = setInterval(() => {
    const role = Role.fromPartial({ name: `Member ${(number += 1)}` });
    const request = { environmentId, slug: "member", role, updateMask: ["name"] };
    void service.roles.updateRole(request).catch(() => undefined);
  }, 1000 / changes);
  return () => clearInterval(timer);
}

async function measure(organizations: number): Promise<void> {
  const server = await findServer("default");
  const url = new URL(server.url);
  url.pathname = `/orgroles_random_${organizations}_${process.pid}`;
  const connection = await mysql.createConnection(server.url);
  await connection.query(`CREATE DATABASE ${url.pathname.slice(1)}`);
  await connection.query(`USE ${url.pathname.slice(1)}`);
  const tenants = new Tenants(organizations, membersEach);
  const requests = path.join(folder, `requests-${organizations}`);
  writeRequests(tenants, requests);
  const subject = await startSubject(folder, { ORGROLES_DATABASE_URL: url.href, ORGROLES_CACHE_MIB: cache });
  const allowed = CheckPermissionResponse.encode(CheckPermissionResponse.fromPartial({ allowed: true })).finish();
  const bare = await startBare({ [checkPermission.path]: Buffer.from(allowed) });
  try {
    const [[row]] = await connection.query<mysql.RowDataPacket[]>("SELECT * FROM environments WHERE id = ?", [
      environmentId,
    ]);
    await connection.query("SET unique_checks = 0");
    await tenants.seed(
      (sql, parameters) => connection.query(sql, [...parameters]),
      String(row?.["uid"]),
      String(row?.["default_role_id"]),
    );
    await connection.query("ANALYZE TABLE organizations, role_assignments, roles, role_permissions, permissions");
    await load(subject.address, requests, subject.token);
    const ours: Outcome[] = [];
    const theirs: Outcome[] = [];
    for (let pair = 0; pair < pairs; pair += 1) {
      theirs.push(await load(bare.address, requests));
      const stop = keepChanging(subject);
      ours.push(await load(subject.address, requests, subject.token));
      stop();
    }
    const wrong = ours.reduce((sum, one) => sum + one.wrong + one.failed, 0);
    if (wrong) throw new Error(`${wrong} responses were wrong or failed`);
    const ratios = ours.map((one, index) => one.rate / (theirs[index]?.rate ?? 1));
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${subject.service.pid}/status`, "utf8")) ?? [];
    console.log(
      `${organizations} organizations, cache ${cache} MiB, ${changes} changes a second:` +
        ` ${median(ratios).toFixed(2)} of a bare server (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}),` +
        ` ${Math.round(median(ours.map(({ rate }) => rate)))} checks/s, p50 ${median(ours.map(({ p50 }) => p50)).toFixed(1)} ms,` +
        ` p99 ${median(ours.map(({ p99 }) => p99)).toFixed(1)} ms, ${Math.round(Number(kilobytes) / 1024)} MiB`,
    );
  } finally {
    await bare.end();
    await subject.end();
    await connection.query(`DROP DATABASE ${url.pathname.slice(1)}`);
    await connection.end();
    await server.stop();
  }
}

async function main(): Promise<void> {
  execFileSync("go", ["build", "-o", path.join(folder, "random"), "."], {
    cwd: path.join(__dirname, "..", "..", "..", "test", "bench", "random"),
    stdio: "inherit",
  });
  for (const size of sizes) await measure(size);
}

void main().finally(() => rmSync(folder, { recursive: true, force: true }));

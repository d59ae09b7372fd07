import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { cases } from "../conformance/cases";
import { Processes } from "./processes";

const runner = ["dist/conformance/typescript/runner.js"];
const serviceConfig = "proto/orgroles/v1/service_config_with_request_ids.json";

let folder: string;
let processes: Processes;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
  execFileSync("test/conformance/typescript/build", { stdio: "inherit" });
  processes = await Processes.start();
}, 120_000);
afterAll(async () => {
  await processes?.end();
  rmSync(folder, { recursive: true, force: true });
});

test("each call of the conformance suite goes to another node than the call before, and sees what that one did", async () => {
  const config = JSON.parse(readFileSync(serviceConfig, "utf8")) as object;
  const file = path.join(folder, "round-robin.json");
  writeFileSync(file, JSON.stringify({ ...config, loadBalancingConfig: [{ round_robin: {} }] }));
  const address = `ipv4:${processes.services.map((service) => service.address).join(",")}`;
  const args = [...runner, "--service-config", file, address, ...cases.map((one) => one.file)];
  const { stdout } = await promisify(execFile)(process.execPath, args).catch((error: { stdout: string }) => error);
  const steps = cases.reduce((sum, one) => sum + one.steps.length, 0);
  expect(stdout.split("\n").filter((line) => line !== "" && !line.startsWith("ok "))).toEqual([
    `${steps} passed, 0 failed`,
  ]);
  const counts = processes.services.map((service) => service.output().match(/CreateRole/g)?.length ?? 0);
  expect(Math.min(...counts)).toBeGreaterThan(0);
}, 120_000);

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { Client, Metadata, credentials } from "@grpc/grpc-js";
import { tokenDigest } from "../../src/auth/authenticator";
import { bearer } from "../support/client";
import { type ServiceProcess, childrenOf, nodeFlags, startProcess } from "../support/process";
import { scrape } from "../support/scrape";
import { serving } from "../support/service";
import { type Load, type Shape, type Target, h2load } from "./load";

const token = "a-token-of-the-benchmark";

export interface Subject extends Target {
  readonly service: ServiceProcess;
  /** Calls that ended so far, by gRPC code. */
  codes(): Promise<Record<string, number>>;
  end(): Promise<unknown>;
}

/** The service as in production: credentials, logs into a file, metrics. */
export async function startSubject(folder: string, settings: Record<string, string>): Promise<Subject> {
  const credential = {
    name: "backend",
    token_sha256: tokenDigest(token).toString("hex"),
    action: "admin",
    environments: "*",
  };
  const service = await startProcess(
    {
      ORGROLES_ENVIRONMENTS: "production,beta",
      ORGROLES_CREDENTIALS: JSON.stringify([credential]),
      ORGROLES_METRICS_ADDRESS: "127.0.0.1:0",
      ...settings,
    },
    bearer(token),
    path.join(folder, "log"),
  );
  await serving(service);
  const children = childrenOf(service.pid);
  const metrics = /http:\/\/([\d.:]+)\/metrics/.exec(service.output())?.[1] ?? "";
  return {
    service,
    address: service.address,
    token,
    pids: () => [service.pid, ...children],
    codes: async () => {
      const counts: Record<string, number> = {};
      for (const { name, labels, value } of (await scrape(metrics)).samples)
        if (name === "orgroles_calls_total" && labels["code"])
          counts[labels["code"]] = (counts[labels["code"]] ?? 0) + value;
      return counts;
    },
    end: () => service.end(),
  };
}

/** Load on the service, of which every call must be answered, and with OK. */
export async function loadOn(
  folder: string,
  subject: Subject,
  method: string,
  messages: readonly Uint8Array[],
  shape: Shape,
): Promise<Load> {
  const before = await subject.codes();
  const load = await h2load(folder, subject, method, messages, shape);
  const after = await subject.codes();
  const failed = Object.keys(after).filter((code) => code !== "OK" && after[code] !== (before[code] ?? 0));
  const answered = (after["OK"] ?? 0) - (before["OK"] ?? 0);
  if (failed.length || load.failed || answered < load.calls)
    throw new Error(`${method}: ${answered} of ${load.calls} calls were answered with OK; ${failed.join(", ")}`);
  return load;
}

export interface Bare extends Target {
  end(): Promise<unknown>;
}

const running = new Set<ChildProcess>();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** A server that answers these bytes by their methods' paths, on a Node with the flags of the service's. */
export async function startBare(
  answers: Readonly<Record<string, Buffer>>,
  database?: { readonly url: string; readonly sql: string; readonly values: readonly string[] },
): Promise<Bare> {
  const encoded = Object.entries(answers).map(([method, bytes]) => [method, bytes.toString("base64")]);
  const instructions = JSON.stringify({ answers: Object.fromEntries(encoded) as object, database });
  const child = spawn(process.execPath, [...nodeFlags, path.join(__dirname, "bare-server.js"), instructions], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  running.add(child);
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  return {
    address: `127.0.0.1:${port.toString().trim()}`,
    pids: () => [child.pid ?? 0],
    end: async () => {
      child.stdin.end();
      await once(child, "exit");
      running.delete(child);
    },
  };
}

const same = (bytes: Buffer) => bytes;

/** The bytes that a server answers to a message. */
export async function answerOf(target: Target, method: string, message: Uint8Array): Promise<Buffer> {
  const client = new Client(target.address, credentials.createInsecure());
  const metadata = new Metadata();
  if (target.token) metadata.set("authorization", `Bearer ${target.token}`);
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(method, same, same, Buffer.from(message), metadata, (error, bytes) =>
        error ? reject(error) : resolve(bytes ?? Buffer.alloc(0)),
      );
    });
  } finally {
    client.close();
  }
}

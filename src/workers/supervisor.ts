import cluster, { type Worker } from "node:cluster";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { AggregatorRegistry, type PrometheusContentType, type Registry } from "prom-client";
import type { App, KnownEnvironment } from "../app/app";
import { Fault } from "../domain/fault";
import { describeError } from "../observability/error-serializer";
import { closeConnectionLostBy } from "./lost-connections";
import type { Exposition } from "../observability/probe-server";

/** The state of a worker when it listens. */
export interface Listening extends Pick<App, "address" | "httpAddress" | "httpTrouble" | "databaseTrouble"> {
  readonly environment: KnownEnvironment;
}

/** A report of a worker to its supervisor. */
type Message =
  | ({ readonly kind: "listening" } & Listening)
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "serving"; readonly serving: boolean };

/** Milliseconds between the end of a worker and the start of the next one. The pause doubles while workers end early. */
const firstPause = 100;
const longestPause = 5000;

/** Milliseconds that workers have to end. It exceeds the time that a worker gives to calls in flight. */
const grace = 15_000;

/**
 * Runs several processes of the service on one port. It distributes the connections in turn, serves none itself, replaces
 * workers that end, and stops all of them.
 */
export class Supervisor {
  private readonly serving = new Map<Worker, boolean>();
  private readonly metrics = new AggregatorRegistry();
  private started = false;
  private stopping = false;
  private closing = false;
  private failures = 0;

  constructor(
    private readonly count: number,
    private readonly log: Logger,
  ) {}

  /** Starts the workers. Returns the state of the first one when all listen; throws if one fails. */
  async start(): Promise<Listening> {
    cluster.schedulingPolicy = cluster.SCHED_RR;
    try {
      const all = await Promise.all(Array.from({ length: this.count }, () => this.waitUntilListening(this.fork())));
      const [first] = all;
      if (!first) throw new Fault("No worker was started");
      this.started = true;
      return { ...first, databaseTrouble: all.find((one) => one.databaseTrouble)?.databaseTrouble };
    } catch (error) {
      this.stopping = true;
      throw error;
    }
  }

  /** Reports whether `close` was called. */
  get isClosing(): boolean {
    return this.closing;
  }

  /** Reports whether all workers are running and serve. */
  ready(): boolean {
    const all = [...this.serving.values()];
    return all.length === this.count && all.every(Boolean);
  }

  /** Returns the metrics of all workers together. */
  get exposition(): Exposition {
    const { contentType } = this.metrics;
    return { contentType, metrics: () => this.metrics.clusterMetrics() };
  }

  /** Lets the workers finish their calls, and kills those that take too long. */
  async close(): Promise<void> {
    this.stopping = true;
    this.closing = true;
    const workers = [...this.serving.keys()];
    const ended = Promise.all(workers.map((worker) => this.waitUntilEnded(worker)));
    for (const worker of workers) worker.process.kill("SIGTERM");
    const cutOff = setTimeout(() => workers.forEach((worker) => worker.process.kill("SIGKILL")), grace);
    await ended;
    clearTimeout(cutOff);
  }

  private fork(): Worker {
    const worker = cluster.fork();
    closeConnectionLostBy(worker);
    this.serving.set(worker, false);
    worker.on("message", (message: Message) => {
      if (message.kind === "serving") this.serving.set(worker, message.serving);
    });
    worker.once("exit", (code, signal) => {
      this.serving.delete(worker);
      if (this.stopping || !this.started) return;
      this.log.error({ worker: worker.process.pid, code, signal }, "worker exited");
      void this.replace();
    });
    return worker;
  }

  private async replace(): Promise<void> {
    await sleep(Math.min(longestPause, firstPause * 2 ** this.failures));
    if (this.stopping) return;
    this.failures += 1; // until it listens
    await this.waitUntilListening(this.fork()).then(
      () => (this.failures = 0),
      // the worker has ended, and `replace` follows again
      (error: unknown) => this.log.error({ err: error }, "worker did not start"),
    );
  }

  private waitUntilListening(worker: Worker): Promise<Listening> {
    return new Promise((resolve, reject) => {
      worker.on("message", (message: Message) => {
        if (message.kind === "listening") resolve(message);
        if (message.kind === "failed") reject(new Fault(message.reason));
      });
      worker.once("exit", () => reject(new Fault("A worker ended before it listened")));
    });
  }

  private waitUntilEnded(worker: Worker): Promise<void> {
    return new Promise((resolve) => {
      if (worker.isDead()) resolve();
      else worker.once("exit", () => resolve());
    });
  }
}

/** Answers the supervisor's requests for metrics. */
let responder: AggregatorRegistry<PrometheusContentType> | undefined;

/** The connection of a worker to its supervisor. */
export const supervisor = {
  isThere: cluster.isWorker,

  reportServing(serving: boolean): void {
    send({ kind: "serving", serving });
  },

  /** Reports that the worker listens, and makes its metrics available to the supervisor. */
  reportListening(listening: Listening, registry: Registry): void {
    const { address, httpAddress, httpTrouble, databaseTrouble, environment } = listening;
    AggregatorRegistry.setRegistries(registry);
    responder ??= new AggregatorRegistry();
    send({ kind: "listening", address, httpAddress, httpTrouble, databaseTrouble, environment });
  },

  /** Reports why the worker cannot serve, and disconnects it so that it ends. */
  reportFailure(error: unknown): void {
    const reason = describeError(error);
    send({ kind: "failed", reason }, () => process.disconnect());
  },

  /** Calls the listener if the supervisor ends before its workers. */
  onLost(listener: () => void): void {
    process.once("disconnect", listener);
  },
};

function send(message: Message, sent: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, undefined, undefined, sent);
}

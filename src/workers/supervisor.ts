import cluster, { type Worker } from "node:cluster";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { AggregatorRegistry, type PrometheusContentType, type Registry } from "prom-client";
import type { App, KnownEnvironment } from "../app/app";
import { Fault } from "../domain/fault";
import { describeError } from "../observability/error-serializer";
import { closeConnectionLostBy } from "./lost-connections";
import type { Exposition } from "../observability/probe-server";

/** What a worker knows when it listens. */
export interface Listening extends Pick<App, "address" | "databaseTrouble"> {
  readonly environment: KnownEnvironment;
}

/** What a worker tells its supervisor. */
type Message =
  | ({ readonly kind: "listening" } & Listening)
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "serving"; readonly serving: boolean };

/** Milliseconds between the end of a worker and the start of the next; doubled while they end before they listen. */
const firstPause = 100;
const longestPause = 5000;

/** Milliseconds that workers have to end, longer than calls in flight have in a worker. */
const grace = 15_000;

/**
 * Several processes of the service on one port: this one gives the connections out in turn, serves none itself, starts
 * another worker for one that dies, and ends them all.
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

  /** Returns what the first worker knows when all of them listen; throws what one fails of before. */
  async start(): Promise<Listening> {
    cluster.schedulingPolicy = cluster.SCHED_RR;
    try {
      const all = await Promise.all(Array.from({ length: this.count }, () => this.listening(this.fork())));
      const [first] = all;
      if (!first) throw new Fault("there is no worker");
      this.started = true;
      return { ...first, databaseTrouble: all.find((one) => one.databaseTrouble)?.databaseTrouble };
    } catch (error) {
      this.stopping = true;
      throw error;
    }
  }

  /** Whether the workers are ending because they were told to. */
  get isClosing(): boolean {
    return this.closing;
  }

  /** Whether every worker that there should be serves. */
  ready(): boolean {
    const all = [...this.serving.values()];
    return all.length === this.count && all.every(Boolean);
  }

  /** Of all workers together. */
  get exposition(): Exposition {
    const { contentType } = this.metrics;
    return { contentType, metrics: () => this.metrics.clusterMetrics() };
  }

  /** Lets the workers finish what is in flight, and ends those that take too long. */
  async close(): Promise<void> {
    this.stopping = true;
    this.closing = true;
    const workers = [...this.serving.keys()];
    const ended = Promise.all(workers.map((worker) => this.ended(worker)));
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
      this.log.error({ worker: worker.process.pid, code, signal }, "a worker has ended");
      void this.replace();
    });
    return worker;
  }

  private async replace(): Promise<void> {
    await sleep(Math.min(longestPause, firstPause * 2 ** this.failures));
    if (this.stopping) return;
    this.failures += 1; // until it listens
    await this.listening(this.fork()).then(
      () => (this.failures = 0),
      // it has ended, and another one follows
      (error: unknown) => this.log.error({ err: error }, "a worker has not started"),
    );
  }

  private listening(worker: Worker): Promise<Listening> {
    return new Promise((resolve, reject) => {
      worker.on("message", (message: Message) => {
        if (message.kind === "listening") resolve(message);
        if (message.kind === "failed") reject(new Fault(message.reason));
      });
      worker.once("exit", () => reject(new Fault("a worker ended before it listened")));
    });
  }

  private ended(worker: Worker): Promise<void> {
    return new Promise((resolve) => {
      if (worker.isDead()) resolve();
      else worker.once("exit", () => resolve());
    });
  }
}

/** Listens to the supervisor's questions for metrics. */
let answering: AggregatorRegistry<PrometheusContentType> | undefined;

/** The supervisor as a worker sees it. */
export const supervisor = {
  isThere: cluster.isWorker,

  tellServing(serving: boolean): void {
    tell({ kind: "serving", serving });
  },

  /** The worker listens. Its metrics are the supervisor's to ask for. */
  tellListening({ address, databaseTrouble, environment }: Listening, registry: Registry): void {
    AggregatorRegistry.setRegistries(registry);
    answering ??= new AggregatorRegistry();
    tell({ kind: "listening", address, databaseTrouble, environment });
  },

  /** The worker cannot serve, and ends. */
  tellFailed(error: unknown): void {
    const reason = describeError(error);
    // a worker that stays connected does not end
    tell({ kind: "failed", reason }, () => process.disconnect());
  },

  /** The supervisor is gone, without having ended its workers. */
  onLost(listener: () => void): void {
    process.once("disconnect", listener);
  },
};

function tell(message: Message, sent: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, undefined, undefined, sent);
}

import cluster, { type Worker } from "node:cluster";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { AggregatorRegistry, type PrometheusContentType, type Registry } from "prom-client";
import { Fault } from "../domain/fault";
import type { Exposition } from "./probe-server";

/** What a worker tells its supervisor. */
type Message =
  | { readonly kind: "listening"; readonly address: string }
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
  private address: string | undefined;
  private stopping = false;
  private failures = 0;

  constructor(
    private readonly count: number,
    private readonly log: Logger,
  ) {}

  /** Answers HOST:PORT when all workers listen; throws when one ends before. */
  async start(): Promise<string> {
    cluster.schedulingPolicy = cluster.SCHED_RR;
    try {
      const addresses = await Promise.all(Array.from({ length: this.count }, () => this.listening(this.fork())));
      return (this.address = addresses[0] ?? "");
    } catch (error) {
      this.stopping = true;
      throw error;
    }
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
    const workers = [...this.serving.keys()];
    const ended = Promise.all(workers.map((worker) => this.ended(worker)));
    for (const worker of workers) worker.process.kill("SIGTERM");
    const cutOff = setTimeout(() => workers.forEach((worker) => worker.process.kill("SIGKILL")), grace);
    await ended;
    clearTimeout(cutOff);
  }

  private fork(): Worker {
    const worker = cluster.fork();
    this.serving.set(worker, false);
    worker.on("message", (message: Message) => {
      if (message.kind === "serving") this.serving.set(worker, message.serving);
    });
    worker.once("exit", (code, signal) => {
      this.serving.delete(worker);
      if (this.stopping || !this.address) return;
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
      () => undefined, // it has ended, and another one follows
    );
  }

  private listening(worker: Worker): Promise<string> {
    return new Promise((resolve, reject) => {
      worker.on("message", (message: Message) => {
        if (message.kind === "listening") resolve(message.address);
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
  tellListening(address: string, registry: Registry): void {
    AggregatorRegistry.setRegistries(registry);
    answering ??= new AggregatorRegistry();
    tell({ kind: "listening", address });
  },

  /** The supervisor is gone, without having ended its workers. */
  onLost(listener: () => void): void {
    process.once("disconnect", listener);
  },
};

function tell(message: Message): void {
  if (process.connected) process.send?.(message);
}

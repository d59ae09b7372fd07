import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import { type Closing, closings } from "../grpc/connections";
import type { CallRecord } from "../grpc/unary";

/** What is read when somebody asks for it. */
export interface Sources {
  readonly version: string;
  /** Calls at work and calls that wait for their turn, and how many of each there may be. */
  readonly admission: () => {
    readonly running: number;
    readonly queued: number;
    readonly concurrency: number;
    readonly queue: number;
  };
  /** Connections of peers, the bytes that are counted for them, and how many of each there may be. */
  readonly transport: () => {
    readonly connections: number;
    readonly bytes: number;
    readonly limits: { readonly connections: number; readonly bufferBytes: number };
  };
  /** Connections to the database server; undefined while there is none, and for the embedded one. */
  readonly pool: () =>
    | { readonly open: number; readonly idle: number; readonly waiting: number; readonly limit: number }
    | undefined;
  /** Reads that what is in memory answered or did not, and bytes. */
  readonly cache: () => {
    readonly hits: number;
    readonly misses: number;
    readonly bytes: number;
    readonly limit: number;
  };
  readonly available: () => boolean;
  readonly serving: () => boolean;
  /** Has calls counted that have ended and were not yet. */
  readonly count: () => void;
}

const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Everything Prometheus can ask for; `docs/operations` has a dashboard and alerts on it. A label has as many values as
 * the service has methods, codes and reasons: never what a caller can make up.
 */
export class Metrics {
  readonly registry = new Registry();
  private readonly calls = new Counter({
    name: "orgroles_calls_total",
    help: "Calls that have ended, by method, gRPC code and the reason of an error (empty: none)",
    labelNames: ["method", "code", "reason"],
    registers: [this.registry],
    collect: () => this.sources.count(), // before this and all that follows is read
  });
  private readonly durations = new Histogram({
    name: "orgroles_call_duration_seconds",
    help: "Time from the arrival of a call to its answer, waiting for its turn included, by method and gRPC code",
    labelNames: ["method", "code"],
    buckets,
    registers: [this.registry],
  });
  private readonly closings = new Counter({
    name: "orgroles_connections_closed_total",
    help: "Connections that the server closed, by the limit: connections, bytes, handshake (too slow) or frames (too small)",
    labelNames: ["limit"],
    registers: [this.registry],
  });
  private readonly swept = new Counter({
    name: "orgroles_swept_rows_total",
    help: "Rows that the sweep of this process has rewritten",
    registers: [this.registry],
  });
  private readonly passes = new Counter({
    name: "orgroles_sweep_passes_total",
    help: "Passes of the sweep in this process, by their result: done or failed (it will be tried again)",
    labelNames: ["result"],
    registers: [this.registry],
  });
  /** Of each environment that is being swept. */
  private readonly unswept = new Map<string, number>();

  constructor(private readonly sources: Sources) {
    collectDefaultMetrics({ register: this.registry });
    for (const result of ["done", "failed"]) this.passes.inc({ result }, 0);
    for (const limit of closings) this.closings.inc({ limit }, 0);
    const { admission, transport, pool, cache } = sources;
    const gauges: [name: string, help: string, read: () => number, ofWorkers?: "min"][] = [
      ["calls_running", "Calls that are at work", () => admission().running],
      ["calls_running_limit", "Calls that may be at work at once", () => admission().concurrency],
      ["calls_queued", "Calls that wait for their turn", () => admission().queued],
      ["calls_queued_limit", "Calls that may wait; more are refused with OVERLOADED", () => admission().queue],
      ["connections", "Open connections of callers", () => transport().connections],
      ["connections_limit", "Connections that may be open", () => transport().limits.connections],
      ["buffer_bytes", "Bytes counted for connections, requests and unread responses", () => transport().bytes],
      ["buffer_bytes_limit", "Bytes that may be counted for them", () => transport().limits.bufferBytes],
      ["serving", "1 while calls are answered, as /readyz says", () => Number(sources.serving()), "min"],
      ["database_available", "1 while the database answers", () => Number(sources.available()), "min"],
      ["database_connections_open", "Connections to the database server", () => pool()?.open ?? 0],
      ["database_connections_idle", "Open connections that nothing uses", () => pool()?.idle ?? 0],
      ["database_connections_limit", "Connections that may be open; 0: no server", () => pool()?.limit ?? 0],
      ["database_waiting", "Transactions that wait for a connection", () => pool()?.waiting ?? 0],
      ["cache_bytes", "Memory that what is read often takes, about", () => cache().bytes],
      ["cache_bytes_limit", "Memory that it may take, as ORGROLES_CACHE_MIB says", () => cache().limit],
      ["unswept_rows", "Rows of members left to sweep, in the process that sweeps", () => this.left()],
    ];
    for (const [name, help, read, ofWorkers] of gauges) this.gauge(`orgroles_${name}`, help, read, ofWorkers);
    this.registry.registerMetric(
      new Counter({
        name: "orgroles_cache_reads_total",
        help: "Reads of roles and access by their result: hit (from memory), or miss (loaded from the database)",
        labelNames: ["result"],
        registers: [],
        collect() {
          const { hits, misses } = cache();
          this.reset();
          this.inc({ result: "hit" }, hits);
          this.inc({ result: "miss" }, misses);
        },
      }),
    );
    new Gauge({
      name: "orgroles_build_info",
      help: "1, with the version as a label",
      labelNames: ["version"],
      aggregator: "first",
      registers: [this.registry],
    }).set({ version: sources.version }, 1);
  }

  ended({ method, code, reason = "", duration }: CallRecord): void {
    this.calls.inc({ method, code, reason });
    this.durations.observe({ method, code }, duration / 1000);
  }

  shed(method: string): void {
    this.calls.inc({ method, code: "RESOURCE_EXHAUSTED", reason: "OVERLOADED" });
  }

  closed(limit: Closing): void {
    this.closings.inc({ limit });
  }

  rewriting(environment: string, rewritten: number, left: number): void {
    this.swept.inc(rewritten);
    this.unswept.set(environment, left);
  }

  rewritingEnded(result: "done" | "failed"): void {
    this.unswept.clear();
    this.passes.inc({ result });
  }

  private left(): number {
    return [...this.unswept.values()].reduce((sum, rows) => sum + rows, 0);
  }

  /** `ofWorkers`: what several processes show together. */
  private gauge(name: string, help: string, read: () => number, ofWorkers: "sum" | "min" = "sum"): Gauge {
    return new Gauge({
      name,
      help,
      aggregator: ofWorkers,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }
}

import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import { type Closing, closings } from "../calls/closing";
import type { CallRecord } from "../calls/call-record";

/** The values that each scrape reads. */
export interface Sources {
  readonly version: string;
  /** Calls that run, calls that wait for their turn, and the limit of each. */
  readonly admission: () => {
    readonly running: number;
    readonly queued: number;
    readonly concurrency: number;
    readonly queue: number;
  };
  /** Open watches of events, and their limit. */
  readonly watches: () => { readonly open: number; readonly limit: number };
  /** Connections of peers, the bytes that are counted for them, and the limit of each. */
  readonly transport: () => {
    readonly connections: number;
    readonly bytes: number;
    readonly limits: { readonly connections: number; readonly bufferBytes: number };
  };
  /** Connections to the database server. Undefined while it is unavailable, and for the embedded database. */
  readonly pool: () =>
    | { readonly open: number; readonly idle: number; readonly waiting: number; readonly limit: number }
    | undefined;
  /** Hits, misses and size of the read cache. */
  readonly cache: () => {
    readonly hits: number;
    readonly misses: number;
    readonly bytes: number;
    readonly limit: number;
  };
  readonly available: () => boolean;
  readonly serving: () => boolean;
  /** Counts the calls that have ended and are not counted yet. */
  readonly countCalls: () => void;
}

const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * All metrics of the service; `docs/operations` has a dashboard and alerts for them. Labels contain only methods, codes,
 * reasons and other values of the service itself, and never values that a caller chooses.
 */
export class Metrics {
  readonly registry = new Registry();
  private readonly calls = new Counter({
    name: "orgroles_calls_total",
    help: "Calls that have ended, by method, gRPC code and error reason (empty without an error)",
    labelNames: ["method", "code", "reason"],
    registers: [this.registry],
    collect: () => this.sources.countCalls(), // before Prometheus reads this metric and the next ones
  });
  private readonly durations = new Histogram({
    name: "orgroles_call_duration_seconds",
    help: "Time from the arrival of a call to its response, including the wait for its turn, by method and gRPC code",
    labelNames: ["method", "code"],
    buckets,
    registers: [this.registry],
  });
  private readonly closings = new Counter({
    name: "orgroles_connections_closed_total",
    help: "Connections that the server closed, by the limit that they broke: connections, bytes, handshake (too slow), frames (too small) or requests (too many at once over HTTP/1.1)",
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
    help: "Passes of the sweep in this process, by result: done, or failed (the sweep tries again)",
    labelNames: ["result"],
    registers: [this.registry],
  });
  /** The rows that are left to sweep in each environment. */
  private readonly unswept = new Map<string, number>();

  constructor(private readonly sources: Sources) {
    collectDefaultMetrics({ register: this.registry });
    for (const result of ["done", "failed"]) this.passes.inc({ result }, 0);
    for (const limit of closings) this.closings.inc({ limit }, 0);
    const { admission, watches, transport, pool, cache } = sources;
    const gauges: [name: string, help: string, read: () => number, ofWorkers?: "min"][] = [
      ["calls_running", "Calls that are running", () => admission().running],
      ["calls_running_limit", "Maximum number of calls that run at once", () => admission().concurrency],
      ["calls_queued", "Calls that wait for their turn", () => admission().queued],
      [
        "calls_queued_limit",
        "Maximum number of calls that wait; further calls are rejected with OVERLOADED",
        () => admission().queue,
      ],
      ["watches", "Open watches of events", () => watches().open],
      ["watches_limit", "Maximum number of open watches of events", () => watches().limit],
      ["connections", "Open connections of callers", () => transport().connections],
      ["connections_limit", "Maximum number of open connections of callers", () => transport().limits.connections],
      ["buffer_bytes", "Bytes counted for connections, requests and unread responses", () => transport().bytes],
      ["buffer_bytes_limit", "Maximum number of these bytes", () => transport().limits.bufferBytes],
      ["serving", "1 while the server accepts calls, as /readyz reports", () => Number(sources.serving()), "min"],
      ["database_available", "1 while the database is available", () => Number(sources.available()), "min"],
      ["database_connections_open", "Connections to the database server", () => pool()?.open ?? 0],
      ["database_connections_idle", "Connections to the database server that are not in use", () => pool()?.idle ?? 0],
      [
        "database_connections_limit",
        "Maximum number of connections to the database server; 0 without a server",
        () => pool()?.limit ?? 0,
      ],
      [
        "database_waiting",
        "Transactions that wait for a connection to the database server",
        () => pool()?.waiting ?? 0,
      ],
      ["cache_bytes", "Approximate size of the read cache in bytes", () => cache().bytes],
      ["cache_bytes_limit", "Maximum size of the read cache in bytes (ORGROLES_CACHE_MIB)", () => cache().limit],
      ["unswept_rows", "Rows of members that are left to sweep, in the process that sweeps", () => this.rowsLeft()],
    ];
    for (const [name, help, read, ofWorkers] of gauges) this.gauge(`orgroles_${name}`, help, read, ofWorkers);
    this.registry.registerMetric(
      new Counter({
        name: "orgroles_cache_reads_total",
        help: "Reads of roles and access, by result: hit (from the read cache) or miss (from the database)",
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
      help: "Always 1; the label contains the version",
      labelNames: ["version"],
      aggregator: "first",
      registers: [this.registry],
    }).set({ version: sources.version }, 1);
  }

  countCall({ method, code, reason = "", duration, isStream }: CallRecord): void {
    this.calls.inc({ method, code, reason });
    if (!isStream) this.durations.observe({ method, code }, duration / 1000);
  }

  countShedCall(method: string): void {
    this.calls.inc({ method, code: "RESOURCE_EXHAUSTED", reason: "OVERLOADED" });
  }

  countClosedConnection(limit: Closing): void {
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

  private rowsLeft(): number {
    return [...this.unswept.values()].reduce((sum, rows) => sum + rows, 0);
  }

  /** Adds a gauge. `ofWorkers` says how the values of several processes are combined. */
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

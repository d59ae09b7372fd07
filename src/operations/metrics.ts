import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { Ended } from "../grpc/unary";

/** What is read when somebody asks for it. */
export interface Sources {
  /** Calls at work and calls that wait for their turn. */
  admission(): { readonly running: number; readonly queued: number };
  /** Connections to the database server; undefined while there is none, and for the embedded one. */
  pool(): { readonly open: number; readonly idle: number; readonly waiting: number } | undefined;
  available(): boolean;
}

/** Everything Prometheus can ask for; `docs/operations` has a dashboard and alerts on it. */
export class Metrics {
  readonly registry = new Registry();
  private readonly calls = this.counter("orgroles_calls_total", "Calls, by their outcome", [
    "method",
    "code",
    "reason",
  ]);
  private readonly durations = new Histogram({
    name: "orgroles_call_duration_seconds",
    help: "How long calls took",
    labelNames: ["method"],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });
  private readonly swept = this.counter("orgroles_swept_rows_total", "What the sweep has rewritten", []);
  private readonly unswept = new Gauge({
    name: "orgroles_unswept_rows",
    help: "Rows of members that are still to be swept, where this process sweeps",
    labelNames: ["environment"],
    registers: [this.registry],
  });

  constructor(sources: Sources) {
    collectDefaultMetrics({ register: this.registry });
    this.gauge("orgroles_calls_running", "Calls at work", () => sources.admission().running);
    this.gauge("orgroles_calls_queued", "Calls that wait for their turn", () => sources.admission().queued);
    this.gauge("orgroles_database_available", "1 while the database answers", () => Number(sources.available()));
    this.gauge("orgroles_database_connections_open", "Connections to the database", () => sources.pool()?.open ?? 0);
    this.gauge("orgroles_database_connections_idle", "Of them unused", () => sources.pool()?.idle ?? 0);
    this.gauge("orgroles_database_waiting", "Calls that wait for a connection", () => sources.pool()?.waiting ?? 0);
  }

  ended({ method, code, reason = "", duration }: Ended): void {
    this.calls.inc({ method, code, reason });
    this.durations.observe({ method }, duration / 1000);
  }

  sweeping(environment: string, rewritten: number, left: number): void {
    this.swept.inc(rewritten);
    this.unswept.set({ environment }, left);
  }

  private counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  private gauge(name: string, help: string, read: () => number): Gauge {
    return new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }
}

import { performance } from "node:perf_hooks";
import type { Logger } from "pino";
import { Refusal } from "../domain/errors";
import type { EnvironmentUid } from "../domain/ids";
import type { ReferenceRewriter } from "../application/maintenance/reference-rewriter";
import { Job } from "./job";
import type { Database } from "../persistence/connection/database";

const passInterval = 1000;
const shortestPause = 20;
const longestPause = 2000;
/** How often an environment is looked at in which nothing was left, in milliseconds. */
const restInterval = 60_000;
const progressInterval = 10_000;

/** Who is told how the sweep goes. */
export interface RewritingObserver {
  /** `rewritten` since it was told last. */
  sweeping(environment: string, rewritten: number, left: number): void;
  /** A pass is over; a failed one will be tried again, perhaps by another process. */
  sweepEnded(result: "done" | "failed"): void;
}

/**
 * Sweeps the environments that ask for it, in small steps. It rests as long as a step took, so that it takes half of
 * what the database has to give at the most, and much longer after a step that met conflicts.
 */
export class ReferenceRewriting extends Job {
  private readonly swept = new Map<string, { readonly touches: number; readonly until: number }>();

  constructor(
    database: Database,
    private readonly sweep: ReferenceRewriter,
    log: Logger,
    private readonly watch?: RewritingObserver,
  ) {
    super(database, log, "sweep", passInterval);
  }

  protected override async due(): Promise<boolean> {
    return (await this.requested()).length > 0;
  }

  async pass(): Promise<number> {
    let result: "done" | "failed" = "failed";
    try {
      const total = await this.sweepRequested();
      result = "done";
      return total;
    } finally {
      this.watch?.sweepEnded(result);
    }
  }

  private async sweepRequested(): Promise<number> {
    let total = 0;
    for (const { uid, touches } of await this.requested()) {
      const rewritten = await this.sweepEnvironment(uid);
      if (this.stopped) return total + rewritten;
      this.swept.set(uid, { touches, until: performance.now() + restInterval });
      total += rewritten;
    }
    return total;
  }

  private async requested() {
    const requested = await this.sweep.listRequests();
    const now = performance.now();
    return requested.filter(({ uid, touches }) => {
      const last = this.swept.get(uid);
      return last?.touches !== touches || last.until < now;
    });
  }

  private async sweepEnvironment(uid: EnvironmentUid): Promise<number> {
    let total = 0;
    let reported = 0;
    let pause = shortestPause;
    let nextProgress = 0;
    const report = async () => {
      const progress = await this.sweep.progress(uid);
      if (!progress) return;
      this.watch?.sweeping(progress.environmentId, total - reported, progress.left);
      if (total) this.log.info({ ...progress, rewritten: total }, "sweeping");
      reported = total;
      nextProgress = performance.now() + progressInterval;
    };
    while (!this.stopped) {
      const start = performance.now();
      try {
        const rewritten = await this.sweep.step(uid);
        if (!rewritten) break;
        total += rewritten;
        pause = Math.max(shortestPause, Math.min(longestPause, performance.now() - start));
      } catch (error) {
        if (!(error instanceof Refusal && error.reason === "CONFLICT_RETRY")) throw error;
        pause = Math.min(longestPause, pause * 2);
      }
      if (performance.now() > nextProgress) await report();
      await this.rest(pause);
    }
    if (total) await report();
    return total;
  }
}

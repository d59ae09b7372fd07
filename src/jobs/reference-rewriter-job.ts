import { performance } from "node:perf_hooks";
import type { Logger } from "pino";
import type { ReferenceRewriter } from "../application/maintenance/reference-rewriter";
import type { CreateLease } from "../application/ports/lease";
import { Refusal } from "../domain/errors";
import type { EnvironmentUid } from "../domain/ids";
import { LeasedJob } from "./leased-job";

/** Milliseconds. */
const passInterval = 1000;
const shortestPause = 20;
const longestPause = 2000;
/** Milliseconds after which an environment in which nothing was left is looked at again. */
const restInterval = 60_000;
const progressInterval = 10_000;

/** Follows the progress of the rewriting. */
export interface RewritingObserver {
  /** Called with the rows rewritten since the last call, and the rows left. */
  rewriting(environment: string, rewritten: number, left: number): void;
  /** Called after each pass. A failed pass is tried again, perhaps by another process. */
  rewritingEnded(result: "done" | "failed"): void;
}

/**
 * Rewrites references to deleted roles in the environments that request it, in small steps. A pause after each step
 * takes as long as the step, so that rewriting takes half of the database's capacity at most, and much longer after a
 * step that met conflicts.
 */
export class ReferenceRewriterJob extends LeasedJob {
  private readonly finished = new Map<string, { readonly touches: number; readonly until: number }>();

  constructor(
    private readonly rewriter: ReferenceRewriter,
    createLease: CreateLease,
    log: Logger,
    private readonly observer?: RewritingObserver,
  ) {
    super(createLease("sweep"), log, "reference rewriting", passInterval);
  }

  protected override async isDue(): Promise<boolean> {
    return (await this.listDue()).length > 0;
  }

  async pass(): Promise<number> {
    let result: "done" | "failed" = "failed";
    try {
      const total = await this.rewriteAll();
      result = "done";
      return total;
    } finally {
      this.observer?.rewritingEnded(result);
    }
  }

  private async rewriteAll(): Promise<number> {
    let total = 0;
    for (const { uid, touches } of await this.listDue()) {
      const rewritten = await this.rewriteEnvironment(uid);
      if (this.isStopped) return total + rewritten;
      this.finished.set(uid, { touches, until: performance.now() + restInterval });
      total += rewritten;
    }
    return total;
  }

  private async listDue() {
    const requested = await this.rewriter.listRequests();
    const now = performance.now();
    return requested.filter(({ uid, touches }) => {
      const last = this.finished.get(uid);
      return last?.touches !== touches || last.until < now;
    });
  }

  private async rewriteEnvironment(uid: EnvironmentUid): Promise<number> {
    let total = 0;
    let reported = 0;
    let pause = shortestPause;
    let nextProgress = 0;
    const report = async () => {
      const progress = await this.rewriter.progress(uid);
      if (!progress) return;
      this.observer?.rewriting(progress.environmentId, total - reported, progress.left);
      if (total) this.log.info({ ...progress, rewritten: total }, "rewriting references");
      reported = total;
      nextProgress = performance.now() + progressInterval;
    };
    while (!this.isStopped) {
      const start = performance.now();
      try {
        const rewritten = await this.rewriter.step(uid);
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

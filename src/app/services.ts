import { Semaphore } from "async-mutex";
import { BlueprintService } from "../application/blueprints/blueprint-service";
import type { Dependencies } from "../application/dependencies";
import { EventHub } from "../application/events/event-hub";
import { EventLog } from "../application/events/event-log";
import { EventNumbering } from "../application/events/event-numbering";
import { EventRetention } from "../application/maintenance/event-retention";
import { ReferenceRewriter } from "../application/maintenance/reference-rewriter";
import type { UnitOfWork } from "../application/ports/unit-of-work";
import { SnapshotCache } from "../application/reads/snapshot-cache";
import { type StateCache, noStateCache } from "../application/transactions/state-cache";
import { Transactions } from "../application/transactions/transactions";
import { createUseCases } from "../application/use-cases";
import type { Clock } from "../domain/ids";
import type { Quotas } from "../domain/limits";
import type { DatabaseAccess } from "../persistence/connection/database-access";
import { TypeormUnitOfWork } from "../persistence/unit-of-work";
import { digest, ids } from "./ids";
import { memoryCache } from "./memory-cache";
import { createResumeTokens } from "./resume-tokens";
import { WorkosIdSource } from "./workos-ids";

/** Messages of watches that are behind, read at the same time. */
const mostMessageReads = 4;

export type Services = ReturnType<typeof createServices>;

/** Creates every use case, on a database. */
export function createServices(database: DatabaseAccess, quotas: Quotas, clock: Clock, cacheBytes = 64 * 1024 * 1024) {
  const useCasesOn = (on: UnitOfWork, snapshots: SnapshotCache, cache: StateCache) => {
    const transactions = new Transactions(on, clock, ids, cache, (uid) => eventHub.wake(uid));
    const dependencies: Dependencies = { transactions, snapshots, eventLog, eventHub, clock, ids, digest, quotas };
    return createUseCases(dependencies);
  };
  const units = new TypeormUnitOfWork(database);
  const numbering = new EventNumbering(units);
  const eventLog = new EventLog(units, numbering, createResumeTokens, new Semaphore(mostMessageReads));
  const eventHub = new EventHub(units, eventLog);
  const snapshots = new SnapshotCache(units, (share) => memoryCache(share * cacheBytes));
  return {
    ...useCasesOn(units, snapshots, snapshots),
    blueprints: new BlueprintService(units, (on) =>
      useCasesOn(on, new SnapshotCache(on, () => memoryCache(1)), noStateCache),
    ),
    rewriter: new ReferenceRewriter(units, clock),
    snapshots,
    eventLog,
    workosIds: new WorkosIdSource(() => units.lookup(({ sequences }) => sequences.secret())),
    createRetention: (days: number) => new EventRetention(units, numbering, clock, days),
  };
}

import type { Clock, Digest, Ids } from "../domain/ids";
import type { Quotas } from "../domain/limits";
import type { EventHub } from "./events/event-hub";
import type { EventLog } from "./events/event-log";
import type { SnapshotCache } from "./reads/snapshot-cache";
import type { Transactions } from "./transactions/transactions";

/** The dependencies of every use case. */
export interface Dependencies {
  readonly transactions: Transactions;
  readonly snapshots: SnapshotCache;
  readonly eventLog: EventLog;
  readonly eventHub: EventHub;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly digest: Digest;
  readonly quotas: Quotas;
}

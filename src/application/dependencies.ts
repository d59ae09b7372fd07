import type { Clock, Digest, Ids } from "../domain/ids";
import type { Quotas } from "../domain/limits";
import type { SnapshotCache } from "./reads/snapshot-cache";
import type { Transactions } from "./transactions/transactions";

/** The dependencies of every use case. */
export interface Dependencies {
  readonly transactions: Transactions;
  readonly snapshots: SnapshotCache;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly digest: Digest;
  readonly quotas: Quotas;
}

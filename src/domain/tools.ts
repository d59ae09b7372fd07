import type { Clock, Digest, Ids } from "./ids";
import type { Quotas } from "./limits";
import type { Snapshots } from "./snapshots";
import type { Transactions } from "./transactions";

/** What every use case is given. */
export interface Tools {
  readonly transactions: Transactions;
  readonly snapshots: Snapshots;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly digest: Digest;
  readonly quotas: Quotas;
}

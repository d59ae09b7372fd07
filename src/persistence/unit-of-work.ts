import { ExponentialBackoff, handleType, retry } from "cockatiel";
import type { DataSource } from "typeorm";
import type { CallSignal } from "../application/ports/cancellation";
import type { Stores, UnitOfWork } from "../application/ports/unit-of-work";
import { Refusal, refuse } from "../domain/errors";
import { memoizeByIdentity } from "../domain/memoize-by-identity";
import type { DatabaseAccess } from "./connection/database-access";
import { Conflict, translateError } from "./connection/driver-errors";
import { Session } from "./connection/session";
import { dialectOf } from "./engines/index";
import { TypeormEnvironmentStore } from "./stores/environment-store";
import { SqlEventSequenceStore } from "./stores/event-sequence-store";
import { SqlEventStore } from "./stores/event-store";
import { TypeormGroupRoleStore } from "./stores/group-role-store";
import { TypeormIdempotencyStore } from "./stores/idempotency-store";
import { TypeormMembershipStore } from "./stores/membership-store";
import { TypeormOrganizationStore } from "./stores/organization-store";
import { TypeormPermissionStore } from "./stores/permission-store";
import { SqlRevisionStore } from "./stores/revision-store";
import { TypeormRoleStore } from "./stores/role-store";
import { SqlSnapshotStore } from "./stores/snapshot-store";

const attempts = 8;

/** Begins transactions, repeats them after a conflict and translates their failures. Nothing else does. */
export class TypeormUnitOfWork implements UnitOfWork {
  /**
   * Repeats work from the second attempt on. The first attempt is without this policy, which the hot path hardly ever
   * needs.
   */
  private readonly conflicts = retry(handleType(Conflict), {
    maxAttempts: attempts - 2,
    backoff: new ExponentialBackoff({ initialDelay: 5, maxDelay: 250 }),
  });

  /** Returns the stores without a transaction. */
  private readonly storesOutside = memoizeByIdentity((dataSource: DataSource) =>
    createStores(new Session(dataSource.manager)),
  );

  constructor(private readonly database: DatabaseAccess) {}

  write<T>(work: (stores: Stores) => Promise<T>, signal?: CallSignal): Promise<T> {
    return this.run(
      (dataSource) =>
        dialectOf(dataSource).write(dataSource, (manager) => work(createStores(new Session(manager, signal)))),
      signal,
    );
  }

  read<T>(work: (stores: Stores) => Promise<T>, signal?: CallSignal): Promise<T> {
    return this.run(
      (dataSource) =>
        dialectOf(dataSource).read(dataSource, (manager) => work(createStores(new Session(manager, signal)))),
      signal,
    );
  }

  lookup<T>(work: (stores: Stores) => Promise<T>): Promise<T> {
    return this.run((dataSource) => work(this.storesOutside(dataSource)));
  }

  private async run<T>(work: (dataSource: DataSource) => Promise<T>, signal?: CallSignal): Promise<T> {
    try {
      return await this.tryOnce(work, signal);
    } catch (error) {
      if (!(error instanceof Conflict)) throw this.reportUnavailable(error);
    }
    try {
      return await this.conflicts.execute(() => this.tryOnce(work, signal));
    } catch (error) {
      throw error instanceof Conflict
        ? Object.assign(refuse.conflictRetry(), { cause: error })
        : this.reportUnavailable(error);
    }
  }

  private async tryOnce<T>(work: (dataSource: DataSource) => Promise<T>, signal?: CallSignal): Promise<T> {
    signal?.throwIfAborted();
    try {
      return await this.database.use(work);
    } catch (error) {
      throw translateError(error);
    }
  }

  private reportUnavailable(error: unknown): unknown {
    if (error instanceof Refusal && error.kind === "unavailable") this.database.suspect(error.cause);
    return error;
  }
}

function createStores(session: Session): Stores {
  return {
    environments: new TypeormEnvironmentStore(session),
    organizations: new TypeormOrganizationStore(session),
    roles: new TypeormRoleStore(session),
    permissions: new TypeormPermissionStore(session),
    memberships: new TypeormMembershipStore(session),
    groupRoles: new TypeormGroupRoleStore(session),
    revisions: new SqlRevisionStore(session),
    snapshots: new SqlSnapshotStore(session),
    idempotency: new TypeormIdempotencyStore(session),
    events: new SqlEventStore(session),
    sequences: new SqlEventSequenceStore(session),
  };
}

import { ExponentialBackoff, handleType, retry } from "cockatiel";
import type { DataSource, EntityManager } from "typeorm";
import type { CallSignal } from "../application/ports/cancellation";
import type { Stores, UnitOfWork } from "../application/ports/unit-of-work";
import { Refusal, refuse } from "../domain/errors";
import { memo } from "../domain/memo";
import type { DatabaseAccess } from "./connection/database";
import { Conflict, translateError } from "./connection/driver-errors";
import { Session } from "./connection/session";
import { noteWork } from "../event-loop/time-slices";
import { TypeormEnvironmentStore } from "./stores/environment-store";
import { TypeormGroupRoleStore } from "./stores/group-role-store";
import { TypeormIdempotencyStore } from "./stores/idempotency-store";
import { TypeormMembershipStore } from "./stores/membership-store";
import { TypeormOrganizationStore } from "./stores/organization-store";
import { TypeormPermissionStore } from "./stores/permission-store";
import { SqlRevisionStore } from "./stores/revision-store";
import { TypeormRoleStore } from "./stores/role-store";
import { SqlSnapshotStore } from "./stores/snapshot-store";

const attempts = 8;

/** Transactions: begun, repeated after a conflict, and their failures translated, here and nowhere else. */
export class TypeormUnitOfWork implements UnitOfWork {
  /** From the second attempt on: hardly any work meets a conflict, and the hot path is spared the policy. */
  private readonly conflicts = retry(handleType(Conflict), {
    maxAttempts: attempts - 2,
    backoff: new ExponentialBackoff({ initialDelay: 5, maxDelay: 250 }),
  });

  /** Those of no transaction. */
  private readonly storesOutside = memo((dataSource: DataSource) => createStores(new Session(dataSource.manager)));

  constructor(private readonly database: DatabaseAccess) {}

  write<T>(work: (stores: Stores) => Promise<T>, signal?: CallSignal): Promise<T> {
    return this.run(
      (dataSource) => committed(dataSource, (manager) => work(createStores(new Session(manager, signal)))),
      signal,
    );
  }

  read<T>(work: (stores: Stores) => Promise<T>, signal?: CallSignal): Promise<T> {
    const snapshot = (manager: EntityManager) => work(createStores(new Session(manager, signal)));
    return this.run(
      (dataSource) =>
        dataSource.options.type === "better-sqlite3"
          ? dataSource.transaction(snapshot)
          : dataSource.transaction("REPEATABLE READ", snapshot),
      signal,
    );
  }

  lookup<T>(work: (stores: Stores) => Promise<T>): Promise<T> {
    return this.run((dataSource) => work(this.storesOutside(dataSource)));
  }

  private async run<T>(work: (dataSource: DataSource) => Promise<T>, signal?: CallSignal): Promise<T> {
    try {
      return await this.attempt(work, signal);
    } catch (error) {
      if (!(error instanceof Conflict)) throw this.reportUnavailable(error);
    }
    try {
      return await this.conflicts.execute(() => this.attempt(work, signal));
    } catch (error) {
      throw error instanceof Conflict
        ? Object.assign(refuse.conflictRetry(), { cause: error })
        : this.reportUnavailable(error);
    }
  }

  private async attempt<T>(work: (dataSource: DataSource) => Promise<T>, signal?: CallSignal): Promise<T> {
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

/** Does work in a transaction. SQLite commits it in this thread: that belongs to the slice. */
async function committed<T>(dataSource: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
  let end = 0;
  const result = await dataSource.transaction(async (manager) => {
    const done = await work(manager);
    end = performance.now();
    return done;
  });
  const ended = dataSource.options.type === "better-sqlite3" ? noteWork(performance.now() - end) : undefined;
  if (ended) await ended;
  return result;
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
  };
}

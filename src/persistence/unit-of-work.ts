import { ExponentialBackoff, handleType, retry } from "cockatiel";
import type { DataSource, EntityManager } from "typeorm";
import { Refusal, refuse } from "../domain/errors";
import { once } from "../domain/once";
import type { CallSignal, Stores, UnitOfWork } from "../domain/stores";
import type { DatabaseAccess } from "./database";
import { type Send, senderOf } from "./direct";
import { Conflict, translated } from "./driver-errors";
import { TypeormAnswerStore } from "./stores/answer-store";
import { SqlCurrentStore } from "./stores/current-store";
import { TypeormEnvironmentStore } from "./stores/environment-store";
import { TypeormGroupRoleStore } from "./stores/group-role-store";
import { TypeormMembershipStore } from "./stores/membership-store";
import { TypeormOrganizationStore } from "./stores/organization-store";
import { TypeormPermissionStore } from "./stores/permission-store";
import { TypeormRoleStore } from "./stores/role-store";

const attempts = 8;

/** Transactions: begun, repeated after a conflict, and their failures translated, here and nowhere else. */
export class TypeormUnitOfWork implements UnitOfWork {
  /** From the second attempt on: hardly any work meets a conflict, and the hot path is spared the policy. */
  private readonly conflicts = retry(handleType(Conflict), {
    maxAttempts: attempts - 2,
    backoff: new ExponentialBackoff({ initialDelay: 5, maxDelay: 250 }),
  });

  /** Those of no transaction. */
  private readonly storesOutside = once((dataSource: DataSource): Stores => {
    const send: Send = (sql, parameters) => senderOf(dataSource)(sql, parameters);
    const current = new SqlCurrentStore(send, dataSource.options.type);
    return { ...storesOn(dataSource.manager), current };
  });

  constructor(private readonly database: DatabaseAccess) {}

  write<T>(work: (stores: Stores) => Promise<T>, signal?: CallSignal): Promise<T> {
    return this.run((dataSource) => dataSource.transaction((manager) => abortable(manager, work, signal)), signal);
  }

  read<T>(work: (stores: Stores) => Promise<T>, signal?: CallSignal): Promise<T> {
    const snapshot = (manager: EntityManager) => abortable(manager, work, signal);
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
      if (!(error instanceof Conflict)) throw this.noted(error);
    }
    try {
      return await this.conflicts.execute(() => this.attempt(work, signal));
    } catch (error) {
      throw error instanceof Conflict ? refuse.conflictRetry() : this.noted(error);
    }
  }

  private async attempt<T>(work: (dataSource: DataSource) => Promise<T>, signal?: CallSignal): Promise<T> {
    signal?.throwIfAborted();
    try {
      return await this.database.use(work);
    } catch (error) {
      throw translated(error);
    }
  }

  private noted(error: unknown): unknown {
    if (error instanceof Refusal && error.kind === "unavailable") this.database.suspect(error.cause);
    return error;
  }
}

/** What comes after the work, the commit or the rollback, goes through in any case. */
async function abortable<T>(
  manager: EntityManager,
  work: (stores: Stores) => Promise<T>,
  signal: CallSignal | undefined,
): Promise<T> {
  const runner: { query?: unknown } | undefined = manager.queryRunner;
  if (!signal || !runner) return work(storesOn(manager));
  const query = (runner.query as (...values: unknown[]) => Promise<unknown>).bind(runner);
  runner.query = (...values: unknown[]) => {
    signal.throwIfAborted();
    return query(...values);
  };
  try {
    return await work(storesOn(manager));
  } finally {
    delete runner.query; // uncovers the method: SQLite's only runner goes on to the next call
  }
}

function storesOn(manager: EntityManager): Stores {
  return {
    environments: new TypeormEnvironmentStore(manager),
    organizations: new TypeormOrganizationStore(manager),
    roles: new TypeormRoleStore(manager),
    permissions: new TypeormPermissionStore(manager),
    memberships: new TypeormMembershipStore(manager),
    groupRoles: new TypeormGroupRoleStore(manager),
    current: new SqlCurrentStore(
      (sql, parameters) => manager.query<unknown[]>(sql, [...parameters]),
      manager.dataSource.options.type,
    ),
    answers: new TypeormAnswerStore(manager),
  };
}

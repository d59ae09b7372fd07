import { ExponentialBackoff, handleType, retry } from "cockatiel";
import type { DataSource, EntityManager } from "typeorm";
import { Refusal, refuse } from "../domain/errors";
import type { Stores, UnitOfWork } from "../domain/stores";
import type { DatabaseAccess } from "./database";
import { Conflict, translated } from "./driver-errors";
import { TypeormAnswerStore } from "./stores/answer-store";
import { TypeormEnvironmentStore } from "./stores/environment-store";
import { TypeormGroupRoleStore } from "./stores/group-role-store";
import { TypeormMembershipStore } from "./stores/membership-store";
import { TypeormOrganizationStore } from "./stores/organization-store";
import { TypeormPermissionStore } from "./stores/permission-store";
import { TypeormRoleStore } from "./stores/role-store";

const attempts = 8;

/** Transactions: begun, repeated after a conflict, and their failures translated, here and nowhere else. */
export class TypeormUnitOfWork implements UnitOfWork {
  private readonly conflicts = retry(handleType(Conflict), {
    maxAttempts: attempts - 1,
    backoff: new ExponentialBackoff({ initialDelay: 5, maxDelay: 250 }),
  });

  constructor(private readonly database: DatabaseAccess) {}

  write<T>(work: (stores: Stores) => Promise<T>): Promise<T> {
    return this.run((dataSource) => dataSource.transaction((manager) => work(storesOn(manager))));
  }

  read<T>(work: (stores: Stores) => Promise<T>): Promise<T> {
    const snapshot = (manager: EntityManager) => work(storesOn(manager));
    return this.run((dataSource) =>
      dataSource.options.type === "better-sqlite3"
        ? dataSource.transaction(snapshot)
        : dataSource.transaction("REPEATABLE READ", snapshot),
    );
  }

  lookup<T>(work: (stores: Stores) => Promise<T>): Promise<T> {
    return this.run((dataSource) => work(storesOn(dataSource.manager)));
  }

  private async run<T>(work: (dataSource: DataSource) => Promise<T>): Promise<T> {
    try {
      return await this.conflicts.execute(async () => {
        try {
          return await this.database.use(work);
        } catch (error) {
          throw translated(error);
        }
      });
    } catch (error) {
      if (error instanceof Conflict) throw refuse.conflictRetry();
      if (error instanceof Refusal && error.kind === "unavailable") this.database.suspect();
      throw error;
    }
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
    answers: new TypeormAnswerStore(manager),
  };
}

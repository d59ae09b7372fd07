import type { EntityManager, Repository } from "typeorm";
import type { CallSignal } from "../../application/ports/cancellation";
import type { Dialect } from "../engines/dialect";
import { dialectOf } from "../engines/index";
import { type Tables, table } from "../entities";
import { senderOf } from "./direct";

/** What a driver says of a statement that answers no rows. */
interface Written {
  readonly affectedRows?: number;
  readonly changes?: number;
}

/**
 * A store's way to the database, in a transaction or outside of any: SQL as it is where calls often pass, repositories,
 * which take three times as long, everywhere else. Nothing begins once the caller has given up.
 */
export class Session {
  readonly dialect: Dialect;

  constructor(
    private readonly manager: EntityManager,
    private readonly signal?: CallSignal,
  ) {
    this.dialect = dialectOf(manager.dataSource);
  }

  query<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    return this.send(sql, parameters) as Promise<Row[]>;
  }

  /** How many rows a statement has changed. */
  async affected(sql: string, parameters: readonly unknown[]): Promise<number> {
    const { affectedRows, changes } = (await this.send(sql, parameters)) as Written;
    return affectedRows ?? changes ?? 0;
  }

  table<Name extends keyof Tables>(name: Name): Repository<Tables[Name]> {
    this.signal?.throwIfAborted();
    return table(this.manager, name);
  }

  private send(sql: string, parameters: readonly unknown[]): Promise<unknown> {
    this.signal?.throwIfAborted();
    const { dataSource, queryRunner } = this.manager;
    return senderOf(dataSource)(sql, parameters, queryRunner);
  }
}

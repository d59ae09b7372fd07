import type { EntityManager, Repository } from "typeorm";
import type { CallSignal } from "../../application/ports/cancellation";
import type { Dialect } from "../engines/dialect";
import { dialectOf } from "../engines/index";
import { type Tables, table } from "../entities";
import type { Selection, Table } from "../entities/table";
import { senderOf } from "./direct";

/** The result of a statement that returns no rows, by one of the drivers. */
interface Written {
  readonly affectedRows?: number;
  readonly changes?: number;
}

/**
 * Sends the statements of stores, in a transaction or outside of any: plain SQL on hot paths, repositories, which take
 * three times as long, everywhere else. No statement begins once the caller has cancelled.
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

  /** Returns whether there is a row, given the text of a SELECT from its FROM on. */
  async exists(from: string, parameters: readonly unknown[]): Promise<boolean> {
    return (await this.query(`SELECT 1 AS found FROM ${from} LIMIT 1`, parameters)).length > 0;
  }

  /** Returns the rows of a SELECT. */
  async select<Row>({ list, decode }: Selection<Row>, from: string, parameters: readonly unknown[]): Promise<Row[]> {
    const rows = await this.query<Row>(`SELECT ${list} FROM ${from}`, parameters);
    if (decode) for (const row of rows) decode(row);
    return rows;
  }

  /** Adds rows to a table, in one statement. */
  async insert<Row extends object>(into: Table<string, Row>, rows: readonly NoInfer<Row>[]): Promise<void> {
    await this.send(
      into.insertSql(rows.length),
      rows.flatMap((row) => into.valuesOf(row)),
    );
  }

  /** Returns the number of rows that a statement has changed. */
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

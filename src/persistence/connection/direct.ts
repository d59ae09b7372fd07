import type { DataSource } from "typeorm";
import type { Send } from "../engines/dialect";
import { dialectOf } from "../engines/index";

const senders = new WeakMap<DataSource, Send>();

/**
 * Returns the way of statements to the driver, past TypeORM's runner, which a statement takes on the hot path. The
 * plain twin is `QueryRunner.query`: a repository takes three times as long. Errors of the driver are not wrapped, and
 * the statement that failed is remembered for the log.
 */
export function senderOf(dataSource: DataSource): Send {
  const known = senders.get(dataSource);
  if (known) return known;
  const send = dialectOf(dataSource).createSender(dataSource);
  senders.set(dataSource, send);
  return send;
}

/** Replaces the way of all further statements. */
export function setSender(dataSource: DataSource, send: Send): void {
  senders.set(dataSource, send);
}

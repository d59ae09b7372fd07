import { KeyTaken, StateOutdated } from "../../application/ports/unit-of-work";
import { refuse } from "../../domain/errors";
import { Fault } from "../../domain/fault";
import { UnusableServer } from "./unusable-server";

/** A transaction conflicted with another one: nothing of it remains, and it may run again. */
export class Conflict extends Fault {}

/** The meaning of a failure of the database for the caller. */
export type Failure = "duplicate" | "conflict" | "unavailable" | "unknown";

const duplicates = new Set<unknown>([1062, "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"]);

const conflicts = new Set<unknown>([
  1213, // deadlock
  1205, // lock wait timeout
  1020, // row changed since the snapshot (MariaDB)
  3101, // certification (Group Replication)
  1451, // parent row has children
  1452, // parent row is gone
  3572, // lock not free
  "SQLITE_BUSY",
  "SQLITE_BUSY_SNAPSHOT",
  "SQLITE_LOCKED",
  "SQLITE_CONSTRAINT_FOREIGNKEY",
]);

const unavailable = new Set<unknown>([
  1021,
  1114, // disk or table full
  1036,
  1290,
  1792,
  1836, // read-only
  1040,
  1203,
  1226, // too many connections
  1044,
  1045,
  1049,
  1129,
  1130,
  1698,
  1820,
  1862,
  3118,
  4151,
  3032,
  3159, // not let in
  1142,
  1143,
  1227,
  1370, // without a privilege
  1104,
  1148,
  1153,
  1175,
  1286,
  1419,
  1598,
  1665,
  1785,
  3161, // not with the server's settings
  1037,
  1038,
  1041,
  1135,
  1206,
  1461, // out of memory, threads, locks or statements
  1047, // node of a cluster without quorum
  1053,
  1077,
  1079, // shutting down
  1158,
  1159,
  1160,
  1161, // the network failed
  1180, // commit failed
  1317,
  1927,
  3024,
  3168,
  1969,
  4031, // killed from outside
  "SQLITE_FULL",
  "SQLITE_READONLY",
  "SQLITE_IOERR",
  "SQLITE_CANTOPEN",
]);

interface DriverError {
  readonly errno?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly fatal?: unknown;
}

/** Returns the meaning of an error. No other place knows the codes of drivers. */
export function failureOf(error: unknown): Failure {
  if (error instanceof StateOutdated) return "conflict";
  const cause = (error as { driverError?: DriverError }).driverError ?? (error as DriverError);
  if (cause instanceof UnusableServer) return "unavailable";
  const code = typeof cause.errno === "number" && cause.errno > 0 ? cause.errno : cause.code;
  if (duplicates.has(code)) return "duplicate";
  if (conflicts.has(code) || (code === 1180 && /\b149\b/.test(String(cause.message)))) return "conflict";
  const primary = typeof code === "string" && /^SQLITE_[A-Z]+/.exec(code)?.[0];
  if (unavailable.has(code) || unavailable.has(primary) || isLostConnection(cause)) return "unavailable";
  return "unknown";
}

/** Tells by codes of the operating system and of mysql2, or by the message if mysql2 sets no code. */
function isLostConnection({ code, fatal, message }: DriverError): boolean {
  if (fatal === true || (typeof code === "string" && /^(?:E[A-Z]+|PROTOCOL_[A-Z_]+)$/.test(code))) return true;
  return typeof message === "string" && /closed state|Pool is closed|is not established|Queue limit/.test(message);
}

/** Returns the error that the ports promise for an error of a driver, and any other error as it is. */
export function translateError(error: unknown): unknown {
  switch (failureOf(error)) {
    case "duplicate":
    case "conflict":
      return new Conflict("the transaction conflicted with another one", { cause: error });
    case "unavailable":
      return Object.assign(refuse.databaseUnavailable(), { cause: error });
    case "unknown":
      return error;
  }
}

/** Awaits an insert. Throws KeyTaken if another row has the key. */
export async function orKeyTaken<T>(key: KeyTaken["key"], insert: Promise<T>): Promise<T> {
  try {
    return await insert;
  } catch (error) {
    throw failureOf(error) === "duplicate" ? new KeyTaken(key) : error;
  }
}

import { explanationOf } from "../../display/database-error-codes";
import { UnusableServer } from "./unusable-server";

interface Setting {
  /** The variable's name, then the name that older servers know it by. */
  readonly names: readonly [string, ...string[]];
  readonly value: string | number;
  /** Whether a server that lacks the variable behaves as if it had this value. */
  readonly optional?: boolean;
}

const noLimit = "18446744073709551615";

/** Settings that make statements wait for writes that other nodes of a cluster have acknowledged. */
const clusterWaits: readonly Setting[] = [
  { names: ["wsrep_sync_wait"], value: 1, optional: true },
  { names: ["group_replication_consistency"], value: "BEFORE", optional: true },
];

/** The settings that statements rely on, whatever the server's own are. Values are written as the server shows them. */
const settings: readonly Setting[] = [
  // the meaning of a statement
  { names: ["sql_mode"], value: "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION" },
  { names: ["character_set_client"], value: "utf8mb4" },
  { names: ["character_set_results"], value: "utf8mb4" },
  { names: ["collation_connection"], value: "utf8mb4_bin" },
  { names: ["default_storage_engine"], value: "InnoDB" },
  { names: ["sql_if_exists"], value: 0, optional: true }, // 1 takes IF NOT EXISTS out of CREATE TABLE
  { names: ["foreign_key_checks"], value: 1 },
  { names: ["unique_checks"], value: 1 },

  // the rows that a statement reads and writes
  { names: ["sql_select_limit"], value: noLimit },
  { names: ["sql_big_selects"], value: 1 }, // lifts max_join_size
  { names: ["sql_safe_updates"], value: 0 },
  { names: ["max_sort_length"], value: 1024 },
  { names: ["group_concat_max_len"], value: 16_777_216 }, // with less, lists of permissions are cut short
  { names: ["range_optimizer_max_mem_size"], value: 8_388_608, optional: true }, // with less, an UPDATE locks all rows that it scans
  { names: ["optimizer_max_sel_arg_weight"], value: 32_000, optional: true }, // MariaDB's name for that limit

  // transactions
  { names: ["autocommit"], value: 1 },
  { names: ["completion_type"], value: "NO_CHAIN" },
  { names: ["transaction_isolation", "tx_isolation"], value: "READ-COMMITTED" },
  { names: ["transaction_read_only", "tx_read_only"], value: 0 },
  ...clusterWaits,

  // times: the service has limits of its own
  { names: ["innodb_lock_wait_timeout"], value: 5 },
  { names: ["wait_timeout"], value: 28_800 },
  { names: ["net_read_timeout"], value: 30 },
  { names: ["net_write_timeout"], value: 60 },
  { names: ["max_statement_time"], value: 0, optional: true },
  { names: ["max_execution_time"], value: 0, optional: true },
];

/** Lifts limits on SHOW. Two variables are in comments that only the engine reads that has the variable. */
const showLimits =
  `@@SESSION.sql_select_limit = ${noLimit}, @@SESSION.sql_big_selects = 1` +
  "/*M!100101 , @@SESSION.max_statement_time = 0 *//*!50708 , @@SESSION.max_execution_time = 0 */";

/** Sends one statement over a connection. */
export type SendToConnection = (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;

interface Assignment {
  readonly name: string;
  readonly value: string | number;
}

/** Gives connections of one server the settings that statements rely on. */
export class ConnectionSettings {
  private constructor(private readonly assignments: readonly Assignment[]) {}

  /** Reads which variables the server has. Throws if the service cannot work on it. */
  static async of(send: SendToConnection): Promise<ConnectionSettings> {
    await send(`SET ${showLimits}`);
    const names = [...settings.flatMap((setting) => setting.names), "log_bin", "binlog_format"];
    const rows = await send(`SHOW VARIABLES WHERE Variable_name IN ('${names.join("', '")}')`);
    const known = new Map(rows.map((row) => [String(row["Variable_name"]).toLowerCase(), String(row["Value"])]));
    requireRowsInBinaryLog(known);
    return new ConnectionSettings(settings.flatMap((setting) => assignmentOn(known, setting)));
  }

  /** Returns the settings of a connection that reads no rows and must not wait for other nodes. */
  withoutClusterWaits(): ConnectionSettings {
    const waits = new Set(clusterWaits.flatMap(({ names }) => names));
    return new ConnectionSettings(this.assignments.filter(({ name }) => !waits.has(name)));
  }

  /** Sets everything and reads it back. Throws if the server, or a proxy in between, has not accepted a setting. */
  async apply(send: SendToConnection): Promise<void> {
    try {
      await send(`SET ${this.assignments.map(assign).join(", ")}`);
    } catch (error) {
      await this.explain(send);
      throw error;
    }
    const [found] = await send(
      `SELECT ${this.assignments.map(({ name }) => `@@SESSION.${name} AS ${name}`).join(", ")}`,
    );
    for (const { name, value } of this.assignments) {
      const actual = found?.[name];
      const isSet = isNumber(value) ? Number(actual) === Number(value) : actual === value;
      if (!isSet) throw new UnusableServer(`${name} is '${String(actual)}' although it was set to '${value}'`);
    }
  }

  /** Throws for the first setting that the server rejects by itself: not every error of a server names the variable. */
  private async explain(send: SendToConnection): Promise<void> {
    for (const assignment of this.assignments)
      try {
        await send(`SET ${assign(assignment)}`);
      } catch (error) {
        const { name, value } = assignment;
        const why = explanationOf(error as Error);
        throw new UnusableServer(`${name} cannot be set to '${value}'${why ? `: ${why}` : ""}`, { cause: error });
      }
  }
}

/** Returns whether a value is a number. Numbers of 64 bits are strings. */
const isNumber = (value: string | number) => /^\d+$/.test(String(value));

const assign = ({ name, value }: Assignment) => `@@SESSION.${name} = ${isNumber(value) ? value : `'${value}'`}`;

function assignmentOn(known: ReadonlyMap<string, string>, { names, value, optional }: Setting): Assignment[] {
  const name = names.find((candidate) => known.has(candidate));
  if (name) return [{ name, value }];
  if (optional) return [];
  throw new UnusableServer(`the server has no variable ${names[0]}, which has to be '${value}'`);
}

/**
 * Throws if the server logs statements: then it rejects READ COMMITTED writes, and no session may change the format.
 */
function requireRowsInBinaryLog(known: ReadonlyMap<string, string>): void {
  if (known.get("log_bin") === "ON" && known.get("binlog_format") === "STATEMENT")
    throw new UnusableServer("binlog_format is 'STATEMENT': set it to 'ROW' or 'MIXED' on the server");
}

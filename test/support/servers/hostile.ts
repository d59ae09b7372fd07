import mysql from "mysql2/promise";
import type { Engine } from "./recipe";

/**
 * Settings that somebody may have chosen for a server of his, and that must make no difference: where these are global,
 * whatever works does not rely on the server's own settings.
 */
const everywhere: Readonly<Record<string, string | number>> = {
  autocommit: 0,
  big_tables: 1,
  character_set_client: "latin1",
  character_set_connection: "latin1",
  character_set_database: "latin1",
  character_set_results: "latin1",
  character_set_server: "latin1",
  collation_connection: "latin1_swedish_ci",
  collation_server: "latin1_swedish_ci",
  completion_type: "RELEASE",
  default_storage_engine: "MyISAM",
  div_precision_increment: 0,
  foreign_key_checks: 0,
  group_concat_max_len: 4,
  innodb_lock_wait_timeout: 1,
  innodb_strict_mode: 0,
  interactive_timeout: 2,
  lc_messages: "de_DE",
  lc_time_names: "ar_EG",
  low_priority_updates: 1,
  max_error_count: 0,
  max_join_size: 1,
  max_sort_length: 64,
  net_read_timeout: 1,
  net_write_timeout: 1,
  session_track_schema: 1,
  session_track_state_change: 1,
  session_track_system_variables: "*",
  session_track_transaction_info: "CHARACTERISTICS",
  sql_auto_is_null: 1,
  sql_big_selects: 0,
  sql_quote_show_create: 0,
  sql_safe_updates: 1,
  sql_select_limit: 1,
  time_zone: "+11:00",
  unique_checks: 0,
  updatable_views_with_limit: 0,
  wait_timeout: 2,
};

const sqlMode = [
  "ANSI_QUOTES",
  "HIGH_NOT_PRECEDENCE",
  "IGNORE_SPACE",
  "NO_AUTO_VALUE_ON_ZERO",
  "NO_BACKSLASH_ESCAPES",
  "NO_UNSIGNED_SUBTRACTION",
  "PAD_CHAR_TO_FULL_LENGTH",
  "PIPES_AS_CONCAT",
  "REAL_AS_FLOAT",
];

const only: Readonly<Record<Engine, Readonly<Record<string, string | number>>>> = {
  mariadb: {
    sql_mode: [...sqlMode, "ORACLE", "EMPTY_STRING_IS_NULL", "SIMULTANEOUS_ASSIGNMENT"].join(","),
    tx_isolation: "SERIALIZABLE",
    tx_read_only: 1,
    check_constraint_checks: 0,
    explicit_defaults_for_timestamp: 0,
    in_predicate_conversion_threshold: 2,
    innodb_force_primary_key: 1,
    join_cache_level: 8,
    max_statement_time: 0.001,
    optimizer_max_sel_arg_weight: 1,
    old_mode: "NO_DUP_KEY_WARNINGS_WITH_IGNORE,NO_PROGRESS_INFO,ZERO_DATE_TIME_CAST,UTF8_IS_UTF8MB3",
    query_cache_size: 1_048_576,
    query_cache_type: 1,
    sql_if_exists: 1,
    system_versioning_alter_history: "KEEP",
  },
  mysql: {
    sql_mode: sqlMode.join(","),
    transaction_isolation: "SERIALIZABLE",
    transaction_read_only: 1,
    default_collation_for_utf8mb4: "utf8mb4_general_ci",
    explicit_defaults_for_timestamp: 0,
    max_execution_time: 1,
    range_optimizer_max_mem_size: 1,
    select_into_disk_sync: 1,
    show_create_table_verbosity: 1,
    sql_generate_invisible_primary_key: 1,
    sql_require_primary_key: 1,
  },
};

/** For the command line: the server's character set wins over the client's, where the server still knows how. */
export const hostileFlags = ["--character-set-server=latin1", "--loose-skip-character-set-client-handshake"];

/** Whoever is not root gets these on top. */
const initConnect = "SET NAMES latin1, autocommit = 0, foreign_key_checks = 0, sql_mode = 'NO_BACKSLASH_ESCAPES'";

/** Makes a server hostile for all connections to come. Throws for a setting that the server does not know. */
export async function makeHostile(engine: Engine, url: string): Promise<void> {
  const connection = await mysql.createConnection(url);
  try {
    await connection.query("SET SESSION sql_mode = ''"); // on a server that already is hostile, for escape()
    const wanted = Object.entries({ ...only[engine], ...everywhere, init_connect: initConnect });
    for (const [name, value] of wanted) await connection.query(`SET GLOBAL ${name} = ${mysql.escape(value)}`);
  } finally {
    connection.destroy();
  }
}

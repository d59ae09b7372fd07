import mysql from "mysql2/promise";
import { ConnectionSettings } from "./connection-settings";
import type { ConnectionLimits } from "./data-source";
import type { MysqlUrl } from "./database-url";

/** Watches a server over a connection of its own, so that a busy pool is not taken for a dead server. */
export class Monitor {
  private constructor(
    /** HOST:PORT. */
    readonly host: string,
    /** For every connection to this server. */
    readonly settings: ConnectionSettings,
    private readonly connection: mysql.Connection,
    private readonly timeout: number,
    private readonly mustBeWritable: boolean,
  ) {}

  static async connect(
    url: MysqlUrl,
    address: MysqlUrl["hosts"][number],
    { timeout }: ConnectionLimits,
  ): Promise<Monitor> {
    const { user, password, database } = url;
    const options = { ...address, user, password, database, connectTimeout: timeout };
    const connection = await mysql.createConnection(options);
    connection.on("error", () => undefined);
    try {
      const ask = async (sql: string) => (await connection.query<mysql.RowDataPacket[]>({ sql, timeout }))[0];
      const settings = await ConnectionSettings.of(ask);
      await settings.withoutClusterWaits().apply(ask);
      return new Monitor(`${address.host}:${address.port}`, settings, connection, timeout, url.hosts.length > 1);
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  /** Throws when the server does not answer. False: it answers, but another one is to be looked for. */
  async check(): Promise<boolean> {
    return !((await this.look()).readOnly && this.mustBeWritable);
  }

  async look(): Promise<{ readonly engine: "mariadb" | "mysql"; readonly readOnly: boolean }> {
    await this.checkQuorum();
    const sql = "SELECT VERSION() AS version, @@global.read_only AS readOnly";
    const [rows] = await this.connection.query<mysql.RowDataPacket[]>({ sql, timeout: this.timeout });
    return {
      engine: /mariadb/i.test(String(rows[0]?.["version"])) ? "mariadb" : "mysql",
      readOnly: Number(rows[0]?.["readOnly"]) === 1,
    };
  }

  /** A node of a Galera cluster that is cut off from the others answers, but no statement that needs a table. */
  private async checkQuorum(): Promise<void> {
    const isNode = await this.shown("VARIABLES", "wsrep_on");
    if (isNode === "ON" && (await this.shown("STATUS", "wsrep_ready")) !== "ON")
      throw new Error("the node is not ready for its cluster (wsrep_ready)");
  }

  private async shown(kind: "VARIABLES" | "STATUS", name: string): Promise<unknown> {
    const sql = `SHOW GLOBAL ${kind} LIKE '${name}'`;
    const [[row]] = await this.connection.query<mysql.RowDataPacket[]>({ sql, timeout: this.timeout });
    return row?.["Value"];
  }

  close(): void {
    this.connection.destroy();
  }
}

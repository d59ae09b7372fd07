import mysql from "mysql2/promise";
import { Fault } from "../../domain/fault";
import { serverDialectOf } from "../engines/index";
import type { ServerDialect } from "../engines/server";
import { ConnectionSettings } from "./connection-settings";

/** Watches a server over a connection of its own, so that a busy pool is not taken for a dead server. */
export class Monitor {
  private constructor(
    /** HOST:PORT, or the path of a socket. */
    readonly host: string,
    /** The settings of every connection to this server. */
    readonly settings: ConnectionSettings,
    private readonly connection: mysql.Connection,
    private readonly timeout: number,
    private readonly mustBeWritable: boolean,
  ) {}

  static async connect(
    options: mysql.ConnectionOptions,
    host: string,
    timeout: number,
    mustBeWritable: boolean,
  ): Promise<Monitor> {
    const connection = await mysql.createConnection(options);
    connection.on("error", () => undefined);
    try {
      const send = async (sql: string) => (await connection.query<mysql.RowDataPacket[]>({ sql, timeout }))[0];
      const settings = await ConnectionSettings.of(send);
      await settings.withoutClusterWaits().apply(send);
      return new Monitor(host, settings, connection, timeout, mustBeWritable);
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  /** Returns false if the server is read-only and must not be. Throws if the server does not respond. */
  async check(): Promise<boolean> {
    return !((await this.look()).readOnly && this.mustBeWritable);
  }

  /** Returns the dialect of the server and whether it is read-only. Throws if the server does not respond. */
  async look(): Promise<{ readonly dialect: ServerDialect; readonly readOnly: boolean }> {
    await this.checkQuorum();
    const sql = "SELECT VERSION() AS version, @@global.read_only AS readOnly";
    const [rows] = await this.connection.query<mysql.RowDataPacket[]>({ sql, timeout: this.timeout });
    return {
      dialect: serverDialectOf(String(rows[0]?.["version"])),
      readOnly: Number(rows[0]?.["readOnly"]) === 1,
    };
  }

  /** Throws for a node of a Galera cluster that is cut off: it responds, but not to statements that need a table. */
  private async checkQuorum(): Promise<void> {
    const isNode = await this.show("VARIABLES", "wsrep_on");
    if (isNode === "ON" && (await this.show("STATUS", "wsrep_ready")) !== "ON")
      throw new Fault("the node is not ready for its cluster (wsrep_ready)");
  }

  private async show(kind: "VARIABLES" | "STATUS", name: string): Promise<unknown> {
    const sql = `SHOW GLOBAL ${kind} LIKE '${name}'`;
    const [[row]] = await this.connection.query<mysql.RowDataPacket[]>({ sql, timeout: this.timeout });
    return row?.["Value"];
  }

  close(): void {
    this.connection.destroy();
  }
}

import mysql from "mysql2/promise";
import { Fault } from "../domain/fault";

/** Watches a server over a connection of its own, so that a busy pool is not taken for a dead server. */
export class Monitor {
  private constructor(
    /** HOST:PORT, or the path of a socket. */
    readonly host: string,
    private readonly connection: mysql.Connection,
    private readonly timeout: number,
    private readonly mustBeWritable: boolean,
  ) {
    connection.on("error", () => undefined);
  }

  static async connect(
    options: mysql.ConnectionOptions,
    host: string,
    timeout: number,
    mustBeWritable: boolean,
  ): Promise<Monitor> {
    return new Monitor(host, await mysql.createConnection(options), timeout, mustBeWritable);
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
      throw new Fault("the node is not ready for its cluster (wsrep_ready)");
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

import mysql, { type RowDataPacket } from "mysql2/promise";

const TIMEOUT_MS = 5000;

/** Whether a server really answers, and which; an error otherwise, in a few seconds. */
export async function ask(url: string): Promise<{ version: string; mark: string | null }> {
  const connection = await mysql.createConnection({ uri: url, connectTimeout: TIMEOUT_MS });
  try {
    const sql = "SELECT VERSION() AS version, @@report_host AS mark";
    const [[row]] = await connection.query<RowDataPacket[]>({ sql, timeout: TIMEOUT_MS });
    return { version: String(row?.["version"]), mark: (row?.["mark"] as string | null | undefined) ?? null };
  } finally {
    connection.destroy();
  }
}

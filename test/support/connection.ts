import mysql from "mysql2/promise";
import { ConnectionSettings } from "../../src/persistence/connection/connection-settings";
import { writeValues } from "../../src/persistence/connection/literals";

/** A connection beside the service's, on which statements mean what they mean there, whatever the server's settings. */
export async function connectTo(url: string): Promise<mysql.Connection> {
  const connection = await mysql.createConnection({ uri: url, queryFormat: writeValues });
  const ask = async (sql: string) => (await connection.query<mysql.RowDataPacket[]>(sql))[0];
  await (await ConnectionSettings.of(ask)).apply(ask);
  return connection;
}

import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import mysql from "mysql2";

/** Something between the service and a server that understands the protocol, as a pooler does. */
export interface MeddlingProxy {
  /** The given database, through this. */
  readonly url: string;
  close(): Promise<void>;
}

export interface Meddling {
  /** Statements that are acknowledged, and that the server never sees. */
  readonly swallows?: RegExp;
  /** Statements that are rejected as if the user lacked a privilege. */
  readonly rejects?: RegExp;
  /** Runs on the server's connection right before each statement that reads or writes rows. */
  readonly before?: string;
}

/** What mysql2's own types leave out. */
interface RowWriter {
  writeColumns(fields: readonly mysql.FieldPacket[]): void;
  writeTextRow(row: readonly unknown[]): void;
}

const rowStatement = /^(?:INSERT|UPDATE|DELETE|SELECT(?! @@))/;

export async function meddleWith(url: string, { swallows, rejects, before }: Meddling): Promise<MeddlingProxy> {
  const open = new Set<{ destroy(): void }>();
  const server = mysql.createServer((client) => {
    const options = { uri: url, rowsAsArray: true, supportBigNumbers: true, bigNumberStrings: true };
    const backend = mysql.createConnection(options);
    for (const end of [client, backend]) {
      open.add(end);
      end.on("error", () => undefined);
    }
    const answer = (write: () => void) => {
      write();
      client.sequenceId = 0; // mysql2 goes on counting, and warns
    };
    client.serverHandshake({
      protocolVersion: 10,
      serverVersion: "8.0.0",
      connectionId: 1,
      statusFlags: 2,
      characterSet: 45,
      capabilityFlags: 0xff_f7_df, // neither TLS nor compression
      authCallback: (_: unknown, accept: () => void) => answer(accept),
    });
    const pass = (sql: string) => {
      if (swallows?.test(sql)) return answer(() => client.writeOk());
      const denied = { code: 1227, message: "Access denied; you need SUPER" };
      if (rejects?.test(sql)) return answer(() => client.writeError(denied));
      if (before && rowStatement.test(sql)) backend.query(before);
      return backend.query(sql, (error, result, fields) =>
        answer(() => {
          if (error) return client.writeError({ code: error.errno ?? 0, message: error.message });
          if (!Array.isArray(result)) return client.writeOk(result);
          const writer = client as unknown as RowWriter;
          writer.writeColumns(fields);
          for (const row of result) writer.writeTextRow(row as unknown[]);
          return client.writeEof();
        }),
      );
    };
    client.on("query", pass).on("stmt_prepare", pass); // as which mysql2 takes SET
    client.on("end", () => backend.destroy());
  });
  const { _server: listener } = server as unknown as { _server: Server };
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const through = new URL(url);
  through.port = String((listener.address() as AddressInfo).port);
  return {
    url: through.href,
    close: () => {
      for (const connection of open) connection.destroy();
      return new Promise((resolve) => listener.close(() => resolve()));
    },
  };
}

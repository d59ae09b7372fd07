import { Server, ServerCredentials, type handleUnaryCall } from "@grpc/grpc-js";
import mysql from "mysql2";

/**
 * The least that a gRPC server on grpc-js can do: it answers every method that it is given with the same bytes, whatever
 * is asked. With a database, after one point query. A process of its own; prints its port and ends with its input.
 */
interface Instructions {
  /** Base64, by the method's path. */
  readonly answers: Readonly<Record<string, string>>;
  readonly database?: { readonly url: string; readonly sql: string; readonly values: readonly string[] };
}

const { answers, database } = JSON.parse(process.argv[2] ?? "") as Instructions;
const pool = database && mysql.createPool({ uri: database.url, connectionLimit: 10 });

const definition: Record<string, object> = {};
const implementation: Record<string, handleUnaryCall<Buffer, Buffer>> = {};
const same = (bytes: Buffer) => bytes;
for (const [path, text] of Object.entries(answers)) {
  const bytes = Buffer.from(text, "base64");
  definition[path] = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  implementation[path] = pool
    ? (_, respond) =>
        pool.query(database.sql, [...database.values], (error) => respond(error && { details: error.message }, bytes))
    : (_, respond) => respond(null, bytes);
}

const server = new Server();
server.addService(definition as never, implementation);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(port);
});
process.stdin.resume().on("end", () => process.exit());

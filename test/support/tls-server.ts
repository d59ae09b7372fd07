import { writeFileSync } from "node:fs";
import path from "node:path";
import mysql from "mysql2/promise";
import type * as x509 from "@peculiar/x509";
import { type Authority, newAuthority } from "./authority";
import { type PrivateServer, startPrivateServer } from "./servers";
import type { Engine } from "./servers/recipe";

export const databaseName = "roles";
export const password = "s3cret-passw0rd";

/** A database server with TLS, whose root needs none. */
export interface TlsServer {
  readonly engine: Engine;
  readonly authority: Authority;
  /** Of `authority`. */
  readonly caFile: string;
  readonly port: number;
  statement(sql: string): Promise<void>;
  /** Gives it another certificate while it runs. */
  present(authority: Authority, alternatives: x509.JsonGeneralNames): Promise<void>;
  stop(): Promise<void>;
}

export const byIp: x509.JsonGeneralNames = [{ type: "ip", value: "127.0.0.1" }];
export const byName: x509.JsonGeneralNames = [{ type: "dns", value: "localhost" }];

/** Users: `app`, who may connect in any way, `ssl`, who needs TLS, and `x509`, who needs a certificate of the authority. */
export async function startTlsServer(engine: Engine, folder: string): Promise<TlsServer> {
  const authority = await newAuthority();
  const file = (name: string) => path.join(folder, `${engine}-${name}.pem`);
  const write = async (from: Authority, alternatives: x509.JsonGeneralNames) => {
    const pair = await from.issue({ commonName: "database", alternatives });
    writeFileSync(file("cert"), pair.certificate);
    writeFileSync(file("key"), pair.key);
    // MySQL starts with no certificate that its own authorities have not signed
    writeFileSync(file("server-ca"), [...new Set([authority.certificate, from.certificate])].join("\n"));
  };
  writeFileSync(file("ca"), authority.certificate);
  await write(authority, byIp);
  const flags = [`--ssl-ca=${file("server-ca")}`, `--ssl-cert=${file("cert")}`, `--ssl-key=${file("key")}`];
  const server: PrivateServer = await startPrivateServer(engine, flags);
  const statement = (sql: string) => runStatement(server.url, sql);
  await statement(`CREATE DATABASE ${databaseName}`);
  for (const [user, requirement] of [
    ["app", "NONE"],
    ["ssl", "SSL"],
    ["x509", "X509"],
  ]) {
    await statement(`CREATE USER '${user}'@'%' IDENTIFIED BY '${password}' REQUIRE ${requirement}`);
    await statement(`GRANT ALL ON *.* TO '${user}'@'%'`);
  }
  return {
    engine,
    authority,
    caFile: file("ca"),
    port: Number(new URL(server.url).port),
    statement,
    present: async (from, alternatives) => {
      await write(from, alternatives);
      await statement(engine === "mariadb" ? "FLUSH SSL" : "ALTER INSTANCE RELOAD TLS");
    },
    stop: () => server.stop(),
  };
}

/** Runs a statement as root, over TLS where there is any. */
async function runStatement(url: string, sql: string): Promise<void> {
  const connect = (ssl?: mysql.SslOptions) => mysql.createConnection({ uri: url, ...(ssl && { ssl }) });
  const connection = await connect({ rejectUnauthorized: false }).catch(() => connect());
  try {
    await connection.query(sql);
  } finally {
    connection.destroy();
  }
}

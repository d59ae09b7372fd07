import { writeFileSync } from "node:fs";
import path from "node:path";
import { tokenDigest } from "../../src/auth/authenticator";
import { newAuthority } from "../support/authority";
import { connect } from "../support/client";
import { connectTo } from "../support/connection";
import { doorwayTo } from "../support/doorway";
import { type TestDatabase, servers } from "../support/engines";
import { audience, startIssuer } from "../support/issuer";
import { type ServiceProcess, startProcess } from "../support/process";
import { serving } from "../support/service";
import { present } from "../support/stage";

const mariadb = present(servers[0]);

/** A server of `cases/set-up`, and what a caller has to know of it. */
export interface Prepared {
  readonly service: ServiceProcess;
  readonly variables: Readonly<Record<string, string>>;
  /** Whether a caller may repeat calls that found no server. */
  readonly retries: boolean;
  /** The file of the authority that signed its certificate; absent without TLS. */
  readonly authority: string | undefined;
}

const credential = (name: string, rest: object) => ({
  name,
  token_sha256: tokenDigest(`${name}-token`).toString("hex"),
  ...rest,
});

const tokensOf = (...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [`${name}_token`, `${name}-token`]));

const alpha = { environment: "alpha" };

async function administer(url: string, sql: string): Promise<void> {
  const connection = await connectTo(url);
  await connection.query(sql);
  connection.destroy();
}

type SetUp = (servers: PreparedServers) => Promise<Partial<Prepared> & Pick<Prepared, "service">>;

/** What the server of each file of `cases/set-up` has been given. */
const setUps: Readonly<Record<string, SetUp>> = {
  credentials: async (own) => {
    const { folder } = own;
    const credentials = [
      credential("reader", { environments: ["alpha"], action: "read" }),
      credential("acme", { environments: ["alpha"], action: "write", organizations: ["acme"] }),
    ];
    const authority = await newAuthority();
    const server = await authority.issue({ commonName: "server", alternatives: [{ type: "dns", value: "localhost" }] });
    const files = { authority: authority.certificate, certificate: server.certificate, key: server.key };
    for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, `${name}.pem`), content);
    const service = await own.start({
      ORGROLES_CREDENTIALS: JSON.stringify(credentials),
      ORGROLES_TLS_CERT_FILE: path.join(folder, "certificate.pem"),
      ORGROLES_TLS_KEY_FILE: path.join(folder, "key.pem"),
    });
    const variables = { ...alpha, ...tokensOf("reader", "acme", "unknown") };
    return { service, variables, authority: path.join(folder, "authority.pem") };
  },
  "escalation-guard": async (own) => {
    const credentials = [
      credential("admin", { environments: ["alpha"], action: "admin" }),
      credential("ann", { environments: ["alpha"], action: "write", acting_user: "ann" }),
    ];
    const service = await own.start({ ORGROLES_CREDENTIALS: JSON.stringify(credentials) });
    return { service, variables: { ...alpha, ...tokensOf("admin", "ann") } };
  },
  quotas: async (own) => ({
    service: await own.start({
      ORGROLES_MAX_ENVIRONMENT_ROLES: "3",
      ORGROLES_MAX_CUSTOM_ROLES: "2",
      ORGROLES_MAX_PERMISSIONS: "3",
      ORGROLES_MAX_ROLE_PERMISSIONS: "2",
    }),
  }),
  "rate-limit": async (own) => ({
    service: await own.start({ ORGROLES_RATE_LIMIT: "5" }),
    variables: alpha,
    retries: false,
  }),
  "database-away": async (own) => {
    const url = new URL((await own.newDatabase()).url);
    const doorway = await doorwayTo(url.hostname, Number(url.port));
    own.atEnd(() => doorway.end());
    url.port = String(doorway.port);
    const service = await own.start({ ORGROLES_DATABASE_URL: url.href });
    await serving(service);
    doorway.close();
    return { service, retries: false };
  },
  contention: async (own) => {
    const { url } = await own.newDatabase();
    const service = await own.start({ ORGROLES_DATABASE_URL: url });
    await serving(service);
    await administer(
      url,
      "CREATE TRIGGER never BEFORE UPDATE ON environments FOR EACH ROW SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213",
    );
    return { service, variables: alpha, retries: false };
  },
  "issuer-away": async (own) => {
    const issuer = await startIssuer();
    const token = await issuer.sign({ orgroles: { action: "read", environments: "*" } });
    await issuer.stop();
    const service = await own.start({ ORGROLES_JWT_ISSUER: issuer.url, ORGROLES_JWT_AUDIENCE: audience });
    return { service, variables: { issued_token: token }, retries: false };
  },
  "watch-limit": async (own) => ({
    service: await own.start({ ORGROLES_MAX_WATCHERS: "0" }),
    variables: alpha,
    retries: false,
  }),
  retention: async (own) => {
    const { url } = await own.newDatabase();
    const service = await own.start({ ORGROLES_DATABASE_URL: url });
    await serving(service);
    const client = connect(service.address);
    const { resumeToken } = await client.events.listEvents({ environmentId: "alpha", pageSize: 1 });
    client.close();
    await administer(url, "DELETE FROM events");
    await administer(url, "UPDATE event_sequences SET purged_position = last_position");
    return { service, variables: { ...alpha, expired_token: resumeToken } };
  },
  fault: async (own) => {
    const { url } = await own.newDatabase();
    const service = await own.start({ ORGROLES_DATABASE_URL: url });
    await serving(service);
    await administer(url, "RENAME TABLE permissions TO permissions_elsewhere");
    return { service, variables: alpha };
  },
};

export const setUpNames = Object.keys(setUps);

/** Starts servers for cases, each on a database of its own in MariaDB. */
export class PreparedServers {
  private readonly ends: (() => Promise<unknown>)[] = [];

  /** `folder` is for certificates. */
  constructor(readonly folder: string) {}

  /** Starts a server for the cases that any server passes. */
  async ordinary(): Promise<ServiceProcess> {
    const service = await this.start({});
    await serving(service);
    return service;
  }

  /** Starts the server for a file of `cases/set-up`. */
  async prepare(name: string): Promise<Prepared> {
    return { variables: {}, retries: true, authority: undefined, ...(await present(setUps[name])(this)) };
  }

  async newDatabase(): Promise<TestDatabase> {
    const database = await mariadb.create();
    this.atEnd(() => database.drop());
    return database;
  }

  async start(settings: Readonly<Record<string, string>>): Promise<ServiceProcess> {
    const url = settings["ORGROLES_DATABASE_URL"] ?? (await this.newDatabase()).url;
    const service = await startProcess({
      ORGROLES_ENVIRONMENTS: "alpha,beta",
      ORGROLES_HTTP_ADDRESS: "127.0.0.1:0",
      ...settings,
      ORGROLES_DATABASE_URL: url,
    });
    this.atEnd(() => service.end("SIGKILL"));
    return service;
  }

  atEnd(work: () => Promise<unknown>): void {
    this.ends.push(work);
  }

  async end(): Promise<void> {
    for (const end of this.ends.toReversed()) await end();
  }
}

import { constants, accessSync, readFileSync } from "node:fs";
import { YAMLParseError, parse } from "yaml";
import type { Quotas } from "../domain/limits";
import type { Credential } from "../auth/authenticator";
import type { JwtOptions } from "../auth/jwt";
import { describeUrl } from "../auth/issuer-url";
import { databaseOf } from "./database-settings";
import { Fault } from "../domain/fault";
import { describeFileFault, showPath } from "../display/shown-text";
import type { LogFormat } from "../observability/log-destination";
import { type DatabaseUrl, type MysqlUrl, describeDatabaseUrl } from "../persistence/connection/database-url";
import { sslModeOf } from "../persistence/connection/server-options";
import { isSetting, unknownKey, unknownSettings } from "./setting-names";
import { type Values, schema } from "./settings";

export interface ConsoleConfig {
  /** Origins whose pages may show the console in a frame. */
  readonly frameAncestors: readonly string[];
  /** How people sign in with OpenID Connect. Absent if they paste a token. */
  readonly signIn:
    | { readonly issuer: string; readonly audience: string; readonly clientId: string; readonly scopes: string }
    | undefined;
}

/** The configuration of the process. It is read once and never changes. */
export interface Config {
  readonly host: string;
  /** 0 selects a free port. */
  readonly port: number;
  /** The address of metrics and probes, if they are served. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  /** The address for HTTP. Absent if nothing is served over HTTP. */
  readonly http: HttpAddress | undefined;
  /** Other origins whose pages may call over HTTP. */
  readonly httpOrigins: readonly string[];
  /** The console, if it is served. */
  readonly console: ConsoleConfig | undefined;
  /** The WorkOS-compatible REST API: the environment for credentials of several ones. Absent if it is off. */
  readonly workos: { readonly environment: string | undefined } | undefined;
  readonly database: DatabaseUrl;
  readonly databasePoolSize: number;
  /** Milliseconds after which a statement counts as hung and its connection as broken. */
  readonly databaseTimeout: number;
  readonly migrate: boolean;
  /** The environments to create at the start if they do not exist. */
  readonly environments: readonly string[];
  /** The maximum size of the read cache. */
  readonly cacheBytes: number;
  /** The number of watches of a process. */
  readonly maxWatchers: number;
  /** The days for which events are kept; 0: for ever. */
  readonly eventRetentionDays: number;
  readonly quotas: Quotas;
  readonly credentials: readonly Credential[];
  readonly jwt: JwtOptions | undefined;
  /** Paths of PEM files. */
  readonly tls:
    | { readonly certificate: string; readonly key: string; readonly clientAuthority: string | undefined }
    | undefined;
  readonly reflection: boolean;
  /** Maximum numbers of running calls, of waiting calls, and of calls per second of one credential (0: no limit). */
  readonly admission: { readonly concurrency: number; readonly queue: number; readonly rate: number };
  /** Limits for the connections of peers. */
  readonly transport: {
    readonly connections: number;
    readonly bufferBytes: number;
    /** Milliseconds from a request's headers to its end. */
    readonly requestTimeout: number;
    /** The maximum number on one stream. */
    readonly reflectionRequests: number;
  };
  /** The number of processes on the port; 1 means only this one. */
  readonly workers: number;
  readonly logLevel: string;
  readonly logFormat: LogFormat;
}

export interface HttpAddress {
  readonly host: string;
  readonly port: number;
  /** Whether nobody asked for it: the server does without it if it is taken. */
  readonly isDefault: boolean;
}

/** Lists all faults of an invalid configuration. */
export class ConfigError extends Fault {
  constructor(readonly faults: readonly string[]) {
    super(`The configuration is invalid:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
  }
}

/**
 * Reads the configuration from environment variables and from the file that one of them names. Removes blanks and line
 * ends around each value, because files with secrets often end with one. Throws a ConfigError with all faults at once; no
 * fault contains a value that may be secret. With `serves: false`, for commands that only use the database, the TLS files
 * need not exist and no credentials are required.
 */
export function readConfig(
  variables: Readonly<Record<string, string | undefined>>,
  { serves }: { serves: boolean } = { serves: true },
): Config {
  const faults: string[] = [];
  const given = trimValues(variables);
  const all = { ...trimValues(fromFile(given["ORGROLES_CONFIG_FILE"], faults)), ...given };
  faults.push(...unknownSettings(variables));
  const result = schema.safeParse(all);
  for (const issue of result.error?.issues ?? []) faults.push(`${pathOf(issue.path)}: ${issue.message}`);
  const usable: Partial<Values> = result.data ?? {};
  if (serves) faults.push(...findUnreadableFiles(result.success ? usable : all));
  faults.push(...findContradictions(usable));
  const database = databaseOf(all, faults);
  if (serves) faults.push(...findOpenAddresses(usable));
  if (!result.success || !database || faults.length) throw new ConfigError(faults);
  return toConfig(result.data, database, all["ORGROLES_DATABASE_URL"] === undefined);
}

function trimValues<Value extends string | undefined>(values: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value?.trim() as Value]));
}

const pathOf = ([name, ...rest]: readonly PropertyKey[]) =>
  String(name) + rest.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");

/** Reads the file. Its keys are the variables without their prefix in lower case; its lists may be YAML lists. */
function fromFile(file: string | undefined, faults: string[]): Record<string, string> {
  if (!file) return {};
  let content: unknown;
  try {
    content = parse(readFileSync(file, "utf8"), { logLevel: "error" }) ?? {};
  } catch (error) {
    faults.push(`ORGROLES_CONFIG_FILE: ${faultOf(file, error)}`);
    return {};
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    faults.push(
      `ORGROLES_CONFIG_FILE: ${showPath(file)} must contain settings, one per line, such as address: 127.0.0.1:50051`,
    );
    return {};
  }
  const read: Record<string, string> = {};
  for (const [key, value] of Object.entries(content)) {
    const name = `ORGROLES_${key.toUpperCase()}`;
    if (key === key.toLowerCase() && isSetting(name) && !["config_file", "token"].includes(key))
      read[name] = textOf(value);
    else faults.push(`ORGROLES_CONFIG_FILE: ${unknownKey(key)}`);
  }
  return read;
}

/** Returns why a file cannot be read. It does not use the parser's message, which quotes the content. */
function faultOf(file: string, error: unknown): string {
  if (error instanceof YAMLParseError)
    return `${showPath(file)} is not valid YAML: see line ${error.linePos?.[0].line ?? 1}`;
  return describeFileFault(file, error);
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) return value.join(",");
  return JSON.stringify(value);
}

/** Returns a fault for each TLS file that cannot be read. */
function findUnreadableFiles(values: Readonly<Record<string, unknown>>): string[] {
  return ["ORGROLES_TLS_CERT_FILE", "ORGROLES_TLS_KEY_FILE", "ORGROLES_TLS_CLIENT_CA_FILE"].flatMap((name) => {
    const path = values[name];
    if (typeof path !== "string" || !path) return [];
    try {
      accessSync(path, constants.R_OK);
      return [];
    } catch (error) {
      return `${name}: ${describeFileFault(path, error)}`;
    }
  });
}

/** Returns a fault for each combination of settings that is not allowed. */
function findContradictions(values: Partial<Values>): string[] {
  const faults: string[] = [];
  const requirePair = (name: keyof Values, other: keyof Values) => {
    if (values[name] !== undefined && values[other] === undefined) faults.push(`${name}: requires ${other}`);
  };
  requirePair("ORGROLES_JWT_ISSUER", "ORGROLES_JWT_AUDIENCE");
  requirePair("ORGROLES_JWT_AUDIENCE", "ORGROLES_JWT_ISSUER");
  requirePair("ORGROLES_TLS_CERT_FILE", "ORGROLES_TLS_KEY_FILE");
  requirePair("ORGROLES_TLS_KEY_FILE", "ORGROLES_TLS_CERT_FILE");
  requirePair("ORGROLES_TLS_CLIENT_CA_FILE", "ORGROLES_TLS_CERT_FILE");
  requirePair("ORGROLES_JWT_JWKS_URL", "ORGROLES_JWT_ISSUER");
  requirePair("ORGROLES_CONSOLE_CLIENT_ID", "ORGROLES_JWT_ISSUER");
  if ((values.ORGROLES_WORKERS ?? 1) > 1 && values.ORGROLES_DATABASE_URL?.kind === "sqlite")
    faults.push(
      "ORGROLES_WORKERS: requires a database server in ORGROLES_DATABASE_URL; SQLite supports only one process",
    );
  const credentials = values.ORGROLES_CREDENTIALS ?? [];
  if (credentials.some(({ certificate }) => certificate !== undefined))
    requirePair("ORGROLES_CREDENTIALS", "ORGROLES_TLS_CLIENT_CA_FILE");
  for (const name of findDuplicates(credentials.map(({ caller }) => caller.name)))
    faults.push(`ORGROLES_CREDENTIALS: two credentials have the name "${name}"`);
  for (const name of findDuplicates(credentials.flatMap(({ certificate }) => certificate ?? [])))
    faults.push(`ORGROLES_CREDENTIALS: two credentials have the certificate "${name}"`);
  if (
    findDuplicates(credentials.flatMap(({ tokenDigests }) => tokenDigests.map((digest) => digest.toString("hex")))).size
  )
    faults.push("ORGROLES_CREDENTIALS: two credentials have the same token");
  return faults;
}

/** Reports whether calls need credentials. */
const needsCredentials = (values: Partial<Values>): boolean =>
  Boolean(values.ORGROLES_CREDENTIALS?.length || values.ORGROLES_JWT_ISSUER);

/** Returns a fault for each address at which other machines can call without credentials. */
function findOpenAddresses(values: Partial<Values>): string[] {
  if (needsCredentials(values)) return [];
  return (["ORGROLES_ADDRESS", "ORGROLES_HTTP_ADDRESS"] as const).flatMap((name) => {
    const { [name]: address } = values;
    if (address === undefined || address === "none" || isLoopback(address.host)) return [];
    return `${name}: requires ORGROLES_CREDENTIALS or ORGROLES_JWT_ISSUER if other machines can reach it`;
  });
}

const defaultHttpPort = 50080;

/** Returns the address for HTTP: by default on this machine only, and only where calls need no credentials. */
function httpOf(values: Values): HttpAddress | undefined {
  const { ORGROLES_HTTP_ADDRESS: given, ORGROLES_ADDRESS: grpc } = values;
  if (given) return given === "none" ? undefined : { ...given, isDefault: false };
  if (needsCredentials(values)) return undefined;
  return { host: "127.0.0.1", port: grpc.port && defaultHttpPort, isDefault: true };
}

function consoleOf(values: Values): ConsoleConfig | undefined {
  const { ORGROLES_CONSOLE_CLIENT_ID: clientId, ORGROLES_JWT_ISSUER: issuer, ORGROLES_JWT_AUDIENCE: audience } = values;
  if (values.ORGROLES_CONSOLE === "off") return undefined;
  return {
    frameAncestors: values.ORGROLES_CONSOLE_FRAME_ANCESTORS ?? [],
    signIn:
      clientId && issuer && audience
        ? { issuer, audience, clientId, scopes: values.ORGROLES_CONSOLE_SCOPES }
        : undefined,
  };
}

const findDuplicates = (texts: readonly string[]) => new Set(texts.filter((one, index) => texts.indexOf(one) < index));

const isLoopback = (host: string) => /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(host);

function toConfig(values: Values, database: DatabaseUrl, isEmbeddedDefault: boolean): Config {
  const { ORGROLES_JWT_ISSUER: issuer, ORGROLES_JWT_AUDIENCE: audience } = values;
  const { ORGROLES_TLS_CERT_FILE: certificate, ORGROLES_TLS_KEY_FILE: key } = values;
  return {
    ...values.ORGROLES_ADDRESS,
    metrics: values.ORGROLES_METRICS_ADDRESS,
    http: httpOf(values),
    httpOrigins: values.ORGROLES_HTTP_ORIGINS ?? [],
    console: consoleOf(values),
    workos: values.ORGROLES_WORKOS_API === "on" ? { environment: values.ORGROLES_WORKOS_ENVIRONMENT } : undefined,
    database,
    databasePoolSize: values.ORGROLES_DATABASE_POOL_SIZE,
    databaseTimeout: values.ORGROLES_DATABASE_TIMEOUT_MS,
    migrate: values.ORGROLES_MIGRATE === "on",
    environments: values.ORGROLES_ENVIRONMENTS ?? (isEmbeddedDefault ? ["dev"] : []),
    maxWatchers: values.ORGROLES_MAX_WATCHERS,
    eventRetentionDays: values.ORGROLES_EVENT_RETENTION_DAYS,
    cacheBytes: values.ORGROLES_CACHE_MIB * 1024 * 1024,
    quotas: {
      environmentRoles: values.ORGROLES_MAX_ENVIRONMENT_ROLES,
      customRoles: values.ORGROLES_MAX_CUSTOM_ROLES,
      permissions: values.ORGROLES_MAX_PERMISSIONS,
      permissionsPerRole: values.ORGROLES_MAX_ROLE_PERMISSIONS,
    },
    credentials: values.ORGROLES_CREDENTIALS ?? [],
    jwt:
      issuer && audience
        ? {
            issuer,
            audience,
            algorithms: values.ORGROLES_JWT_ALGORITHMS,
            jwksUrl: values.ORGROLES_JWT_JWKS_URL,
            claim: values.ORGROLES_JWT_CLAIM,
          }
        : undefined,
    tls: certificate && key ? { certificate, key, clientAuthority: values.ORGROLES_TLS_CLIENT_CA_FILE } : undefined,
    reflection: values.ORGROLES_REFLECTION === "on",
    admission: {
      concurrency: values.ORGROLES_MAX_CONCURRENCY,
      queue: values.ORGROLES_MAX_QUEUE,
      rate: values.ORGROLES_RATE_LIMIT,
    },
    transport: {
      connections: values.ORGROLES_MAX_CONNECTIONS,
      bufferBytes: values.ORGROLES_MAX_BUFFER_MIB * 1024 * 1024,
      requestTimeout: values.ORGROLES_REQUEST_TIMEOUT_MS,
      reflectionRequests: values.ORGROLES_MAX_REFLECTION_REQUESTS,
    },
    workers: values.ORGROLES_WORKERS,
    logLevel: values.ORGROLES_LOG_LEVEL,
    logFormat: values.ORGROLES_LOG_FORMAT,
  };
}

function describeConnection(url: MysqlUrl): object {
  const { sslCa, sslCert, sslKey, connectTimeout } = url;
  return { sslMode: sslModeOf(url), sslCa, sslCert, sslKey, connectTimeout };
}

/** Describes the configuration for people, without passwords and tokens. */
export function describeConfig({ database, credentials, ...config }: Config): object {
  return {
    ...config,
    database: describeDatabaseUrl(database),
    ...(database.kind === "mysql" && { databaseConnection: describeConnection(database) }),
    jwt: config.jwt && { ...config.jwt, jwksUrl: config.jwt.jwksUrl && describeUrl(config.jwt.jwksUrl) },
    credentials: credentials.map(({ caller, tokenDigests, certificate }) => ({
      name: caller.name,
      action: caller.action,
      environments: caller.environments === "*" ? "*" : [...caller.environments],
      ...(caller.organizations && { organizations: [...caller.organizations] }),
      ...(caller.actingUserId !== undefined && { actingUser: caller.actingUserId }),
      ...(certificate === undefined ? { tokens: tokenDigests.length } : { certificate }),
    })),
  };
}

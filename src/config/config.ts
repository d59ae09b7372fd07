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

/** What the process runs with; read once, never changed. */
export interface Config {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Where metrics and probes are served; absent: nowhere. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  readonly database: DatabaseUrl;
  readonly databasePoolSize: number;
  /** Milliseconds after which a statement counts as hung and its connection as broken. */
  readonly databaseTimeout: number;
  readonly migrate: boolean;
  /** Created at start where they are missing. */
  readonly environments: readonly string[];
  /** Of memory for what is read often. */
  readonly cacheBytes: number;
  readonly quotas: Quotas;
  readonly credentials: readonly Credential[];
  readonly jwt: JwtOptions | undefined;
  /** Files in PEM. */
  readonly tls:
    | { readonly certificate: string; readonly key: string; readonly clientAuthority: string | undefined }
    | undefined;
  readonly reflection: boolean;
  /** Calls at work, calls that wait, and calls in a second of one credential (0: any number). */
  readonly admission: { readonly concurrency: number; readonly queue: number; readonly rate: number };
  /** Limits what peers take of the process. */
  readonly transport: {
    readonly connections: number;
    readonly bufferBytes: number;
    /** Milliseconds from a request's headers to its end. */
    readonly requestTimeout: number;
    /** On one stream. */
    readonly reflectionRequests: number;
  };
  /** Processes on the port; 1: this one alone. */
  readonly workers: number;
  readonly logLevel: string;
  readonly logFormat: LogFormat;
}

/** A configuration that cannot be used, with all its faults. */
export class ConfigError extends Fault {
  constructor(readonly faults: readonly string[]) {
    super(`The configuration cannot be used:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
  }
}

/**
 * Reads the configuration from environment variables, and from the file that one of them names; blanks and line ends
 * around a value, as files with secrets have them, do not count. Throws a ConfigError with all faults at once; none
 * repeats a value that may be secret. What only works on the database can do without the
 * files for TLS, and
 * without credentials.
 */
export function readConfig(
  variables: Readonly<Record<string, string | undefined>>,
  { serves }: { serves: boolean } = { serves: true },
): Config {
  const faults: string[] = [];
  const given = trimmed(variables);
  const all = { ...trimmed(fromFile(given["ORGROLES_CONFIG_FILE"], faults)), ...given };
  faults.push(...unknownSettings(variables));
  const result = schema.safeParse(all);
  for (const issue of result.error?.issues ?? []) faults.push(`${pathOf(issue.path)}: ${issue.message}`);
  const usable: Partial<Values> = result.data ?? {};
  if (serves) faults.push(...unreadable(result.success ? usable : all));
  faults.push(...contradictions(usable));
  const database = databaseOf(all, faults);
  if (serves && isOpen(usable)) faults.push(openFault);
  if (!result.success || !database || faults.length) throw new ConfigError(faults);
  return toConfig(result.data, database, all["ORGROLES_DATABASE_URL"] === undefined);
}

function trimmed<Value extends string | undefined>(values: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value?.trim() as Value]));
}

const pathOf = ([name, ...rest]: readonly PropertyKey[]) =>
  String(name) + rest.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");

/** A setting of the file is a variable without its prefix, in lower case; lists may be written as lists. */
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
      `ORGROLES_CONFIG_FILE: ${showPath(file)} must have a line for each setting, such as address: 127.0.0.1:50051`,
    );
    return {};
  }
  const read: Record<string, string> = {};
  for (const [key, value] of Object.entries(content)) {
    const name = `ORGROLES_${key.toUpperCase()}`;
    if (key === key.toLowerCase() && isSetting(name) && key !== "config_file") read[name] = textOf(value);
    else faults.push(`ORGROLES_CONFIG_FILE: ${unknownKey(key)}`);
  }
  return read;
}

/** Why a file cannot be read. A parser's own words repeat the content. */
function faultOf(file: string, error: unknown): string {
  if (error instanceof YAMLParseError) return `${showPath(file)} is no YAML: see line ${error.linePos?.[0].line ?? 1}`;
  return describeFileFault(file, error);
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) return value.join(",");
  return JSON.stringify(value);
}

/** The files for TLS that are not there. */
function unreadable(values: Readonly<Record<string, unknown>>): string[] {
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

/** What is allowed by itself and not together. */
function contradictions(values: Partial<Values>): string[] {
  const faults: string[] = [];
  const pair = (name: keyof Values, other: keyof Values) => {
    if (values[name] !== undefined && values[other] === undefined) faults.push(`${name}: needs ${other}`);
  };
  pair("ORGROLES_JWT_ISSUER", "ORGROLES_JWT_AUDIENCE");
  pair("ORGROLES_JWT_AUDIENCE", "ORGROLES_JWT_ISSUER");
  pair("ORGROLES_TLS_CERT_FILE", "ORGROLES_TLS_KEY_FILE");
  pair("ORGROLES_TLS_KEY_FILE", "ORGROLES_TLS_CERT_FILE");
  pair("ORGROLES_TLS_CLIENT_CA_FILE", "ORGROLES_TLS_CERT_FILE");
  pair("ORGROLES_JWT_JWKS_URL", "ORGROLES_JWT_ISSUER");
  if ((values.ORGROLES_WORKERS ?? 1) > 1 && values.ORGROLES_DATABASE_URL?.kind === "sqlite")
    faults.push("ORGROLES_WORKERS: needs a database server in ORGROLES_DATABASE_URL: SQLite is for one process");
  const credentials = values.ORGROLES_CREDENTIALS ?? [];
  if (credentials.some(({ certificate }) => certificate !== undefined))
    pair("ORGROLES_CREDENTIALS", "ORGROLES_TLS_CLIENT_CA_FILE");
  for (const name of repeated(credentials.map(({ caller }) => caller.name)))
    faults.push(`ORGROLES_CREDENTIALS: two credentials are named ${name}`);
  for (const name of repeated(credentials.flatMap(({ certificate }) => certificate ?? [])))
    faults.push(`ORGROLES_CREDENTIALS: two credentials have the certificate ${name}`);
  if (repeated(credentials.flatMap(({ tokenDigests }) => tokenDigests.map((digest) => digest.toString("hex")))).size)
    faults.push("ORGROLES_CREDENTIALS: two credentials have the same token");
  return faults;
}

/** Whether anybody could call from elsewhere. */
function isOpen(values: Partial<Values>): boolean {
  if (values.ORGROLES_CREDENTIALS?.length || values.ORGROLES_JWT_ISSUER) return false;
  return values.ORGROLES_ADDRESS !== undefined && !isLoopback(values.ORGROLES_ADDRESS.host);
}

const openFault =
  "ORGROLES_ADDRESS: needs ORGROLES_CREDENTIALS or ORGROLES_JWT_ISSUER where others than this machine reach it";

const repeated = (texts: readonly string[]) => new Set(texts.filter((one, index) => texts.indexOf(one) < index));

const isLoopback = (host: string) => /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(host);

function toConfig(values: Values, database: DatabaseUrl, isEmbeddedDefault: boolean): Config {
  const { ORGROLES_JWT_ISSUER: issuer, ORGROLES_JWT_AUDIENCE: audience } = values;
  const { ORGROLES_TLS_CERT_FILE: certificate, ORGROLES_TLS_KEY_FILE: key } = values;
  return {
    ...values.ORGROLES_ADDRESS,
    metrics: values.ORGROLES_METRICS_ADDRESS,
    database,
    databasePoolSize: values.ORGROLES_DATABASE_POOL_SIZE,
    databaseTimeout: values.ORGROLES_DATABASE_TIMEOUT_MS,
    migrate: values.ORGROLES_MIGRATE === "on",
    environments: values.ORGROLES_ENVIRONMENTS ?? (isEmbeddedDefault ? ["dev"] : []),
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

/** The configuration for people: no password, no token. */
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
      ...(certificate === undefined ? { tokens: tokenDigests.length } : { certificate }),
    })),
  };
}

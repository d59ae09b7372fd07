import { availableParallelism } from "node:os";
import { parse } from "yaml";
import { z } from "zod";
import type { Credential } from "../auth/authenticator";
import { issuerUrlFault } from "../auth/issuer-url";
import { callerOf, grantSchema } from "../auth/jwt";
import { isPrintable } from "../display/shown-text";
import { idPattern, isId } from "../domain/values";
import { parseDatabaseUrl } from "../persistence/connection/database-url";
import { optionRules } from "../persistence/connection/server-options";

const integer = (fallback: number, lowest: number, highest: number, meaning: string) =>
  z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .refine((value) => value >= lowest && value <= highest, `must be between ${lowest} and ${highest}`)
    .prefault(String(fallback))
    .meta({ meaning, fallback: `\`${fallback}\`` });

const oneOf = <const Choice extends string>(
  values: readonly [Choice, ...Choice[]],
  fallback: NoInfer<Choice>,
  meaning: string,
) =>
  z
    .enum(values, `must be one of ${values.join(", ")}`)
    .prefault(fallback)
    .meta({ meaning, fallback: `\`${fallback}\`` });

function parseAddress(text: string, context: { addIssue(message: string): void }) {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
  if (match?.[1] && Number(match[2]) <= 65535) return { host: match[1], port: Number(match[2]) };
  context.addIssue("must be HOST:PORT, such as 127.0.0.1:50051 or [::1]:50051");
  return z.NEVER;
}

const address = z.string().transform(parseAddress);

/** An address, or an empty text for none. */
const addressOrNone = z.string().transform((text, context) => (text ? parseAddress(text, context) : "none"));

const isOrigin = (text: string) => /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;

const databaseUrl = z.string().transform((text, context) => {
  const parsed = parseDatabaseUrl(text);
  if ("value" in parsed) return parsed.value;
  context.addIssue(parsed.rule);
  return z.NEVER;
});

const commaSeparated = z.string().transform((text) => text.split(",").flatMap((part) => part.trim() || []));

const environmentIds = commaSeparated.refine((ids) => ids.every(isId), "must be environment ids separated by commas");

const environmentId = z.string().refine(isId, "must be the id of an environment");

const digestRule = "must be the SHA-256 of a token (64 hexadecimal digits), or a list of them";
const digest = z
  .string()
  .trim()
  .regex(/^[0-9a-f]{64}$/i)
  .transform((hex) => Buffer.from(hex, "hex"));

const nameRule = "must be 1–64 printable ASCII characters without spaces";
const certificateRule = "must be the common name, or an alternative name DNS:… or URI:…";
const longestCertificateName = 255;
const credentialFields = {
  ...grantSchema.shape,
  name: z.string(nameRule).regex(idPattern, nameRule),
  token_sha256: z.union([digest.transform((one) => [one]), z.array(digest).min(1, digestRule)], digestRule).optional(),
  certificate: z
    .string(certificateRule)
    .min(1, certificateRule)
    .max(longestCertificateName, certificateRule)
    .refine(isPrintable, certificateRule)
    .optional(),
};

/** The rules for a credential. docs/configuration.md describes how to write one. */
const credential = z
  .strictObject(credentialFields, `may have only these fields: ${Object.keys(credentialFields).join(", ")}`)
  .refine(
    ({ token_sha256, certificate }) => (token_sha256 === undefined) !== (certificate === undefined),
    "must have either token_sha256 or certificate",
  )
  .transform(
    ({ name, token_sha256, certificate, ...grant }): Credential => ({
      caller: callerOf(name, grant),
      tokenDigests: token_sha256 ?? [],
      certificate,
    }),
  );

const credentialsRule = "must be a list of one or more credentials in YAML or JSON";
const credentials = z
  .string()
  .transform((text, context): unknown => {
    try {
      return parse(text, { logLevel: "error" });
    } catch {
      context.addIssue(credentialsRule);
      return z.NEVER;
    }
  })
  .pipe(z.array(credential, credentialsRule).min(1, credentialsRule));

const issuerUrl = z.string().superRefine((text, context) => {
  const fault = issuerUrlFault(text);
  if (fault) context.addIssue({ code: "custom", message: fault });
});

/** OpenID Connect forbids a query and a fragment, and the log contains the issuer. */
const issuer = issuerUrl.refine((text) => !/[?#]/.test(text), "must not contain a query or a fragment");

const mostWorkers = 256;
const workers = z
  .string()
  .transform((text) => (text === "auto" ? availableParallelism() : /^\d+$/.test(text) ? Number(text) : NaN))
  .refine((count) => count >= 1 && count <= mostWorkers, `must be auto, or between 1 and ${mostWorkers}`);

const file = z.string().min(1, "must be the path of a file");

export const schema = z.object({
  ORGROLES_CONFIG_FILE: z.string().optional().meta({
    meaning: "a YAML file with any of these settings, such as `database_url: …`; environment variables take precedence",
  }),
  ORGROLES_ADDRESS: address.prefault("127.0.0.1:50051").meta({
    meaning: "the address to listen on, HOST:PORT; port 0 selects a free port",
    fallback: "`127.0.0.1:50051`",
  }),
  ORGROLES_HTTP_ADDRESS: addressOrNone.optional().meta({
    meaning:
      "the address for HTTP, HOST:PORT: every RPC in Connect and gRPC-Web, and the console, see [HTTP](http.md); empty means nowhere",
    fallback: "`127.0.0.1:50080` without credentials (a free port if `ORGROLES_ADDRESS` has port 0), otherwise nowhere",
  }),
  ORGROLES_HTTP_ORIGINS: commaSeparated
    .refine(
      (origins) => origins.every(isOrigin),
      "must be origins separated by commas, such as https://app.example.com",
    )
    .optional()
    .meta({
      meaning:
        "origins whose pages may call over HTTP besides the server's own, separated by commas, such as `https://app.example.com`",
      fallback: "none",
    }),
  ORGROLES_CONSOLE: oneOf(["on", "off"], "on", "`off` serves no console over HTTP"),
  ORGROLES_CONSOLE_CLIENT_ID: z
    .string()
    .regex(/^[!-~]+$/, "must be printable ASCII without blanks")
    .optional()
    .meta({
      meaning:
        "the client of `ORGROLES_JWT_ISSUER` with which people sign in to the console, see [Console](console.md#sign-in-with-openid-connect)",
      fallback: "none: the console asks for a token",
    }),
  ORGROLES_CONSOLE_SCOPES: z
    .string()
    .regex(/^(?=.*\bopenid\b)[!#-[\]-~]+(?: [!#-[\]-~]+)*$/, "must be scopes separated by blanks, openid among them")
    .prefault("openid")
    .meta({
      meaning: "the scopes that the console asks for; most issuers renew a sign-in only with `openid offline_access`",
      fallback: "`openid`",
    }),
  ORGROLES_CONSOLE_FRAME_ANCESTORS: commaSeparated
    .refine(
      (origins) => origins.every(isOrigin),
      "must be origins separated by commas, such as https://app.example.com",
    )
    .optional()
    .meta({
      meaning: "origins whose pages may show the console in a frame, separated by commas",
      fallback: "none",
    }),
  ORGROLES_WORKOS_API: oneOf(
    ["on", "off"],
    "off",
    "`on` serves the WorkOS-compatible REST API over HTTP, see [From WorkOS](from-workos.md#the-rest-api)",
  ),
  ORGROLES_WORKOS_ENVIRONMENT: environmentId.optional().meta({
    meaning: "the environment of that API for credentials that allow several environments",
    fallback: "none: such credentials are rejected",
  }),
  ORGROLES_METRICS_ADDRESS: address.optional().meta({
    meaning: "the address of `/metrics` (Prometheus), `/livez` and `/readyz`, served over HTTP",
    fallback: "none",
  }),
  ORGROLES_WORKERS: workers.prefault("1").meta({
    meaning:
      "number of processes that serve the port, each with its own connections, queue, cache and rate limit; `auto` means one for each CPU core; more than one requires a database server",
    fallback: "`1`",
  }),
  ORGROLES_DATABASE_URL: databaseUrl.prefault("sqlite:data/orgroles.db").meta({
    meaning:
      "`sqlite:FILE`, or `mysql://USER:PASSWORD@HOST:PORT/DATABASE` (or `mariadb://…`) for MySQL and MariaDB, see [Database](database.md#reach-the-database); a list of hosts, separated by commas, means the first host that is up and writable",
    fallback: "`sqlite:data/orgroles.db`",
  }),
  ORGROLES_DATABASE_SSL_MODE: optionRules.sslMode.optional().meta({
    meaning:
      "TLS mode for the database server, with the same meaning as in MySQL's clients: `DISABLED`, `PREFERRED`, `REQUIRED`, `VERIFY_CA` or `VERIFY_IDENTITY`",
    fallback: "`PREFERRED`, or `VERIFY_CA` with a CA file",
  }),
  ORGROLES_DATABASE_SSL_CA_FILE: optionRules.sslCa.optional().meta({
    meaning: "PEM file with the authorities that may sign the database server's certificate",
    fallback: "public authorities, for `VERIFY_IDENTITY`",
  }),
  ORGROLES_DATABASE_SSL_CERT_FILE: optionRules.sslCert.optional().meta({
    meaning:
      "PEM file with the client certificate for the database server and its chain; requires `ORGROLES_DATABASE_SSL_KEY_FILE`",
  }),
  ORGROLES_DATABASE_SSL_KEY_FILE: optionRules.sslKey
    .optional()
    .meta({ meaning: "PEM file with the private key of the client certificate for the database server" }),
  ORGROLES_DATABASE_SOCKET: optionRules.socket
    .optional()
    .meta({ meaning: "Unix socket of a database server on this machine", fallback: "TCP" }),
  ORGROLES_DATABASE_CONNECT_TIMEOUT_MS: optionRules.connectTimeout.optional().meta({
    meaning: "maximum time to connect to each host of the database server, including TLS and login",
    fallback: "`5000`, at most `ORGROLES_DATABASE_TIMEOUT_MS`",
  }),
  ORGROLES_DATABASE_POOL_SIZE: integer(10, 1, 1000, "maximum number of connections to the database server"),
  ORGROLES_DATABASE_TIMEOUT_MS: integer(
    10_000,
    100,
    3_600_000,
    "maximum time of a statement; after it the statement counts as hung and its connection as broken",
  ),
  ORGROLES_MIGRATE: oneOf(["on", "off"], "on", "`off` leaves migrations to `orgroles migrate`"),
  ORGROLES_ENVIRONMENTS: environmentIds.optional().meta({
    meaning: "environments to create at the start if they do not exist, separated by commas",
    fallback: "`dev` without `ORGROLES_DATABASE_URL`, otherwise none",
  }),
  ORGROLES_MAX_ENVIRONMENT_ROLES: integer(200, 1, 1000, "maximum number of roles in an environment"),
  ORGROLES_MAX_CUSTOM_ROLES: integer(200, 1, 1000, "maximum number of custom roles in an organization"),
  ORGROLES_MAX_PERMISSIONS: integer(2000, 1, 10_000, "maximum number of permissions in an environment"),
  ORGROLES_MAX_ROLE_PERMISSIONS: integer(500, 1, 1000, "maximum number of permissions of a role"),
  ORGROLES_CREDENTIALS: credentials.optional().meta({
    meaning: "the credentials that may call: a list in YAML or JSON, see [Credentials](#credentials)",
    fallback: "none: everybody on this machine may call",
  }),
  ORGROLES_TOKEN: z
    .string()
    .optional()
    .meta({ meaning: "the token that commands such as `orgroles events` send to a server; not in the file" }),
  ORGROLES_JWT_ISSUER: issuer
    .optional()
    .meta({ meaning: "the issuer of tokens (OpenID Connect); requires `ORGROLES_JWT_AUDIENCE`" }),
  ORGROLES_JWT_AUDIENCE: z
    .string()
    .min(1, "must not be empty")
    .optional()
    .meta({ meaning: "the audience of the tokens, their `aud`" }),
  ORGROLES_JWT_ALGORITHMS: commaSeparated
    .refine(
      (names) =>
        names.length > 0 && names.every((name) => /^(?:RS|PS|ES)(?:256|384|512)$|^Ed(?:DSA|25519)$/.test(name)),
      "must be names of asymmetric algorithms separated by commas",
    )
    .prefault("RS256,ES256,EdDSA")
    .meta({ meaning: "the signature algorithms that are accepted", fallback: "`RS256,ES256,EdDSA`" }),
  ORGROLES_JWT_JWKS_URL: issuerUrl
    .optional()
    .meta({ meaning: "the URL of the issuer's keys", fallback: "by discovery" }),
  ORGROLES_JWT_CLAIM: z
    .string()
    .min(1, "must not be empty")
    .prefault("orgroles")
    .meta({ meaning: "the claim that contains what the caller may do", fallback: "`orgroles`" }),
  ORGROLES_TLS_CERT_FILE: file
    .optional()
    .meta({ meaning: "PEM file with the server certificate and its chain; requires `ORGROLES_TLS_KEY_FILE`" }),
  ORGROLES_TLS_KEY_FILE: file.optional().meta({ meaning: "PEM file with the private key of the server certificate" }),
  ORGROLES_TLS_CLIENT_CA_FILE: file.optional().meta({
    meaning:
      "PEM file with the authority of client certificates; with it, the server requests a certificate from clients",
  }),
  ORGROLES_REFLECTION: oneOf(["on", "off"], "on", "`off` disables gRPC server reflection"),
  ORGROLES_MAX_CONCURRENCY: integer(64, 1, 10_000, "maximum number of calls that run at once"),
  ORGROLES_MAX_QUEUE: integer(
    1024,
    0,
    100_000,
    "maximum number of calls that wait for their turn; further calls are rejected with `OVERLOADED`",
  ),
  ORGROLES_MAX_WATCHERS: integer(1000, 0, 100_000, "maximum number of watches of events that a process has at once"),
  ORGROLES_EVENT_RETENTION_DAYS: integer(90, 0, 36_500, "days for which events are kept; `0` for ever"),
  ORGROLES_CACHE_MIB: integer(64, 1, 65_536, "maximum size of the read cache, in MiB"),
  ORGROLES_RATE_LIMIT: integer(
    0,
    0,
    1_000_000,
    "maximum number of calls per second of one credential in one process; 0 means no limit",
  ),
  ORGROLES_MAX_CONNECTIONS: integer(
    1000,
    1,
    100_000,
    "maximum number of open connections of one process; beyond it, a new connection closes the oldest one without an identified caller",
  ),
  ORGROLES_MAX_BUFFER_MIB: integer(
    64,
    4,
    65_536,
    "maximum memory for connections, requests in flight and unread responses, in MiB; beyond it, the server closes the connection that uses most",
  ),
  ORGROLES_REQUEST_TIMEOUT_MS: integer(10_000, 100, 3_600_000, "maximum time from the headers of a request to its end"),
  ORGROLES_MAX_REFLECTION_REQUESTS: integer(1000, 1, 1_000_000, "maximum number of requests on one reflection stream"),
  ORGROLES_LOG_LEVEL: oneOf(
    ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
    "info",
    "the lowest level of log lines; the log goes to standard error and contains calls at `info`",
  ),
  ORGROLES_LOG_FORMAT: oneOf(
    ["auto", "json", "text"],
    "auto",
    "`json` writes one line of JSON for each entry; `text` is for people, in color if the terminal supports it and `NO_COLOR` is not set; `auto` means `text` on a terminal, otherwise `json`",
  ),
});

export type Values = z.output<typeof schema>;
/** All settings with their descriptions. */
export const settings: readonly { name: string; fallback: string; meaning: string }[] = Object.entries(
  schema.shape,
).map(([name, field]) => {
  const { meaning = "", fallback = "" } = (field.meta() ?? {}) as { meaning?: string; fallback?: string };
  return { name, fallback, meaning };
});

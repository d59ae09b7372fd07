import { z } from "zod";
import type { Quotas } from "./domain/limits";
import { type DatabaseUrl, parseDatabaseUrl } from "./persistence/database-url";

/** What the process runs with; read once, never changed. */
export interface Config {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly database: DatabaseUrl;
  readonly databasePoolSize: number;
  /** Milliseconds after which a statement counts as hung and its connection as broken. */
  readonly databaseTimeout: number;
  readonly migrate: boolean;
  /** Created at start where they are missing. */
  readonly environments: readonly string[];
  readonly quotas: Quotas;
  readonly logLevel: string;
}

/** A configuration that cannot be used, with all its faults. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(`The configuration cannot be used:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
    this.name = "ConfigError";
  }
}

const integer = (fallback: number, lowest: number, highest: number) =>
  z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .refine((value) => value >= lowest && value <= highest, `must be between ${lowest} and ${highest}`)
    .default(fallback);

const address = z.string().transform((text, context) => {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
  if (match?.[1] && Number(match[2]) <= 65535) return { host: match[1], port: Number(match[2]) };
  context.addIssue("must be HOST:PORT, such as 127.0.0.1:50051 or [::1]:50051");
  return z.NEVER;
});

const databaseUrl = z.string().transform((text, context) => {
  const parsed = parseDatabaseUrl(text);
  if ("value" in parsed) return parsed.value;
  context.addIssue(parsed.rule);
  return z.NEVER;
});

const environmentIds = z
  .string()
  .transform((text) => text.split(",").flatMap((id) => id.trim() || []))
  .refine((ids) => ids.every((id) => /^[!-~]{1,64}$/.test(id)), "must be environment ids separated by commas");

const schema = z.object({
  ORGROLES_ADDRESS: address.prefault("127.0.0.1:50051"),
  ORGROLES_DATABASE_URL: databaseUrl.prefault("sqlite:data/orgroles.db"),
  ORGROLES_DATABASE_POOL_SIZE: integer(10, 1, 1000),
  ORGROLES_DATABASE_TIMEOUT_MS: integer(10_000, 100, 3_600_000),
  ORGROLES_MIGRATE: z.enum(["on", "off"]).default("on"),
  ORGROLES_ENVIRONMENTS: environmentIds.optional(),
  ORGROLES_MAX_ENVIRONMENT_ROLES: integer(200, 1, 1000),
  ORGROLES_MAX_CUSTOM_ROLES: integer(200, 1, 1000),
  ORGROLES_MAX_PERMISSIONS: integer(2000, 1, 10_000),
  ORGROLES_MAX_ROLE_PERMISSIONS: integer(500, 1, 1000),
  ORGROLES_LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
});

/** The names of all variables. */
export const settings: readonly string[] = Object.keys(schema.shape);

/** Reads the configuration from environment variables. Throws a ConfigError with all faults at once. */
export function readConfig(variables: Readonly<Record<string, string | undefined>>): Config {
  const unknown = Object.keys(variables).filter((name) => name.startsWith("ORGROLES_") && !settings.includes(name));
  const faults = unknown.map((name) => `${name}: is not a setting`);
  const result = schema.safeParse(variables);
  for (const issue of result.error?.issues ?? []) faults.push(`${issue.path.join(".")}: ${issue.message}`);
  if (!result.success || faults.length) throw new ConfigError(faults);
  const values = result.data;
  return {
    ...values.ORGROLES_ADDRESS,
    database: values.ORGROLES_DATABASE_URL,
    databasePoolSize: values.ORGROLES_DATABASE_POOL_SIZE,
    databaseTimeout: values.ORGROLES_DATABASE_TIMEOUT_MS,
    migrate: values.ORGROLES_MIGRATE === "on",
    environments: values.ORGROLES_ENVIRONMENTS ?? (variables["ORGROLES_DATABASE_URL"] === undefined ? ["dev"] : []),
    quotas: {
      environmentRoles: values.ORGROLES_MAX_ENVIRONMENT_ROLES,
      customRoles: values.ORGROLES_MAX_CUSTOM_ROLES,
      permissions: values.ORGROLES_MAX_PERMISSIONS,
      permissionsPerRole: values.ORGROLES_MAX_ROLE_PERMISSIONS,
    },
    logLevel: values.ORGROLES_LOG_LEVEL,
  };
}

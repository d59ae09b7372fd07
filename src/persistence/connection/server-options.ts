import { z } from "zod";

export const sslModes = ["DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"] as const;

/** The modes of MySQL's own clients. */
export type SslMode = (typeof sslModes)[number];

/** Options of connections to a database server, apart from its address. */
export interface ServerOptions {
  /** The path of the server's Unix socket. */
  readonly socket?: string | undefined;
  readonly sslMode?: SslMode | undefined;
  /** The path of a PEM file with the certificates of the authorities that may have signed the server's certificate. */
  readonly sslCa?: string | undefined;
  /** The path of a PEM file with this client's certificate and its chain. */
  readonly sslCert?: string | undefined;
  /** The path of a PEM file with the key of `sslCert`. */
  readonly sslKey?: string | undefined;
  /** Milliseconds in which a connection must be established, the TLS handshake and the login included. */
  readonly connectTimeout?: number | undefined;
}

const path = (what: string) => z.string().min(1, `must be the path of ${what}`);
const timeoutRule = "must be a whole number between 100 and 60000";

/** The rules of all options. Each option is a parameter of the URL and a setting. */
export const optionRules = {
  socket: path("a Unix socket"),
  sslMode: z
    .string()
    .toUpperCase()
    .pipe(z.enum(sslModes, `must be one of ${sslModes.join(", ")}`)),
  sslCa: path("a file"),
  sslCert: path("a file"),
  sslKey: path("a file"),
  connectTimeout: z
    .string()
    .regex(/^\d+$/, timeoutRule)
    .transform(Number)
    .refine((value) => value >= 100 && value <= 60_000, timeoutRule),
} satisfies Record<keyof ServerOptions, z.ZodType>;

export const optionNames = Object.keys(optionRules) as (keyof ServerOptions)[];

export const parameterOf: Readonly<Record<keyof ServerOptions, string>> = {
  socket: "socket",
  sslMode: "ssl-mode",
  sslCa: "ssl-ca",
  sslCert: "ssl-cert",
  sslKey: "ssl-key",
  connectTimeout: "connect-timeout-ms",
};

/** Returns the mode in force. A CA without a mode means VERIFY_CA, as for MySQL's own clients. */
export function sslModeOf({ sslMode, sslCa }: ServerOptions): SslMode {
  return sslMode ?? (sslCa === undefined ? "PREFERRED" : "VERIFY_CA");
}

/** Reads the parameters of a URL. The fault names a parameter and never repeats a value. */
export function parseParameters(query: string): { options: ServerOptions } | { fault: string } {
  const options: Record<string, unknown> = {};
  // + means a space only in forms
  for (const [parameter, text] of new URLSearchParams(query.replaceAll("+", "%2B"))) {
    const name = optionNames.find((one) => parameterOf[one] === parameter);
    if (!name)
      return { fault: `has ${unknown(parameter)}; the parameters are ${Object.values(parameterOf).join(", ")}` };
    if (name in options) return { fault: `has the parameter ${parameter} twice` };
    const { data, error } = optionRules[name].safeParse(text);
    if (error) return { fault: `parameter ${parameter} ${error.issues[0]?.message}` };
    options[name] = data;
  }
  return { options };
}

const unknown = (parameter: string) =>
  /^[a-z][\w-]{0,39}$/i.test(parameter) ? `the unknown parameter ${parameter}` : "an unknown parameter";

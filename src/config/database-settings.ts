import { type DatabaseUrl, socketFault } from "../persistence/connection/database-url";
import { type ServerOptions, optionNames, parameterOf } from "../persistence/connection/server-options";
import { TlsFileError, missingOptions, readTlsFiles } from "../persistence/connection/tls-files";
import { type Values, schema } from "./settings";

/** The setting of each option that the URL may have as a parameter. */
export const settingOf = {
  socket: "ORGROLES_DATABASE_SOCKET",
  sslMode: "ORGROLES_DATABASE_SSL_MODE",
  sslCa: "ORGROLES_DATABASE_SSL_CA_FILE",
  sslCert: "ORGROLES_DATABASE_SSL_CERT_FILE",
  sslKey: "ORGROLES_DATABASE_SSL_KEY_FILE",
  connectTimeout: "ORGROLES_DATABASE_CONNECT_TIMEOUT_MS",
} as const satisfies Record<keyof ServerOptions, keyof Values>;

/**
 * Returns the database with the options of its URL and of the settings together, if there is one. Adds the
 * faults of these options to `faults`, except those that the schema reports.
 */
export function databaseOf(
  texts: Readonly<Record<string, string | undefined>>,
  faults: string[],
): DatabaseUrl | undefined {
  const url = schema.shape.ORGROLES_DATABASE_URL.safeParse(texts["ORGROLES_DATABASE_URL"]).data;
  const settings: Record<string, unknown> = {};
  for (const name of optionNames) {
    const setting = settingOf[name];
    const value = schema.shape[setting].safeParse(texts[setting]).data;
    if (value === undefined) continue;
    settings[name] = value;
    if (url?.kind === "sqlite" && name !== "connectTimeout")
      faults.push(`${setting}: requires a database server in ORGROLES_DATABASE_URL`);
    if (url?.kind === "mysql" && url[name] !== undefined && url[name] !== value)
      faults.push(`${setting}: contradicts ${parameterOf[name]} in ORGROLES_DATABASE_URL; set only one of them`);
  }
  if (url?.kind === "sqlite") return url;
  const prefix = (name: keyof ServerOptions) =>
    name in settings || url?.[name] === undefined
      ? `${settingOf[name]}:`
      : `ORGROLES_DATABASE_URL: parameter ${parameterOf[name]}`;
  if (!url) {
    faults.push(...fileFaults(settings, prefix));
    return undefined;
  }
  const merged = { ...settings, ...url };
  for (const { option, needs } of missingOptions(merged))
    faults.push(`${prefix(option)} requires ${settingOf[needs]}, or ${parameterOf[needs]} in the URL`);
  faults.push(...fileFaults(merged, prefix));
  const fault = socketFault(merged);
  if (fault) faults.push(`ORGROLES_DATABASE_URL: ${fault} (${settingOf.socket})`);
  return merged;
}

function fileFaults(options: ServerOptions, prefix: (name: keyof ServerOptions) => string): string[] {
  try {
    readTlsFiles(options);
    return [];
  } catch (error) {
    if (error instanceof TlsFileError) return error.faults.map(({ option, fault }) => `${prefix(option)} ${fault}`);
    throw error;
  }
}

import { type MysqlUrl, isOnThisMachine } from "./database-url";
import { sslModeOf } from "./server-options";

/**
 * Returns a warning when roles, statements and the login cross a network in plain text. Without TLS the login itself
 * can be read or redirected: mysql2 accepts any public key that something on the way gives it for the password.
 */
export function plainTextWarning(url: MysqlUrl, isEncrypted = sslModeOf(url) !== "DISABLED"): string | undefined {
  if (isEncrypted || isOnThisMachine(url)) return undefined;
  return (
    `The connections to the database have no TLS (ssl-mode=${sslModeOf(url)}): whoever is on the network between can` +
    " read and change what is sent. Set ORGROLES_DATABASE_SSL_MODE to REQUIRED, or better to VERIFY_IDENTITY."
  );
}

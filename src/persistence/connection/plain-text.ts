import { type MysqlUrl, isOnThisMachine } from "./database-url";
import { sslModeOf } from "./server-options";

/**
 * Returns a warning if roles, statements and the login cross a network in plain text. Without TLS even the login can be
 * read or redirected: mysql2 encrypts the password with any public key that it receives.
 */
export function plainTextWarning(url: MysqlUrl, isEncrypted = sslModeOf(url) !== "DISABLED"): string | undefined {
  if (isEncrypted || isOnThisMachine(url)) return undefined;
  return (
    `The connections to the database have no TLS (ssl-mode=${sslModeOf(url)}): whoever is on the network between can` +
    " read and change what is sent. Set ORGROLES_DATABASE_SSL_MODE to REQUIRED, or better to VERIFY_IDENTITY."
  );
}

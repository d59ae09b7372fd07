import { type Socket, connect, isIP } from "node:net";
import type { ConnectionOptions, SslOptions } from "mysql2";
import type { Address, MysqlUrl } from "./database-url";

/** Returns where and how mysql2 connects, for the pool and the monitor alike. */
export function serverOptions(
  { socket }: MysqlUrl,
  address: Address,
  connectTimeout: number,
  ssl: SslOptions | undefined,
): ConnectionOptions {
  if (socket !== undefined) return { host: "localhost", socketPath: socket, connectTimeout, ...(ssl && { ssl }) };
  const isNamedByIp = ssl?.verifyIdentity && isIP(address.host);
  return {
    ...address,
    connectTimeout,
    ...(ssl && { ssl }),
    ...(isNamedByIp && { stream: () => openNamedSocket(address) }),
  };
}

/**
 * Node compares a certificate with the name that it keeps in `_host` of the socket, and with "localhost" when there is
 * none. It keeps none for an IP address, and mysql2 gives it no other name.
 */
function openNamedSocket({ host, port }: Address): Socket {
  return Object.assign(connect({ host, port, noDelay: true, keepAlive: true }), { _host: host });
}

import { type Socket, connect, isIP } from "node:net";
import type { ConnectionOptions, SslOptions } from "mysql2";
import type { Address, MysqlUrl } from "./database-url";

/** Returns the address and the options with which mysql2 connects, for the pool and the monitor. */
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
 * Connects a socket whose certificate Node compares with the given host. Node compares with the name in `_host` of the
 * socket, or with "localhost". It sets no name for an IP address, and mysql2 passes none.
 */
function openNamedSocket({ host, port }: Address): Socket {
  return Object.assign(connect({ host, port, noDelay: true, keepAlive: true }), { _host: host });
}

import type { PeerCertificate, TLSSocket } from "node:tls";

/** Returns the certificate of the peer of a socket, undefined if it has none that is trusted. */
export function peerCertificateOf(socket: TLSSocket | undefined): PeerCertificate | undefined {
  if (!socket?.authorized) return undefined;
  const certificate = socket.getPeerCertificate();
  return certificate.raw ? certificate : undefined;
}

/**
 * The limits for which the server closes a connection: too many connections, too many bytes, no HTTP in time, frames that
 * are too small, or too many requests at once over HTTP/1.1.
 */
export const closings = ["connections", "bytes", "handshake", "frames", "requests"] as const;
export type Closing = (typeof closings)[number];

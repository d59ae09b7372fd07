/**
 * The limits for which the server closes a connection: there are too many, they take too much memory, HTTP/2 does not
 * begin, or a request comes in too small pieces.
 */
export const closings = ["connections", "bytes", "handshake", "frames"] as const;
export type Closing = (typeof closings)[number];

/**
 * The limits for which the server closes a connection: too many connections, too many bytes, no HTTP in time, or frames
 * that are too small.
 */
export const closings = ["connections", "bytes", "handshake", "frames"] as const;
export type Closing = (typeof closings)[number];

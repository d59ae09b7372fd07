import type { ServerHttp2Stream } from "node:http2";
import type { Connection } from "../connections/connections";

// as Node declares it

/** Receives the frames of a request. */
export interface Receiver {
  data(frame: Buffer): void;
  end(): void;
  /** Reports that the stream is closed, even if the request has not ended. */
  close(): void;
}

/** The members of an exchange that a receiver needs. */
export interface ReceivedFrom {
  readonly stream: ServerHttp2Stream;
  readonly connection: Pick<Connection, "close">;
  /** Counts bytes that the process keeps until the stream closes. */
  keep(bytes: number): void;
}

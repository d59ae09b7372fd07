import type { ServerHttp2Stream } from "node:http2";
import type { Connection } from "./connections";

// as Node declares it

/** Gets what happens to a request. */
export interface Receiver {
  data(frame: Buffer): void;
  end(): void;
  /** The stream is closed, whether the request has ended or not. */
  close(): void;
}

/** What a receiver needs of the exchange whose request it gets. */
export interface ReceivedFrom {
  readonly stream: ServerHttp2Stream;
  readonly connection: Pick<Connection, "close">;
  /** Counts bytes that the process keeps until the stream closes. */
  keep(bytes: number): void;
}

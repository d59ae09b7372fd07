import { constants } from "node:http2";
import { FrameCount } from "../connections/frame-count";
import type { ReceivedFrom, Receiver } from "./receiver";

/**
 * Passes the requests of a stream on while its reader is not paused, and keeps a copy of what arrives meanwhile. A paused
 * HTTP/2 stream would keep frames uncounted, each with the memory of everything that arrived with it.
 */
export class Passing implements Receiver {
  private readonly frames = new FrameCount();
  private waiting: Buffer[] = [];
  private isPaused = true;
  private hasEnded = false;

  /** `left` is the number of bytes that may still arrive. */
  constructor(
    private readonly exchange: ReceivedFrom,
    private left: number,
    private readonly reader: Pick<Receiver, "data" | "end">,
  ) {}

  data(frame: Buffer): void {
    this.left -= frame.length;
    if (!this.frames.add(frame)) return this.exchange.connection.close("frames");
    if (this.left < 0) return this.exchange.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    this.exchange.keep(frame.length);
    this.waiting.push(Buffer.from(frame));
    if (!this.isPaused) this.resume();
  }

  end(): void {
    this.hasEnded = true;
    if (!this.isPaused) this.resume();
  }

  close(): void {
    this.waiting = [];
  }

  pause(): void {
    this.isPaused = true;
  }

  /** Passes on the frames that wait, until the reader pauses again. */
  resume(): void {
    this.isPaused = false;
    while (!this.isPaused) {
      const frame = this.waiting.shift();
      if (!frame) break;
      this.reader.data(frame);
    }
    if (!this.hasEnded || this.waiting.length) return;
    this.hasEnded = false;
    this.reader.end();
  }
}
